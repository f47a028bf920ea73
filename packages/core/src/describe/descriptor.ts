import type { Effect, ErrorCode, JsonSchema, Method, OperationCli, RefKind, RunBy } from "@botyard/sdk";

export type { JsonSchema };

export interface Field {
  readonly name: string;
  /** Path parameter; else query for GET and DELETE; else body. With a bytes field the body is the bytes and the rest is query. */
  readonly in: "path" | "query" | "body" | "bytes";
  readonly required: boolean;
  readonly schema: JsonSchema;
  readonly secret: boolean;
  readonly ref: RefKind | null;
}

/** An operation as plain JSON: HTTP, OpenAPI, commands, client, grants and reference pages read this and nothing else. */
export interface Descriptor {
  readonly name: string;
  readonly noun: string;
  readonly verb: string;
  readonly summary: string;
  readonly description: string | null;
  readonly run: RunBy;
  readonly effect: Effect;
  readonly destructive: boolean;
  readonly secretOutput: boolean;
  /** Needs a grant that names it: see Operation. */
  readonly raw: boolean;
  readonly method: Method;
  /** Below `/v1`, with `{parameters}`. */
  readonly path: string;
  readonly cli: OperationCli;
  readonly errors: readonly ErrorCode[];
  /** Id of the platform whose native operation it is. */
  readonly platform: string | null;
  readonly fields: readonly Field[];
  readonly output: { readonly kind: "json" | "bytes" | "stream"; readonly schema: JsonSchema | null };
}
