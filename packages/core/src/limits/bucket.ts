import type { BucketState } from "@botyard/sdk";

/** One request that waits for its turn. */
export interface Waiter {
  readonly deadline: number | null;
  grant(): void;
  refuse(waitMs: number): void;
}

/** What is known of one bucket. Times are Unix milliseconds. */
export interface Bucket {
  /** Requests left in this window; undefined: unknown, so nothing is held back. */
  remaining: number | undefined;
  resetAt: number | undefined;
  /** Most requests a window was seen to hold: what a new window is believed to begin with. */
  capacity: number | undefined;
  pausedUntil: number;
  /** After a pause: one request at a time, until one comes back without a new pause. */
  probing: boolean;
  inFlight: number;
  lastGrantAt: number;
  /** By who acts; the order of the keys is the order of turns. */
  readonly queues: Map<string, Waiter[]>;
  timer: AbortController | null;
}

// A request that takes longer than this (a long poll) no longer keeps the next one from its turn.
const probeMs = 1_000;

export function createBucket(): Bucket {
  return {
    remaining: undefined,
    resetAt: undefined,
    capacity: undefined,
    pausedUntil: 0,
    probing: false,
    inFlight: 0,
    lastGrantAt: 0,
    queues: new Map(),
    timer: null,
  };
}

/** When the next request may go: `now` or earlier means at once. Begins a new window where the old one is over. */
export function readyAt(bucket: Bucket, now: number): number {
  if (bucket.resetAt !== undefined && bucket.resetAt <= now) {
    bucket.resetAt = undefined;
    bucket.remaining = bucket.capacity === undefined ? undefined : Math.max(bucket.capacity - bucket.inFlight, 0);
  }
  if (bucket.pausedUntil > now) return bucket.pausedUntil;
  const turn = bucket.inFlight > 0 ? bucket.lastGrantAt + probeMs : now;
  const probe = bucket.probing ? turn : now;
  if (bucket.remaining === undefined || bucket.remaining > 0) return probe;
  // An empty window whose end is unknown: the next answer tells; without one, somebody has to ask.
  return Math.max(probe, bucket.resetAt ?? turn);
}

export function take(bucket: Bucket, now: number): void {
  bucket.inFlight++;
  bucket.lastGrantAt = now;
  if (bucket.remaining !== undefined) bucket.remaining = Math.max(bucket.remaining - 1, 0);
}

export function learnInto(bucket: Bucket, state: Omit<BucketState, "bucket">, now: number): void {
  if (state.remaining !== undefined) {
    // The server may not have counted yet what is on its way.
    bucket.remaining = Math.max(state.remaining - bucket.inFlight, 0);
    bucket.capacity = Math.max(bucket.capacity ?? 0, state.remaining + 1);
  }
  if (state.resetMs !== undefined) bucket.resetAt = now + state.resetMs;
  if (state.pauseMs !== undefined && state.pauseMs > 0) {
    bucket.pausedUntil = Math.max(bucket.pausedUntil, now + state.pauseMs);
    bucket.probing = true;
  }
}

/** Next in turn: whoever was served goes behind everybody else who waits. */
export function nextWaiter(bucket: Bucket): Waiter | undefined {
  for (const [as, queue] of bucket.queues) {
    bucket.queues.delete(as);
    const waiter = queue.shift();
    if (queue.length > 0) bucket.queues.set(as, queue);
    if (waiter) return waiter;
  }
  return undefined;
}

export function enqueue(bucket: Bucket, as: string, waiter: Waiter): void {
  const queue = bucket.queues.get(as);
  if (queue) queue.push(waiter);
  else bucket.queues.set(as, [waiter]);
}

export function withdraw(bucket: Bucket, as: string, waiter: Waiter): void {
  const rest = bucket.queues.get(as)?.filter((other) => other !== waiter) ?? [];
  if (rest.length > 0) bucket.queues.set(as, rest);
  else bucket.queues.delete(as);
}

/** Nothing waits, nothing is on its way and nothing known of it still matters. */
export function isIdle(bucket: Bucket, now: number): boolean {
  if (bucket.queues.size > 0 || bucket.inFlight > 0 || readyAt(bucket, now) > now || bucket.probing) return false;
  return bucket.remaining === undefined || bucket.remaining === bucket.capacity;
}
