import type { Intake } from "./receive.ts";
import type { BucketState, Http } from "./http.ts";
import type { StateName } from "./shapes/connection.ts";
import type { StepDraft } from "./shapes/step.ts";

export interface Log {
  debug(message: string, data?: Readonly<Record<string, unknown>>): void;
  info(message: string, data?: Readonly<Record<string, unknown>>): void;
  warn(message: string, data?: Readonly<Record<string, unknown>>): void;
  error(message: string, data?: Readonly<Record<string, unknown>>): void;
}

export interface Clock {
  /** Unix milliseconds. */
  now(): number;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** An opened credential. Keep it no longer than the call; it may have been rotated since. */
export interface OpenedCredential {
  readonly id: string;
  readonly kind: string;
  readonly secret: string;
  readonly nativeId: string | null;
}

/** A managed bot, as a plugin needs to know it. */
export interface BotTarget {
  readonly handle: string;
  /** Null until the server has given one. */
  readonly nativeId: string | null;
  readonly username: string;
  readonly displayName: string | null;
  readonly description: string | null;
  readonly enabled: boolean;
  /** Counts installations: part of the hook path, so that an old webhook is told from a new one. */
  readonly generation: number;
}

export type Subject =
  | { readonly kind: "connection" }
  | { readonly kind: "bot"; readonly bot: string }
  | { readonly kind: "credential"; readonly credential: string };

export interface Report {
  readonly state: Exclude<StateName, "connecting" | "closed">;
  /** A sentence for people; required for all but `ready`. */
  readonly reason?: string;
  readonly remedy?: string;
  /** Found out on the way: the server's id of the bot. Open steps of the bot are verified again. */
  readonly nativeId?: string;
}

/** Key–value store of one connection. Values are JSON, ≤ 64 KiB each. */
export interface PluginStore {
  get(key: string): Promise<unknown>;
  /** All or nothing; null deletes. */
  put(entries: Readonly<Record<string, unknown>>): Promise<void>;
  /** Entries whose key begins with the prefix, by key. */
  list(prefix: string): Promise<readonly (readonly [key: string, value: unknown])[]>;
}

/** A WebSocket. Messages wait until they are taken; a reader that is too slow holds the sender back, not memory. */
export interface Socket {
  /** Ends when the socket closes; throws `unreachable` when it breaks. May be read once. */
  readonly messages: AsyncIterable<string | Uint8Array>;
  /** Resolves when handed to the system, not when received. Throws `unreachable` once it is closed. */
  send(data: string | Uint8Array): Promise<void>;
  close(code?: number, reason?: string): Promise<void>;
}

/** What `commit` found: a plugin needs it for tests and metrics only. */
export interface Committed {
  /** Events that were new. */
  readonly fresh: number;
  /** Events that were in the log already, with bots that had not seen them: late copies. */
  readonly copies: number;
  readonly duplicates: number;
}

/**
 * All a plugin gets of the world. Every member works across a process boundary: arguments and answers are plain data,
 * bytes or streams of bytes.
 */
export interface Host<Settings = Readonly<Record<string, unknown>>> {
  readonly connection: { readonly id: string; readonly url: string | null; readonly settings: Settings };
  /** Only for the connection's URL, `url` settings and origins that the last probe named. */
  http(origin: string): Http;
  /**
   * A WebSocket to an allowed origin (`wss:` counts as its `https:`). Resolves when open; throws `unreachable`, or
   * `unauthenticated` where the handshake was refused with 401.
   */
  socket(
    url: string,
    options?: {
      readonly protocols?: readonly string[];
      /** Sent with the handshake: `authorization`. Never logged. */
      readonly headers?: Readonly<Record<string, string>>;
      readonly signal?: AbortSignal;
    },
  ): Promise<Socket>;
  readonly hooks: {
    /**
     * The address under which the chat server reaches us, without a trailing slash: `https://bots.example.org/hooks/cloud/helper/1`.
     * Throws `operator_required` while no outside URL is configured and none is needed to be guessed.
     */
    url(path?: string): string;
  };
  readonly credentials: {
    /** The newest usable one of a kind, of the connection, a bot or an account; null where there is none. */
    find(query: {
      readonly kind: string;
      readonly bot?: string;
      readonly account?: string;
    }): Promise<OpenedCredential | null>;
    /** Seals a credential that came unasked: a refreshed session. */
    put(credential: {
      readonly kind: string;
      readonly secret: string;
      readonly bot?: string;
      readonly account?: string;
    }): Promise<void>;
  };
  readonly bots: {
    list(): Promise<readonly BotTarget[]>;
    /** Called after each change with the new list; returns what ends it. */
    watch(changed: (bots: readonly BotTarget[]) => void): () => void;
  };
  readonly store: PluginStore;
  /**
   * Returns only after the intake is on disk, together with `put`: then, and not before, acknowledge to the server.
   * The same events again are no new events.
   */
  commit(intake: Intake, also?: { readonly put?: Readonly<Record<string, unknown>> }): Promise<Committed>;
  /** State of the connection, of a bot or of a credential; the core derives what follows from it. */
  report(subject: Subject, report: Report): void;
  /** Asks a person for a step outside of any call: a setting on the server that has changed. */
  step(step: StepDraft, bot?: string): void;
  /** Tells the limiter what an answer's headers said. */
  limit(state: BucketState & { readonly origin?: string }): void;
  readonly log: Log;
  readonly clock: Clock;
  /** Aborted when the connection closes. */
  readonly signal: AbortSignal;
}
