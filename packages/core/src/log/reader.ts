import { BotyardError, type Clock, type Event } from "@botyard/sdk";
import type { Position, Store } from "../store/types.ts";
import { aheadError, formatCursor, goneError, parseCursor } from "./cursor.ts";
import { filterPosition } from "./filter.ts";
import type { Notifier } from "./notifier.ts";
import { createTail } from "./tail.ts";
import type { EventLog, EventPageResult } from "./types.ts";

type Query = Parameters<EventLog["read"]>[0];

export interface ReaderParts {
  readonly store: Pick<Store, "info" | "readPositions" | "seqBefore" | "getEvent">;
  readonly clock: Clock;
  readonly notifier: Notifier;
  readonly logId: string;
  readonly retentionMs: number | null;
}

/** Of a piece of the log, how much has to be of the wanted connection for the rest to be read along. */
const worthIt = 1 / 4;
const streamPage = 100;

/** `end`: it came to the end of the log. */
type Pass = EventPageResult & { readonly end: boolean };

export function createReader(
  parts: ReaderParts,
): Pick<EventLog, "read" | "ahead" | "stream" | "seqOf" | "cursorOf" | "get" | "toEvent"> {
  const { store, clock, notifier, logId } = parts;

  const cursorOf = (seq: number): string => formatCursor(logId, seq);

  const toEvent = ({ seq, bots, committedAt, body, first }: Position): Event => {
    const { id, type, time, connection, platform, addressed, ...rest } = body;
    const alsoAddressed = !first && body.room?.kind === "direct" && body.content ? bots : [];
    return {
      id,
      seq,
      cursor: cursorOf(seq),
      type,
      time,
      committedAt,
      connection,
      platform,
      bots: [...bots],
      addressed: alsoAddressed.length === 0 ? addressed : [...new Set([...addressed, ...alsoAddressed])],
      ...rest,
    };
  };

  const gone = async (oldestSeq: number): Promise<BotyardError> => {
    const [kept] = await store.readPositions({ after: oldestSeq - 1, limit: 1 });
    const since = kept?.committedAt ?? new Date(clock.now()).toISOString();
    return goneError({ oldest: cursorOf(oldestSeq - 1), since, retentionMs: parts.retentionMs });
  };

  const tail = createTail(store, notifier, toEvent);

  /** One pass from `after` to the end of the log, or until the page is full. */
  const pass = async (query: Query): Promise<Pass> => {
    const { filter, limit, maxAgeMs, signal } = query;
    const oldestSeq = await tail.oldestSeq();
    if (query.after < oldestSeq - 1) throw await gone(oldestSeq);
    const connection = filter.bot?.connection ?? filter.connection;
    const items: Event[] = [];
    let seq = query.after;
    let skipped = 0;
    /** Where little is of it, only what is; else what everybody reads. */
    let narrow = false;
    for (;;) {
      if (signal?.aborted) return { items, seq, skipped, end: false };
      // Read first: what is appended during the pass belongs to the next one.
      const head = notifier.head();
      const { positions, full } = await tail.read(seq, narrow ? connection : undefined);
      let fitting = 0;
      for (const position of positions) {
        if (items.length >= limit) return { items, seq, skipped, end: false };
        seq = position.seq;
        if (connection !== undefined && position.body.connection !== connection) continue;
        fitting += 1;
        const event = filterPosition(filter, position, tail.toEvent);
        if (event && isStale(event, maxAgeMs, clock)) {
          skipped += 1;
          query.skip?.(seq);
        } else if (event) items.push(event);
      }
      if (!full) return { items, seq: Math.max(seq, head), skipped, end: true };
      narrow ||= connection !== undefined && fitting < positions.length * worthIt;
      if (items.length >= limit) return { items, seq, skipped, end: false };
      // A long way through what does not pass must not hold up everybody else.
      await new Promise((resolve) => setImmediate(resolve));
    }
  };

  const read = async (query: Query): Promise<EventPageResult> => {
    const until = clock.now() + (query.waitMs ?? 0);
    let page = await pass(query);
    let { skipped } = page;
    for (;;) {
      const left = until - clock.now();
      const { items, seq } = page;
      if (items.length > 0 || left <= 0 || query.signal?.aborted) return { items, seq, skipped };
      await notifier.wait(seq, { ms: left, signal: query.signal });
      page = await pass({ ...query, after: seq });
      skipped += page.skipped;
    }
  };

  return {
    cursorOf,
    toEvent,
    read,
    ahead: tail.read,
    async *stream({ after, filter, signal }) {
      let seq = after;
      while (!signal.aborted) {
        const page = await pass({ after: seq, filter, limit: streamPage, signal });
        for (const event of page.items) {
          if (signal.aborted) return;
          yield event;
        }
        seq = page.seq;
        if (page.end) await notifier.wait(seq, { signal });
      }
    },
    async seqOf(start) {
      const info = await store.info();
      if (start === "now") return info.headSeq;
      if (start === "oldest") return info.oldestSeq - 1;
      if (start.startsWith("c_")) {
        const seq = parseCursor(start, info);
        if (seq < info.oldestSeq - 1) throw await gone(info.oldestSeq);
        return seq;
      }
      if (/^\d{1,15}$/.test(start)) {
        const seq = Number(start) - 1;
        if (seq > info.headSeq) throw aheadError(info.headSeq);
        if (seq < info.oldestSeq - 1) throw await gone(info.oldestSeq);
        return seq;
      }
      const time = Date.parse(start);
      if (Number.isNaN(time)) {
        throw new BotyardError("invalid", "a start is now, oldest, a time like 2026-11-20T08:00:00Z, or a cursor", {
          issues: [{ path: "start", expected: "now, oldest, a time like 2026-11-20T08:00:00Z, or a cursor c_…" }],
        });
      }
      return store.seqBefore(new Date(time).toISOString());
    },
    async get(id) {
      const position = await store.getEvent(id);
      return position && toEvent(position);
    },
  };
}

/** Too old to be acted on; gaps are always told. */
function isStale(event: Event, maxAgeMs: number | null | undefined, clock: Clock): boolean {
  if (maxAgeMs === null || maxAgeMs === undefined || event.type.startsWith("gap.")) return false;
  return Date.parse(event.time) < clock.now() - maxAgeMs;
}
