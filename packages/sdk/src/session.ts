import type { AnswerOf, InputOf } from "./operation.ts";
import type { Capability, Handled, NativeOf, TableWith } from "./capability.ts";
import type { Receive } from "./receive.ts";
import type { BucketState, HttpRequest, HttpResponse } from "./http.ts";
import type { BotTarget, OpenedCredential } from "./host.ts";
import type { Check, Continuity } from "./shapes/connection.ts";
import type { NativeBot } from "./shapes/bot.ts";
import type { CredentialDraft } from "./shapes/credential.ts";
import type { StepDraft } from "./shapes/step.ts";

/** In whose name a call acts, resolved and authorized by the core. */
export interface Acting {
  readonly kind: "bot" | "user" | "account";
  /** Native id of the bot or user; name of the account. */
  readonly id: string;
  /** For `bot`. */
  readonly handle?: string;
  /** The bot's or account's own credential, where the platform declares one. */
  readonly credential: OpenedCredential | null;
}

/** One call of a handler. Plain data but for the signal, so that it crosses a process boundary. */
export interface Call {
  /** The bot named by the input's `bot`. */
  readonly bot: BotTarget | null;
  /** Who acts; null for operations without `as`. */
  readonly as: Acting | null;
  /**
   * Stable over all attempts and restarts of this effect, stored before the first byte: derive the platform's key from
   * it (`replay`), or from it and `attempt` where a failed attempt burns the key (`detect`). 26 characters of 0-9 A-Z.
   */
  readonly effectId: string;
  /** Counts from 1. */
  readonly attempt: number;
  /** Unix milliseconds. */
  readonly deadline: number;
  readonly signal: AbortSignal;
}

type Run<Op> = (input: InputOf<Op>, call: Call) => Promise<AnswerOf<Op>>;

/**
 * A handler, or a handler with preparations that are harmless to repeat (ensure registered, ensure joined) and run
 * before the ledger says `attempting`. `ready` answers from memory, never from the network, whether nothing is left to
 * prepare for this call; then `prepare` is not called, and the ledger is written once instead of twice. Without it, or
 * where it throws, every call is prepared.
 */
export type Handler<Op> =
  | Run<Op>
  | {
      readonly prepare: (input: InputOf<Op>, call: Call) => Promise<void>;
      readonly ready?: (input: InputOf<Op>, as: Acting | null) => boolean | Promise<boolean>;
      readonly run: Run<Op>;
    };

/**
 * The handlers that a ceiling asks for, of all nouns or of one. Annotate a factory's result with it:
 * `const bots = (s: State): HandlersOf<typeof capabilities, "bots"> => ({ "bots.get": async ({ bot }, call) => … })`.
 */
export type HandlersOf<C, Noun extends string = string> = {
  readonly [K in Handled<C> & keyof TableWith<NativeOf<C>> as K extends `${Noun}.${string}` ? K : never]: Handler<
    TableWith<NativeOf<C>>[K]
  >;
};

export interface ProbeReport {
  readonly server: { readonly name: string; readonly version: string | null };
  readonly checks: readonly Check[];
  readonly continuity: Continuity;
  /** Operations or fields the ceiling promises and this server has not. */
  readonly narrow?: Readonly<Record<string, Capability>>;
  /** Further origins this server told us of: its file server, its gateway. */
  readonly origins?: readonly string[];
  readonly steps?: readonly StepDraft[];
}

/** An effect whose outcome is not known, or whose id is missing. */
export interface OpenEffect {
  /** `op_…` */
  readonly id: string;
  /** `messages.send` */
  readonly operation: string;
  readonly effectId: string;
  readonly attempts: number;
  readonly room: string | null;
  readonly as: Acting | null;
  readonly startedAt: string;
}

/** `failed` only where history proves that nothing happened. */
export type Verdict =
  | { readonly state: "done"; readonly answer: Readonly<Record<string, unknown>> }
  | { readonly state: "failed"; readonly reason: string }
  | { readonly state: "unknown"; readonly reason: string };

export interface OpenStep {
  readonly id: string;
  readonly kind: string;
  readonly bot: BotTarget | null;
  /** What the draft said. */
  readonly verify: Readonly<Record<string, unknown>>;
}

export type StepVerdict =
  | { readonly state: "open"; readonly note?: string }
  | {
      readonly state: "done";
      readonly note?: string;
      /** The bot as it is now: it may have got an id, or another one. */
      readonly bot?: NativeBot;
      readonly credentials?: readonly CredentialDraft[];
      /** It was the bot's removal: the core forgets it. */
      readonly gone?: true;
    };

/** A login dialogue so far; the core keeps `state` sealed between the calls. */
export interface LoginRequest {
  /** Kind of the credential. */
  readonly kind: string;
  readonly account: string | null;
  /** What the step before said; null at the beginning. */
  readonly state: Readonly<Record<string, unknown>> | null;
  /** By the fields that were asked for; empty at the beginning, and after `open`. */
  readonly answers: Readonly<Record<string, string>>;
}

export type LoginStep =
  | {
      readonly step: "ask";
      readonly title: string;
      readonly fields: readonly { readonly name: string; readonly title: string; readonly secret: boolean }[];
      readonly state: Readonly<Record<string, unknown>>;
    }
  | {
      /** A person opens the address; asked again after `retryMs`. */
      readonly step: "open";
      readonly title: string;
      readonly url: string;
      readonly retryMs: number;
      readonly state: Readonly<Record<string, unknown>>;
    }
  | {
      readonly step: "done";
      readonly credential: CredentialDraft;
      /** What is kept now, for people: `kept: a session named "Botyard" (revocable), not the password`. */
      readonly note?: string;
    };

/** An open connection to one chat server. */
export interface Session<C> {
  readonly operations: HandlersOf<C>;
  /** `passive` never sends what a server may punish. Throws `unauthenticated`, `unreachable`. */
  probe(options: { readonly level: "passive" | "active"; readonly signal: AbortSignal }): Promise<ProbeReport>;
  /** What holds for a bot in a room; only differences to the ceiling. Served by `connections.capabilities`, never by a call. */
  effective?(target: {
    readonly bot: BotTarget | null;
    readonly room: string | null;
  }): Promise<Readonly<Record<string, Capability>>>;
  /** The id behind a room's handle or `user:<id>`; null where there is none. An id comes back as it is. */
  resolveRoom(ref: string, as: Acting | null): Promise<string | null>;
  readonly receive?: Receive;
  /**
   * Required wherever a send is not harmless to repeat and history is readable. `startedAt` is by our clock: ask history
   * from `ServerClock.since` on, or what was done is taken for not done, and doubled.
   */
  reconcile?(effect: OpenEffect, signal: AbortSignal): Promise<Verdict>;
  /** Looks passively whether a step has been done; asked in the background, more seldom with time. */
  verify?(step: OpenStep, signal: AbortSignal): Promise<StepVerdict>;
  /** The next step of a login dialogue. A wrong password asks again and says so in `title`; it does not throw. */
  login?(request: LoginRequest, signal: AbortSignal): Promise<LoginStep>;
  readonly limits?: {
    /** Bucket of a request. */
    bucket(request: HttpRequest): string;
    /** What an answer says about its bucket; null: nothing. */
    learn(request: HttpRequest, response: Pick<HttpResponse, "status" | "headers">): BucketState | null;
  };
  close(): Promise<void>;
}
