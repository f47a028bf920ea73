import type { BotTarget } from "./host.ts";
import type { Content, Mention } from "./shapes/content.ts";
import type { EventActor, EventRoom, Invocation, PlatformEventType } from "./shapes/event.ts";
import type { Gap } from "./shapes/gap.ts";
import type { MembershipState } from "./shapes/room.ts";

/** Native identity of a fact. Two drafts with one key are one event, however often they come. */
export interface EventKey {
  /** `message`, `reaction`, `member`. */
  readonly kind: string;
  readonly id: string;
  /** Of things that change: an edit's time stamp or id. */
  readonly revision?: string;
}

/** An event as a plugin decodes it: native ids; what is ours (handles, addressed, own) the core fills in. */
export interface EventDraft {
  /**
   * Null for kinds without a native identity: such drafts are never merged, and of several sockets only the first bot's
   * copy in a room is counted.
   */
  readonly key: EventKey | null;
  readonly type: PlatformEventType;
  /** ISO 8601, by the server's clock. */
  readonly time: string;
  readonly room: EventRoom | null;
  readonly actor: Omit<EventActor, "bot"> | null;
  readonly message?: {
    readonly id: string;
    readonly thread?: string | null;
    readonly replyTo?: string | null;
    readonly editedAt?: string | null;
  };
  /** Mentions by native id; the core turns those of managed bots into `kind: "bot"`. */
  readonly content?: Omit<Content, "mentions"> & { readonly mentions: readonly Omit<Mention, "bot">[] };
  readonly reaction?: { readonly emoji: string };
  readonly member?: { readonly user: string; readonly name: string | null; readonly membership: MembershipState };
  readonly invocation?: Invocation;
  /** Handles that saw it, where the platform tells; else the intake's, else the members of the room. */
  readonly bots?: readonly string[];
  /** Sender of the message it replies to, by native id. */
  readonly repliesTo?: string;
  /** Echo of our own effect: the key the send carried (transaction id, nonce, reference id), as derived from `call.effectId`. */
  readonly effectId?: string;
  readonly native?: Readonly<Record<string, unknown>>;
}

/** What a platform handed over in one go. */
export interface Intake {
  /** `transaction`, `webhook`, `frame`, `poll`, `backfill`. */
  readonly via: "transaction" | "webhook" | "frame" | "poll" | "backfill";
  /** The platform's own id of it: `1041`. For the log. */
  readonly id?: string;
  /** Handles of the bots it was meant for: one per webhook or socket; absent where a registration gets it once for all. */
  readonly bots?: readonly string[];
  /** As received; sealed, kept for a time, can be decoded again. */
  readonly raw?: string | Uint8Array;
  readonly events: readonly EventDraft[];
  /** Gap this comes from. */
  readonly gap?: string;
}

/** An intake as it was kept: what `Intake` said of it then. */
export interface RawIntake {
  readonly via: Intake["via"];
  readonly id?: string;
  /** Handles it was meant for; absent where it came once for all. */
  readonly bots?: readonly string[];
  readonly raw: Uint8Array;
  /** ISO 8601: when it was committed. */
  readonly receivedAt: string;
}

/** A request of the chat server to `/hooks/<connection>/…`, as data. */
export interface HookRequest {
  readonly method: string;
  /** Below `/hooks/<connection>`, still percent-encoded: `/_matrix/app/v1/transactions/12`. Begins with a slash. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export interface HookResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly json?: unknown;
  readonly text?: string;
}

/** Whether something was missed while not connected. */
export interface Resumed {
  /** `resumed`: the server proved that nothing is missing. `fresh`: a first connection. `unknown`: nobody can tell. */
  readonly from: "resumed" | "fresh" | "unknown";
}

export interface RunCall {
  /** The bot this run is for, where `receive.per` is `bot`. */
  readonly bot?: BotTarget;
  readonly signal: AbortSignal;
  /**
   * Call once when events flow. The core closes or opens gaps by it and starts the backfill. What is committed or put
   * afterwards waits until the gap is on disk: keep a new place in the server's stream after this call and not before, else
   * a crash in between resumes from it as if nothing had been missed.
   */
  started(resumed: Resumed): void;
}

export interface GapOutcome {
  /** Absent: all rooms of the gap. */
  readonly room?: string;
  readonly outcome: "filled" | "lost";
  readonly messages: number;
  /** Why it stays lost. */
  readonly reason?: string;
}

/** What a proof of the way showed. */
export interface Proof {
  /**
   * ISO 8601, our clock: up to when nothing can be missing, where that is earlier than now: a socket that answers may
   * carry no events any more. A gap begins there.
   */
  readonly until?: string;
}

/** Ways in, in any combination. */
export interface Receive {
  /** The chat server calls us. Answer only after `host.commit`. */
  readonly http?: (request: HookRequest) => Promise<HookResponse>;
  /** Largest accepted body in bytes; default 1 MiB. */
  readonly maxBodyBytes?: number;
  /** We call the chat server: ends when the signal aborts, throws when the connection is lost. Restarted with backoff. */
  readonly run?: (call: RunCall) => Promise<void>;
  /** One run for the connection (default), or one for each enabled bot. */
  readonly per?: "connection" | "bot";
  /**
   * Proves the way end to end; an open socket is no proof. Called every `everyMs`; when it throws or takes longer than
   * `timeoutMs`, the run is ended, a gap opens at the last proof, and the run starts again.
   */
  readonly prove?: {
    readonly everyMs: number;
    readonly timeoutMs: number;
    readonly check: (call: RunCall) => Promise<Proof | void>;
  };
  /**
   * Decodes an intake again that was committed with `raw`, by the code of today: after an upgrade, for what an older
   * version did not know. Asks nobody, commits nothing and remembers nothing. Keys are those that `commit` would be given
   * today: facts that are in the log already are not doubled, and what stands there as `platform.unknown` is followed by
   * what it is. Drafts without a key are left out by the core; leave out yourself what cannot be told without what was
   * known or asked then.
   */
  readonly decode?: (intake: RawIntake) => Promise<readonly EventDraft[]>;
  /**
   * Fetches what a gap may hide and commits it with `gap`. Rooms one by one, so that a refusal in one loses only that one.
   * `from` and `to` are by our clock: ask history from `ServerClock.since` on.
   */
  readonly backfill?: (gap: Gap, signal: AbortSignal) => Promise<readonly GapOutcome[]>;
}
