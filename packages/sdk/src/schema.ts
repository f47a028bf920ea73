import * as v from "valibot";

/** Object schemas of inputs are strict (unknown fields are refused), those of outputs are plain (unknown fields are dropped). */
export type ObjectSchema = v.GenericSchema<Record<string, unknown>, Record<string, unknown>> & {
  readonly entries: v.ObjectEntries;
};

/** What a field names, so that a key's grants can be checked and the command line can complete it. */
export type RefKind = "connection" | "bot" | "room" | "user" | "message" | "as";

/** Metadata under this key reaches the JSON Schema as keyword `x-botyard`. */
export type FieldMeta = {
  readonly "x-botyard": { readonly ref?: RefKind; readonly secret?: true; readonly bytes?: true };
};

const said = "expected: ";

/** Marks a message as safe to show: it holds an expectation and never the value that was sent. */
export function expected(text: string): string {
  return said + text;
}

interface Issue {
  readonly message: string;
  readonly expected: string | null;
  readonly requirement?: unknown;
  readonly path?: readonly { readonly key?: unknown }[] | undefined;
}

function requirementText(requirement: unknown): string {
  if (requirement instanceof RegExp) return requirement.source;
  return typeof requirement === "number" || typeof requirement === "string" ? String(requirement) : "another value";
}

/** Turns validation issues into paths and expectations, without echo of values: a secret cannot leak through them. */
export function toFieldIssues(issues: readonly Issue[]): { path: string; expected: string }[] {
  return issues.slice(0, 20).map((issue) => {
    const path = (issue.path ?? []).map((part) => String(part.key)).join(".");
    const unknown = issue.expected === "never";
    const text = issue.message.startsWith(said)
      ? issue.message.slice(said.length)
      : unknown
        ? "no such field"
        : (issue.expected ?? requirementText(issue.requirement));
    return { path: path.length > 80 ? `${path.slice(0, 77)}…` : path, expected: text };
  });
}

const handlePattern = /^[a-z][a-z0-9-]{0,31}$/;

/** `helper`: ours, unique per connection, never changes. */
export const Handle = v.pipe(
  v.string(),
  v.regex(handlePattern, expected("a handle: a lower-case letter, then up to 31 of a-z 0-9 -")),
);

export const ConnectionId = v.pipe(
  v.string(),
  v.regex(handlePattern, expected("a connection id: a lower-case letter, then up to 31 of a-z 0-9 -")),
);

// Refuses control characters and path traversal; everything else is the server's business.
const nativePattern = /^(?!\.{1,2}$)(?!.*(?:^|[\\/])\.\.(?:[\\/]|$))[^\u0000-\u001f\u007f]{1,512}$/;

/** An id as the chat server spells it. */
export const NativeId = v.pipe(
  v.string(),
  v.regex(nativePattern, expected("an id of 1 to 512 characters without control characters or .. segments")),
);

/** ISO 8601 in UTC: `2026-11-20T08:14:03.120Z`. */
export const Time = v.pipe(v.string(), v.isoTimestamp(expected("a time like 2026-11-20T08:14:03.120Z")));

const hundredYearsMs = 3_155_760_000_000;

/** Milliseconds, at most 100 years, so that now plus or minus it is a time; on the command line `30s`, `5m`, `2h`, `30d`. */
export const DurationMs = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(hundredYearsMs));

export const Text = v.pipe(v.string(), v.maxLength(4000, expected("at most 4000 characters")));

/**
 * Gives a field the text that API reference and `--help` show. Put it inside `v.optional` and `v.nullable`:
 * `v.optional(says("Without a notification.", v.boolean()))`. The type stays the schema's own, so that it costs no inference.
 */
export function says<const S extends v.GenericSchema>(text: string, schema: S): S {
  return v.pipe(schema, v.description(text)) as unknown as S;
}

/** Describes a value without looking at it: for what this program has made itself and hands out by the thousands. */
export function asIs<const S extends v.GenericSchema>(schema: S): S {
  return {
    ...schema,
    "~run": (dataset: v.UnknownDataset) => ({ typed: true, value: dataset.value, issues: undefined }),
  } as S;
}

type Ref<S extends v.GenericSchema> = v.SchemaWithPipe<readonly [S, v.MetadataAction<v.InferOutput<S>, FieldMeta>]>;

/** Marks a field as naming something, for authorization: `ref("room", NativeId)`. */
export function ref<const S extends v.GenericSchema>(kind: RefKind, schema: S): Ref<S> {
  return v.pipe(schema, v.metadata({ "x-botyard": { ref: kind } })) as Ref<S>;
}

/** A secret: redacted everywhere, refused on the command line (there it is `env:NAME`, `file:PATH` or `-`). */
export const Secret = v.pipe(
  v.string(),
  v.minLength(1, expected("a secret that is not empty")),
  v.maxLength(16_384, expected("at most 16384 characters")),
  v.metadata({ "x-botyard": { secret: true } } satisfies FieldMeta),
);

export const connection = ref("connection", says("Id of the connection.", ConnectionId));
export const connectionOrAll = ref(
  "connection",
  says("Id of the connection; `-` means all.", v.union([ConnectionId, v.literal("-")])),
);
export const bot = ref("bot", says("The bot's handle.", Handle));
export const room = ref(
  "room",
  says("The room's id, its handle (`team:channel`, `#alias`) or `user:<id>` for the direct room.", NativeId),
);
export const user = ref("user", says("The server's id of the user.", NativeId));
export const message = ref("message", says("The server's id of the message.", NativeId));
export const actAs = v.optional(
  ref(
    "as",
    says(
      "Who acts: a bot's handle, `user:<native id>` or `account:<credential>`; default: the only bot the caller may use.",
      v.pipe(
        v.string(),
        v.regex(
          /^(?:[a-z][a-z0-9-]{0,31}|(?:user|account):.{1,512})$/,
          expected("a bot's handle, user:<id> or account:<credential>"),
        ),
      ),
    ),
  ),
);

export const pageInput = {
  limit: v.optional(
    says("At most this many items, 1 to 500.", v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(500))),
  ),
  cursor: v.optional(says("`next` of the page before.", v.pipe(v.string(), v.maxLength(1024)))),
};

/** A connection that could not be asked when a list went over several. */
export const ListProblem = v.object({ connection: v.string(), code: v.string(), detail: v.string() });

type PageSchema<S extends v.GenericSchema> = v.ObjectSchema<
  {
    readonly items: v.ArraySchema<S, undefined>;
    readonly next: v.OptionalSchema<v.StringSchema<undefined>, undefined>;
    readonly problems: v.OptionalSchema<v.ArraySchema<typeof ListProblem, undefined>, undefined>;
  },
  undefined
>;

export function page<const S extends v.GenericSchema>(item: S): PageSchema<S> {
  return v.object({
    items: v.array(item),
    next: v.optional(v.string()),
    problems: v.optional(v.array(ListProblem)),
  });
}

/** Bytes on their way in or out, never buffered. */
export interface Bytes {
  readonly body: ReadableStream<Uint8Array>;
  /** Media type: `image/png`. */
  readonly type: string;
  /** Length in bytes, where it is known beforehand. */
  readonly size?: number;
  readonly name?: string;
}

/** The one bytes field of an operation: over HTTP the body itself, on the command line `--file path|-`. */
export const bytesInput = v.pipe(
  v.custom<Bytes>((value) => typeof value === "object" && value !== null && "body" in value, expected("bytes")),
  v.metadata({ "x-botyard": { bytes: true } } satisfies FieldMeta),
);

export const empty = v.object({});
