import type { Capability } from "./capability.ts";
import type { ErrorCode } from "./errors.ts";
import type { Effect, Method, OperationCli } from "./operation.ts";
import type { CredentialKind, ImportKind } from "./platform.ts";
import type { RefKind } from "./schema.ts";

/** JSON Schema, draft 2020-12; nothing in it refers to another document. */
export type JsonSchema = Readonly<Record<string, unknown>>;

export interface FieldDescription {
  readonly name: string;
  readonly required: boolean;
  readonly secret: boolean;
  /** The body of the request is this field: `schema` is `{}`. */
  readonly bytes: boolean;
  readonly ref: RefKind | null;
  /** What a caller writes: defaults are in it. */
  readonly schema: JsonSchema;
}

/** A native operation or tool of a platform as plain JSON. */
export interface OperationDescription {
  /** `zulip.create-stream` */
  readonly name: string;
  readonly summary: string;
  readonly description?: string;
  readonly run: "platform" | "tool";
  readonly effect: Effect;
  readonly destructive?: true;
  readonly secretOutput?: true;
  readonly raw?: true;
  /** Below `/v1`: `POST /connections/{connection}/zulip/create-stream`. */
  readonly route: `${Method} /${string}`;
  readonly cli?: OperationCli;
  readonly errors?: readonly ErrorCode[];
  readonly fields: readonly FieldDescription[];
  readonly output: {
    readonly kind: "json" | "bytes" | "stream";
    /** Null for bytes. */ readonly schema: JsonSchema | null;
  };
  /** What the handler answers, where that is not the output. */
  readonly answer?: JsonSchema;
}

/**
 * All of a platform that is data: enough for routes, commands, grants, documents and the check of inputs without its
 * code. Plain JSON: it stands in the manifest (`package.json`, field `botyard.description`).
 *
 * Readers ignore members they do not know, so that later hosts and plugins may add some.
 */
export interface PlatformDescription {
  /** `zulip` */
  readonly id: string;
  readonly namespace: string;
  readonly title: string;
  /** Version of the contract it was made for: `1`. */
  readonly contract: number;
  readonly url: "required" | "none";
  readonly settings: JsonSchema;
  readonly credentials: Readonly<Record<string, CredentialKind>>;
  readonly capabilities: Readonly<Record<string, Capability>>;
  /** Schemas of `options` by operation (as written) and of `native` by entity (as answered). */
  readonly extras?: Readonly<Record<string, JsonSchema>>;
  readonly native: readonly OperationDescription[];
  /** Names of the tools that have a function. */
  readonly tools?: readonly string[];
  readonly imports?: Readonly<Record<string, Pick<ImportKind, "title">>>;
  readonly massMentions?: readonly string[];
}
