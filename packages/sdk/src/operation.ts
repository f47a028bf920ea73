import type * as v from "valibot";
import type { ErrorCode } from "./errors.ts";
import type { Bytes, ObjectSchema } from "./schema.ts";

/** `read` changes nothing; `write` changes something that can be looked at afterwards; `send` posts what others see. */
export type Effect = "read" | "write" | "send";

/** Who does the work: the core itself, a platform's handler for one connection, or a platform without any connection. */
export type RunBy = "core" | "platform" | "tool";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** Method and path below `/v1`: `POST /connections/{connection}/bots`. */
export type Route = `${Method} /${string}`;

export interface BytesOutput {
  readonly kind: "bytes";
}

/** A stream of items: server-sent events over HTTP, lines on the command line. */
export interface StreamOutput<S extends v.GenericSchema = v.GenericSchema> {
  readonly kind: "stream";
  readonly item: S;
}

export type Output = v.GenericSchema | BytesOutput | StreamOutput;

export interface OperationCli {
  /** Positionals where the default (the path's parameters as addresses) is not what a person types. */
  readonly positionals?: readonly string[];
  /** Columns of the table a list is printed as. */
  readonly columns?: readonly string[];
  /** Field whose text is the whole output, as it is: a file to redirect. */
  readonly print?: string;
  /** What a person reads after success: `{name}` is replaced by the output's field. */
  readonly done?: string;
}

/**
 * The only way anything is done. HTTP route, OpenAPI, command, client method, grant, audit row and reference page
 * are all derived from this value.
 */
export interface Operation<
  N extends string = string,
  I extends ObjectSchema = ObjectSchema,
  O extends Output = Output,
  A extends v.GenericSchema | undefined = v.GenericSchema | undefined,
  R extends RunBy = RunBy,
> {
  /** `noun.verb`. */
  readonly name: N;
  /** One line, imperative, without a full stop. */
  readonly summary: string;
  /** Markdown: rules, units, what happens on the server. */
  readonly description?: string;
  readonly run: R;
  readonly effect: Effect;
  /** Asks on a terminal before it runs. */
  readonly destructive?: true;
  /** The output holds a secret: replayed for 15 minutes only. */
  readonly secretOutput?: true;
  /**
   * Makes any call of the chat server: whoever may do this may do all that the credential may, also where a key is
   * limited to rooms. `*` and `noun.*` do not hold it; a grant names it, or a key may do everything everywhere.
   */
  readonly raw?: true;
  readonly route: Route;
  readonly cli?: OperationCli;
  readonly input: I;
  readonly output: O;
  /** What a plugin answers, where that is not the output: the core completes it. */
  readonly answer?: A;
  readonly errors?: readonly ErrorCode[];
}

type PathParams<R extends string> = R extends `${string}{${infer P}}${infer Rest}` ? P | PathParams<Rest> : never;

type CheckedRoute<R extends string, K> = [PathParams<R>] extends [K]
  ? unknown
  : { readonly "path parameter without an input field": Exclude<PathParams<R>, K> };

/**
 * @example
 * export const get = defineOperation({ name: "bots.get", summary: "Show one bot", run: "platform", effect: "read",
 *   route: "GET /connections/{connection}/bots/{bot}", input: v.strictObject({ connection, bot }), output: Bot });
 */
export function defineOperation<
  const N extends string,
  const R extends Route,
  const B extends RunBy,
  I extends ObjectSchema,
  O extends Output,
  A extends v.GenericSchema | undefined = undefined,
>(
  operation: Omit<Operation<N, I, O, A, B>, "route"> & { readonly route: R & CheckedRoute<R, keyof I["entries"]> },
): Operation<N, I, O, A, B> {
  return operation;
}

export function stream<const S extends v.GenericSchema>(item: S): StreamOutput<S> {
  return { kind: "stream", item };
}

export const bytes: BytesOutput = { kind: "bytes" };

// oxlint-disable-next-line typescript/no-explicit-any -- matches every operation, whatever its schemas
export type AnyOperation = Operation<string, any, any, any, any>;

/** The operations among a module's exports, by name; other exports are named schemas. */
export type OperationsIn<M> = {
  // oxlint-disable-next-line typescript/no-explicit-any -- variance: see AnyOperation
  readonly [K in keyof M as M[K] extends Operation<infer N, any, any, any, any> ? N : never]: M[K];
};

export type InputOf<Op> = Op extends { readonly input: infer I extends v.GenericSchema } ? v.InferOutput<I> : never;

/** What a caller writes: defaults are optional. */
export type InputArgument<Op> = Op extends { readonly input: infer I extends v.GenericSchema }
  ? v.InferInput<I>
  : never;

export type OutputOf<Op> = Op extends { readonly output: infer O }
  ? O extends StreamOutput<infer S>
    ? AsyncIterable<v.InferOutput<S>>
    : O extends BytesOutput
      ? Bytes
      : O extends v.GenericSchema
        ? v.InferOutput<O>
        : never
  : never;

/** What the plugin's handler returns. */
export type AnswerOf<Op> = Op extends { readonly answer?: infer A }
  ? [Exclude<A, undefined>] extends [never]
    ? OutputOf<Op>
    : Exclude<A, undefined> extends v.GenericSchema
      ? v.InferInput<Exclude<A, undefined>>
      : never
  : never;

export function isOperation(value: unknown): value is AnyOperation {
  return typeof value === "object" && value !== null && "name" in value && "route" in value && "effect" in value;
}

export function isBytesOutput(output: Output): output is BytesOutput {
  return output.kind === "bytes";
}

export function isStreamOutput(output: Output): output is StreamOutput {
  return output.kind === "stream";
}

/** Modules of operations as one record by name. Verbs keep the order `list, get, create, …` a reader expects. */
export function collect(...modules: readonly object[]): Record<string, AnyOperation> {
  const rank = ["list", "get", "create", "put", "send", "issue", "update"];
  const order = (op: AnyOperation): number => {
    const found = rank.indexOf(op.name.split(".")[1] ?? "");
    return found >= 0 ? found : op.destructive ? 99 : 50;
  };
  const all = modules.flatMap((module) =>
    Object.values(module)
      .filter(isOperation)
      .sort((a, b) => order(a) - order(b)),
  );
  return Object.fromEntries(all.map((op) => [op.name, op]));
}
