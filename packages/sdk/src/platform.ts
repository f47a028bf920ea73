import type * as v from "valibot";
import type { contractVersion } from "./contract-version.ts";
import type { Host } from "./host.ts";
import type { AnyOperation, InputOf, OperationsIn, OutputOf } from "./operation.ts";
import type { ObjectSchema } from "./schema.ts";
import type { Session } from "./session.ts";
import type { Holder } from "./shapes/credential.ts";

export interface CredentialKind {
  /** `Admin access token` */
  readonly title: string;
  readonly holder: Holder;
  /** Asked for when connecting. */
  readonly required?: boolean;
  /** Where a person finds it. */
  readonly help?: string;
  /** The session's `login` can get it: a person is offered to log in instead of pasting it. */
  readonly login?: true;
  /** What to do when Botyard stops between getting and sealing it: ask again, or make a new one. */
  readonly recover: "refetch" | "reissue";
}

/** A file an operator already has and that says how to connect. */
export interface ImportKind {
  /** `Registration file the homeserver loads` */
  readonly title: string;
  /** Pure. Throws `invalid` with the file's faults. A promise where the platform runs in a process of its own. */
  read(text: string): ImportedFile | Promise<ImportedFile>;
}

/** What a file says of how to connect. */
export interface ImportedFile {
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly credentials?: Readonly<Record<string, string>>;
  readonly url?: string;
}

type Tools<N> = {
  readonly [K in keyof OperationsIn<N> as OperationsIn<N>[K] extends { readonly run: "tool" } ? K : never]: (
    input: InputOf<OperationsIn<N>[K]>,
  ) => Promise<OutputOf<OperationsIn<N>[K]>>;
};

/**
 * A family of chat servers. A plugin's entry is `export default definePlatform({…})`.
 *
 * @example
 * export default definePlatform({
 *   id: "zulip", namespace: "zulip", title: "Zulip", contract: 1, url: "required",
 *   settings, credentials: { "admin-key": { title: "API key of an administrator", holder: "connection", required: true, recover: "reissue" } },
 *   capabilities, native,
 *   async open(host) {
 *     const api = createApi(host.http(host.connection.url));
 *     return { operations: { ...bots(api), ...messages(api) }, probe: …, resolveRoom: …, receive: { run: … }, async close() {} };
 *   },
 * });
 */
export interface Platform<S extends ObjectSchema = ObjectSchema, C = unknown, N = unknown> {
  /** `matrix-appservice` */
  readonly id: string;
  /** Noun of the native operations, and word of `botyard connect`: `matrix`. */
  readonly namespace: string;
  readonly title: string;
  readonly contract: typeof contractVersion;
  /** Whether a connection has an address. */
  readonly url: "required" | "none";
  readonly settings: S;
  readonly credentials: Readonly<Record<string, CredentialKind>>;
  readonly capabilities: C;
  /** Schemas of `options` by operation and of `native` by entity: `{ "bots.create": …, Bot: … }`. */
  readonly extras?: Readonly<Record<string, v.GenericSchema>>;
  /** Module of native operations: `import * as native from "./native.ts"`. */
  readonly native: N;
  /** Operations of the platform that need no connection. */
  readonly tools?: Tools<N>;
  readonly imports?: Readonly<Record<string, ImportKind>>;
  /**
   * Words in a text that notify everybody in a room: `["@channel", "@all", "@here"]`. Compared without case, as whole
   * words; refused unless a key is granted `act.mention-room`.
   */
  readonly massMentions?: readonly string[];
  /** Does not wait for the server: a bad credential is a state, reported by the probe, and not a throw. */
  open(host: Host<v.InferOutput<S>>): Promise<Session<C>>;
}

export function definePlatform<S extends ObjectSchema, const C, N extends object>(
  platform: Platform<S, C, N>,
): Platform<S, C, N> {
  return platform;
}

// oxlint-disable-next-line typescript/no-explicit-any -- matches every platform, whatever its settings and handlers
export type AnyPlatform = Platform<any, any, any>;
// oxlint-disable-next-line typescript/no-explicit-any -- see AnyPlatform
export type AnySession = Session<any>;

/** The native operations of a platform, by name. */
export function nativeOperations(platform: AnyPlatform): readonly AnyOperation[] {
  return Object.values(platform.native as Readonly<Record<string, unknown>>).filter(
    (value): value is AnyOperation =>
      typeof value === "object" && value !== null && "route" in value && "name" in value,
  );
}
