import type { Event } from "@botyard/sdk";

/** One event on its way to one webhook. */
export interface Job {
  readonly seq: number;
  readonly event: string;
  readonly lane: string;
  /** Read again from the log where it is null: what waits long is not held in memory. */
  body: Event | null;
  attempts: number;
  /** Unix milliseconds; 0: at once. */
  nextAt: number;
  /** Has a row of its own in the store. */
  stored: boolean;
}

export const laneOf = (event: Event): string => `${event.connection}/${event.room?.id ?? ""}`;

/** Keeps the order within each lane: only its first is ever tried, and one at a time. */
export interface Lanes {
  readonly size: number;
  /** Jobs with a row of their own. */
  readonly stored: number;
  /** It has a row of its own from now on. */
  keep(job: Job): void;
  has(seq: number): Job | undefined;
  /** At the end of its lane. */
  add(job: Job): void;
  /** The first of a lane that is due; with `anyTime` the one that is due next. Its lane is taken until `done` or `failed`. */
  take(now: number, anyTime: boolean): Job | null;
  /** It is out of the way: delivered or dead. */
  done(job: Job): void;
  /** It stays first of its lane until `job.nextAt`. Returns those behind it that have no row yet. */
  failed(job: Job): readonly Job[];
  /** Whether a lane waits for a later try of its first. */
  blocked(lane: string): boolean;
  /** When the next one is due; null: none waits. */
  dueAt(): number | null;
  /** Everything is due now. */
  hurry(): void;
}

interface Lane {
  readonly jobs: Job[];
  busy: boolean;
}

export function createLanes(): Lanes {
  const lanes = new Map<string, Lane>();
  const bySeq = new Map<number, Job>();
  let stored = 0;
  /** Lanes whose first may be due: in turn. */
  const ready = new Set<string>();
  /** Lanes whose first waits. */
  const waiting = new Map<string, number>();
  let earliest = Infinity;

  const place = (name: string, lane: Lane): void => {
    const [first] = lane.jobs;
    ready.delete(name);
    waiting.delete(name);
    if (first === undefined) return void lanes.delete(name);
    if (lane.busy) return;
    if (first.nextAt === 0) ready.add(name);
    else {
      waiting.set(name, first.nextAt);
      earliest = Math.min(earliest, first.nextAt);
    }
  };
  const wake = (now: number): void => {
    if (now < earliest) return;
    earliest = Infinity;
    for (const [name, at] of waiting) {
      if (at <= now) {
        waiting.delete(name);
        ready.add(name);
      } else earliest = Math.min(earliest, at);
    }
  };
  const leave = (job: Job): Lane => {
    const lane = lanes.get(job.lane) ?? { jobs: [], busy: false };
    lane.busy = false;
    return lane;
  };

  return {
    get size() {
      return bySeq.size;
    },
    get stored() {
      return stored;
    },
    keep(job) {
      if (!job.stored && bySeq.get(job.seq) === job) stored += 1;
      job.stored = true;
    },
    has: (seq) => bySeq.get(seq),
    add(job) {
      const lane = lanes.get(job.lane) ?? { jobs: [], busy: false };
      lanes.set(job.lane, lane);
      lane.jobs.push(job);
      bySeq.set(job.seq, job);
      if (job.stored) stored += 1;
      if (lane.jobs.length === 1) place(job.lane, lane);
    },
    take(now, anyTime) {
      wake(now);
      let name = ready.values().next().value;
      if (name === undefined && anyTime) [name] = [...waiting].sort(([, a], [, b]) => a - b)[0] ?? [];
      const lane = name === undefined ? undefined : lanes.get(name);
      if (name === undefined || !lane) return null;
      lane.busy = true;
      ready.delete(name);
      waiting.delete(name);
      return lane.jobs[0] ?? null;
    },
    done(job) {
      const lane = leave(job);
      lane.jobs.shift();
      if (bySeq.delete(job.seq) && job.stored) stored -= 1;
      place(job.lane, lane);
    },
    failed(job) {
      const lane = leave(job);
      place(job.lane, lane);
      return lane.jobs.filter((other) => !other.stored);
    },
    blocked: (lane) => waiting.has(lane),
    dueAt: () => (ready.size > 0 ? 0 : waiting.size > 0 ? Math.min(...waiting.values()) : null),
    hurry() {
      for (const job of bySeq.values()) job.nextAt = 0;
      for (const [name, lane] of lanes) place(name, lane);
    },
  };
}
