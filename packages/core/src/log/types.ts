import type { Committed, Event, Intake } from "@botyard/sdk";
import type { Position, RecordPut } from "../store/types.ts";

/** A piece of the log. */
export interface Page {
  /** Oldest first. */
  readonly positions: readonly Position[];
  /** The log goes on behind it. */
  readonly full: boolean;
}

/** What a reader wants to see; the grant of who reads narrows it further. */
export interface EventFilter {
  readonly connection?: string | undefined;
  /** With its connection: `{ connection: "chat", handle: "helper" }`. Sees late copies. */
  readonly bot?: { readonly connection: string; readonly handle: string } | undefined;
  /** Native id. */
  readonly room?: string | undefined;
  /** `message.created`, `message.*`; `gap.*` passes every type filter. */
  readonly type?: readonly string[] | undefined;
  readonly own?: boolean | undefined;
  /** Further condition, from a grant. Decides on gaps too. */
  readonly see?: ((event: Event) => boolean) | undefined;
}

export interface EventPageResult {
  readonly items: readonly Event[];
  /** Last position looked at, also where nothing passed the filter. */
  readonly seq: number;
  /** How many passed the filter but were older than `maxAgeMs`. */
  readonly skipped: number;
}

/** An event of the core about itself: gap, state, bot. */
export interface CoreEvent extends Pick<Event, "type" | "gap" | "state" | "credential"> {
  readonly bots?: readonly string[];
  readonly rooms?: readonly string[];
}

/** The event log of all connections. */
export interface EventLog {
  /**
   * Completes the drafts and appends them in one transaction with `put` and `records`; resolves when on disk, then wakes
   * the readers. Membership changes of managed bots in the drafts become membership records by themselves.
   */
  commit(
    connection: { readonly id: string; readonly platform: string },
    intake: Intake,
    also?: {
      readonly put?: Readonly<Record<string, unknown>> | undefined;
      readonly records?: readonly RecordPut[] | undefined;
      /**
       * What is in the log already stays as it is, whatever bots are said to have seen it; only `platform.unknown` is
       * followed by what is known of it now. What happened long ago changes no membership either.
       */
      readonly onlyFresh?: true;
      /** With `onlyFresh`: what was read in later itself gets copies for the bots of this intake. */
      readonly copies?: true | undefined;
    },
  ): Promise<Committed>;
  emit(connection: { readonly id: string; readonly platform: string }, event: CoreEvent): Promise<void>;
  /** Position a `Start` stands for: `now | oldest | <time> | c_…`; throws `invalid` (elsewhere), `gone` (past retention). */
  seqOf(start: string): Promise<number>;
  cursorOf(seq: number): string;
  /** Events after `seq`; waits up to `waitMs` for the first that passes. Throws `gone` when `seq` is past retention. */
  read(query: {
    readonly after: number;
    readonly filter: EventFilter;
    readonly limit: number;
    readonly waitMs?: number | undefined;
    readonly maxAgeMs?: number | null | undefined;
    /** Told of each position that `maxAgeMs` left out. */
    readonly skip?: ((seq: number) => void) | undefined;
    readonly signal?: AbortSignal | undefined;
  }): Promise<EventPageResult>;
  /** The piece of the log behind a place, as whoever reads on from there will find it; of one connection where it is named. */
  ahead(after: number, connection?: string): Promise<Page>;
  /** Until the signal aborts; holds no backlog in memory. */
  stream(query: {
    readonly after: number;
    readonly filter: EventFilter;
    readonly signal: AbortSignal;
  }): AsyncIterable<Event>;
  get(id: string): Promise<Event | null>;
  toEvent(position: Position): Event;
  head(): number;
  /** Called after each commit with the new events of it, made when asked for: for the ledger (echoes) and states. */
  onCommitted(
    tell: (connection: string, events: readonly { event(): Event; readonly effectId: string | null }[]) => void,
  ): () => void;
}
