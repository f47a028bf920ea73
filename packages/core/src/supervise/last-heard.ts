import type { Core } from "../core.ts";

/** How often a receiver's clock is looked at, and the last moment of receiving written down: what a crash may add to a gap. */
const markEveryMs = 15_000;

/** Where the clock was set back nobody knows when receiving last worked: history is asked for this long. */
const setBackMs = 86_400_000;

/** What a server held back for so long may have been under way when it was last proven alive; history has each thing once. */
const lateMs = 60_000;

/** What the disk did not take is tried again after so long. */
const writeAgainMs = 1_000;

/** A timer that was this late is taken for a clock that was set forward. */
const slackMs = 5_000;

/** What one receiver knows of when it last could hear: where a gap begins, also after a crash and whatever the clock did. */
export interface LastHeard {
  /** Whether it ever heard: a first connection has no gap. */
  readonly ever: boolean;
  /** We are there to hear, or were until then (ISO 8601). */
  heard(until?: string): void;
  /** While set: we receive, and that we are there is all that can be proven. */
  listening: boolean;
  /** ISO 8601: where a gap begins that is recorded now. */
  gapFrom(): string;
  /** What was missed may bear times that lie ahead: written down, because only the end of the gap needs it. */
  noteAhead(): Promise<void>;
  /**
   * Hands over until when a gap goes that ends now, ISO 8601, where that lies ahead; forgotten once `use` has written it
   * down, and not before: a crash in between would lose it.
   */
  takeAhead<T>(use: (until: string | null) => Promise<T>): Promise<T>;
}

interface Receiver {
  readonly connection: string;
  /** Handle, where it serves one bot. */
  readonly bot: string | undefined;
  readonly signal: AbortSignal;
}

/** Looks at the clock until the signal aborts. */
export async function createLastHeard(
  { store, clock }: Pick<Core, "store" | "clock">,
  { connection, bot, signal }: Receiver,
): Promise<LastHeard> {
  const markKey = `~alive/${bot ?? ""}`;
  const aheadKey = `~ahead/${bot ?? ""}`;
  const kept = await store.pluginGet(connection, markKey);
  let last = typeof kept === "string" ? Date.parse(kept) : null;
  let unwritten: Readonly<Record<string, string | null>> = {};
  // What the clock said at the last ticks: what is heard now may have been said when it said so.
  let readings: readonly number[] = [clock.now()];

  const write = async (entries: Readonly<Record<string, string | null>>): Promise<void> => {
    unwritten = { ...unwritten, ...entries };
    if (Object.keys(unwritten).length === 0) return;
    const writing = unwritten;
    await store.pluginPut(connection, writing);
    if (unwritten === writing) unwritten = {};
  };
  let again = false;
  /** After a crash nobody could tell any more: tried until the disk takes it. */
  const writeSoon = (entries: Readonly<Record<string, string | null>>): void => {
    write(entries).catch(() => {
      if (again) return;
      again = true;
      clock.sleep(writeAgainMs, signal).then(
        () => {
          again = false;
          writeSoon({});
        },
        () => {},
      );
    });
  };
  const set = (ms: number): void => {
    last = ms;
    writeSoon({ [markKey]: iso(ms) });
  };
  const heard = (until?: string): void => {
    const now = clock.now();
    const proof = until === undefined ? now : notAhead(Date.parse(until), now);
    set(Math.min(proof, beforeJump(readings, now)));
  };
  const ahead = (): Readonly<Record<string, string>> => {
    const newest = Math.max(last ?? 0, ...readings);
    return newest > clock.now() ? { [aheadKey]: iso(newest + markEveryMs + lateMs) } : {};
  };

  const self: LastHeard = {
    get ever() {
      return last !== null;
    },
    listening: false,
    heard,
    gapFrom() {
      const now = clock.now();
      return iso(notAhead(last ?? now, now) - lateMs);
    },
    async noteAhead() {
      await write(ahead());
    },
    async takeAhead(use) {
      const until = unwritten[aheadKey] ?? (await store.pluginGet(connection, aheadKey));
      if (typeof until !== "string") return use(null);
      const used = await use(until);
      await write({ [aheadKey]: null });
      return used;
    },
  };
  const tick = (): void => {
    const now = clock.now();
    const note = ahead();
    if (self.listening) heard();
    else if (last !== null && last > now) set(notAhead(last, now));
    writeSoon(note);
    readings = [now, ...readings].slice(0, lateMs / markEveryMs + 1);
  };
  void (async () => {
    for (;;) {
      await clock.sleep(markEveryMs, signal);
      tick();
    }
  })().catch(() => {}); // the signal
  return self;
}

const iso = (ms: number): string => new Date(ms).toISOString();

/** A moment as it was written down; one that lies ahead was written before the clock was set back. */
const notAhead = (ms: number, now: number): number => (ms <= now ? ms : now - setBackMs);

/**
 * What the clock would say now had it not been set forward since the last ticks, newest first; after a jump it may say up
 * to `markEveryMs` too little.
 */
function beforeJump(readings: readonly number[], now: number): number {
  return Math.min(
    now,
    ...readings.map((reading, age) =>
      reading + (age + 1) * markEveryMs + slackMs < now ? reading + age * markEveryMs : now,
    ),
  );
}
