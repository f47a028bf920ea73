import { type Clock, type Event, isBotyardError, type Log } from "@botyard/sdk";
import type { EventFilter, EventLog } from "../log/types.ts";
import type { DeliveryState } from "../store/types.ts";

/** Reads the log for one webhook: what is new, and before it the parts that are sent again. */
export interface Feed {
  /** How far everything has been taken over by somebody else: a row, an answer. */
  place(): Pick<DeliveryState, "seq" | "ranges">;
  /** An event that was given out is delivered, dead or has a row. */
  settled(seq: number): void;
  again(after: number, until: number): void;
  /** There is room again. */
  go(): void;
  run(): Promise<void>;
}

const limit = 250;
const waitMs = 30_000;
const errorMs = 5_000;

export function createFeed(parts: {
  readonly webhook: string;
  readonly log: EventLog;
  readonly clock: Clock;
  readonly logger: Log;
  readonly state: Pick<DeliveryState, "seq" | "ranges">;
  readonly filter: EventFilter;
  readonly maxAgeMs: number | null;
  readonly signal: AbortSignal;
  /** Whether more may be given out; `again`: whether there is enough room to begin again. */
  readonly room: (again: boolean) => boolean;
  readonly give: (event: Event) => void;
  readonly moved: () => void;
  readonly skipped: (count: number) => void;
  /** Positions that retention had removed. */
  readonly lost: (count: number) => void;
}): Feed {
  const { log, clock, signal } = parts;
  const open = new Set<number>();
  const openAgain = new Set<number>();
  let read = parts.state.seq;
  let ranges = parts.state.ranges.map((range) => ({ ...range, read: range.after }));
  let poke = new AbortController();
  let full = false;

  /** In the order they were given out, which is that of the log. */
  const first = (set: ReadonlySet<number>): number | undefined => set.values().next().value;

  const give = (event: Event, to: Set<number>): void => {
    to.add(event.seq);
    parts.give(event);
  };

  async function sendAgain(range: (typeof ranges)[number]): Promise<void> {
    const result = await log.read({ after: range.read, filter: parts.filter, limit, signal });
    for (const event of result.items) if (event.seq <= range.until) give(event, openAgain);
    range.read = Math.min(result.seq, range.until);
    parts.moved();
  }

  async function goOn(): Promise<void> {
    const result = await log.read({
      after: read,
      filter: parts.filter,
      limit,
      waitMs,
      maxAgeMs: parts.maxAgeMs,
      signal: AbortSignal.any([signal, poke.signal]),
    });
    for (const event of result.items) give(event, open);
    if (result.skipped > 0) parts.skipped(result.skipped);
    if (result.seq > read) parts.moved();
    read = result.seq;
  }

  /** What lies before the oldest that is kept is lost for this reader, and said. */
  async function passLost(): Promise<void> {
    const oldest = await log.seqOf("oldest");
    const [range] = ranges;
    const at = range?.read ?? read;
    parts.lost(Math.max(0, oldest - at));
    if (range) range.read = Math.min(oldest, range.until);
    else read = Math.max(read, oldest);
  }

  async function roomAgain(): Promise<void> {
    if (parts.room(false)) return;
    full = true;
    await new Promise<void>((resolve) => {
      const { signal: poked } = poke;
      poked.addEventListener("abort", () => resolve(), { once: true });
      signal.addEventListener("abort", () => resolve(), { once: true, signal: poked });
    });
    full = false;
  }

  const wake = (): void => {
    poke.abort();
    poke = new AbortController();
  };

  const feed: Feed = {
    place: () => ({
      seq: (first(open) ?? read + 1) - 1,
      ranges: ranges.map((range, at) => ({
        after: at === 0 ? (first(openAgain) ?? range.read + 1) - 1 : range.read,
        until: range.until,
      })),
    }),
    settled(seq) {
      if (!openAgain.delete(seq)) open.delete(seq);
      const range = ranges[0];
      if (range && range.read >= range.until && openAgain.size === 0) ranges = ranges.slice(1);
    },
    again(after, until) {
      // What it has not come to yet comes anyway.
      const end = Math.min(until, read);
      if (after < end) ranges = [...ranges, { after, until: end, read: after }];
      wake();
    },
    go() {
      if (full && parts.room(true)) wake();
    },
    async run() {
      while (!signal.aborted) {
        await roomAgain();
        if (signal.aborted || !parts.room(false)) continue;
        try {
          const [range] = ranges;
          if (range && range.read >= range.until) {
            // Its last ones are under way: the next range waits for them, the log does not.
            if (openAgain.size === 0) ranges = ranges.slice(1);
            else await goOn();
          } else if (range) await sendAgain(range);
          else await goOn();
        } catch (error) {
          if (signal.aborted) return;
          if (isBotyardError(error) && error.code === "gone") await passLost();
          else {
            parts.logger.error("the log cannot be read for a webhook", { webhook: parts.webhook, error });
            await clock.sleep(errorMs, signal).catch(() => {});
          }
        }
      }
    },
  };
  return feed;
}
