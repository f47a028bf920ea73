import type { AnyOperation, AnyPlatform, Grant, HookRequest, HookResponse } from "@botyard/sdk";
import type { PluginControl } from "./plugins/types.ts";
import type { Descriptor } from "./describe/descriptor.ts";

/** Who calls, with what is granted. */
export interface Principal {
  readonly keyId: string;
  readonly name: string;
  readonly grant: Grant;
  readonly ratePerMinute: number | null;
  /** Aborted when the key is revoked or expires: open streams end. */
  readonly signal: AbortSignal;
}

export interface InvokeOptions {
  readonly principal: Principal;
  /** `req_…`, made by who took the request. */
  readonly request: string;
  /** Lazy: reading it costs on Deno. */
  readonly signal?: () => AbortSignal;
  /** Scoped to (key, operation). */
  readonly idempotencyKey?: string;
  /** Milliseconds for the whole call; default 30 000, streams without end. */
  readonly deadlineMs?: number;
  /**
   * False: the answer is 202 with `{ operation: "op_…", state: "accepted" }` as soon as the row is in the ledger; follow
   * it there. Such calls are done in order for each bot and room, by default within ten minutes. One that waits when the
   * service ends is done by the next one, unless its deadline has passed or its key has ended.
   */
  readonly wait?: false;
}

export interface InvokeResult {
  /** JSON value, `Bytes`, or an async iterable for streams. */
  readonly value: unknown;
  /** 201: created; 202: waits for a step or is queued. */
  readonly status: 200 | 201 | 202;
  /** The first answer again. */
  readonly replayed: boolean;
  /** Path of what was created: `/v1/connections/chat/bots/helper`. */
  readonly location?: string;
}

/** What HTTP service and command line stand on. */
export interface Runtime {
  readonly version: string;
  /** Every operation, natives included, by name; schemas are made when first read. */
  readonly descriptors: ReadonlyMap<string, Descriptor>;
  readonly operations: ReadonlyMap<string, AnyOperation>;
  readonly platforms: ReadonlyMap<string, AnyPlatform>;
  /** The plugins that are no part of this binary. The maps above follow what it loads. */
  readonly plugins: PluginControl;
  /**
   * authenticate → operation grant → validate → resource grant → capability → ledger → limiter → attempt with deadline →
   * validate output → map errors → audit. Throws BotyardError only.
   */
  invoke(name: string, input: Readonly<Record<string, unknown>>, options: InvokeOptions): Promise<InvokeResult>;
  /** Of a key's text; throws `unauthenticated` (missing, malformed, unknown, expired, revoked). */
  authenticate(key: string | null): Promise<Principal>;
  /** All rights, for commands that run in their own process. */
  readonly local: Principal;
  /**
   * A request of a chat server; `request` (`req_…`) marks what is logged meanwhile. Throws `not_found` for an unknown
   * connection, and says no more than that.
   */
  hook(connection: string, request: HookRequest, options?: { readonly request: string }): Promise<HookResponse>;
  /** Largest accepted hook body of a connection in bytes; null for an unknown connection. */
  hookLimit(connection: string): number | null;
  /** Whether the store answers and the connections have been opened (in whatever state). */
  ready(): boolean;
  /** Closes sessions, waits for calls in flight (at most `drainMs`), then the store. */
  close(options?: { readonly drainMs?: number }): Promise<void>;
}
