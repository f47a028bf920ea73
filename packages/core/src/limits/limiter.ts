import { BotyardError, type BucketState, type Clock } from "@botyard/sdk";
import { stoppedError } from "../host/stopped.ts";
import { createBucket, enqueue, isIdle, learnInto, nextWaiter, readyAt, take, withdraw } from "./bucket.ts";
import type { Bucket, Waiter } from "./bucket.ts";

export interface Turn {
  /** `https://chat.example.org` */
  readonly origin: string;
  /** Default: one bucket for the origin. */
  readonly bucket?: string | undefined;
  /** Who acts; turns go round between these. */
  readonly as?: string | null | undefined;
  /** Unix milliseconds. */
  readonly deadline?: number | null | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A granted turn. `done` must be called once, when the answer's head or the failure is there; later calls do nothing. */
export interface Lease {
  /** With what the answer said of a bucket, where it said anything. */
  done(state?: BucketState | null): void;
}

/**
 * Rate limits of chat servers: one bucket for each (origin, bucket), shared by all bots and connections that speak to
 * the origin. Nothing is held back before a server said something.
 */
export interface Limiter {
  /**
   * Waits for a turn. Throws `rate_limited` with `retryAfterMs` (effect `none`) as soon as it is clear that the wait
   * would go beyond the deadline; `timeout` (effect `none`) where that has passed already; `cancelled` or `timeout`
   * (effect `none`) when the signal aborts first.
   */
  acquire(turn: Turn): Promise<Lease>;
  /** Something learnt outside of a lease: `host.limit`. */
  learn(origin: string, state: BucketState): void;
}

// Servers with a bucket for each room would otherwise be remembered room by room.
const sweepAt = 1_000;

export function createLimiter(parts: { readonly clock: Clock }): Limiter {
  const { clock } = parts;
  const buckets = new Map<string, Bucket>();

  const keyOf = (origin: string, bucket = ""): string => `${origin} ${bucket}`;
  const bucketOf = (key: string): Bucket => {
    const found = buckets.get(key);
    if (found) return found;
    if (buckets.size >= sweepAt) sweep();
    const fresh = createBucket();
    buckets.set(key, fresh);
    return fresh;
  };
  const sweep = (): void => {
    for (const [key, bucket] of buckets) if (isIdle(bucket, clock.now())) buckets.delete(key);
  };

  /** Serves who may go, refuses who cannot make it, and sets the alarm for the rest. */
  function pump(key: string): void {
    const bucket = bucketOf(key);
    const now = clock.now();
    bucket.timer?.abort();
    bucket.timer = null;
    for (;;) {
      const at = readyAt(bucket, now);
      refuseLate(bucket, at, now);
      if (at > now) break;
      const waiter = nextWaiter(bucket);
      if (!waiter) break;
      take(bucket, now);
      waiter.grant();
    }
    if (bucket.queues.size > 0) setAlarm(key, bucket, now);
    else if (isIdle(bucket, now)) buckets.delete(key);
  }

  function refuseLate(bucket: Bucket, at: number, now: number): void {
    for (const [as, queue] of bucket.queues)
      for (const waiter of queue)
        if (waiter.deadline !== null && (at > waiter.deadline || waiter.deadline <= now)) {
          withdraw(bucket, as, waiter);
          waiter.refuse(Math.max(at - now, 0));
        }
  }

  function setAlarm(key: string, bucket: Bucket, now: number): void {
    const deadlines = [...bucket.queues.values()].flat().map(({ deadline }) => deadline ?? Infinity);
    const alarm = new AbortController();
    bucket.timer = alarm;
    clock.sleep(Math.min(readyAt(bucket, now), ...deadlines) - now, alarm.signal).then(
      () => pump(key),
      () => {}, // replaced by a newer alarm
    );
  }

  function lease(key: string, origin: string): Lease {
    let open = true;
    return {
      done(state) {
        if (!open) return;
        open = false;
        const bucket = bucketOf(key);
        bucket.inFlight--;
        if (state) learn(origin, state);
        if (bucket.pausedUntil <= clock.now()) bucket.probing = false;
        pump(key);
      },
    };
  }

  function learn(origin: string, state: BucketState): void {
    const key = keyOf(origin, state.bucket);
    learnInto(bucketOf(key), state, clock.now());
    pump(key);
  }

  return {
    learn,
    acquire: ({ origin, bucket: name, as, deadline, signal }) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(stoppedError(signal.reason, "none"));
        const key = keyOf(origin, name);
        const bucket = bucketOf(key);
        const stop = (): void => {
          withdraw(bucket, as ?? "", waiter);
          reject(stoppedError(signal?.reason, "none"));
          pump(key);
        };
        const waiter: Waiter = {
          deadline: deadline ?? null,
          grant() {
            signal?.removeEventListener("abort", stop);
            resolve(lease(key, origin));
          },
          refuse(retryAfterMs) {
            signal?.removeEventListener("abort", stop);
            reject(refusal(origin, retryAfterMs));
          },
        };
        signal?.addEventListener("abort", stop, { once: true });
        enqueue(bucket, as ?? "", waiter);
        pump(key);
      }),
  };
}

function refusal(origin: string, retryAfterMs: number): BotyardError {
  // No limit of the server's: the call came too late to its turn.
  if (retryAfterMs <= 0)
    return new BotyardError("timeout", `The call's time was over before its turn at ${origin}. Nothing was sent`, {
      effect: "none",
    });
  const wait = `; the next request may go in ${Math.ceil(retryAfterMs / 1000)} s`;
  return new BotyardError("rate_limited", `${origin} limits how often it may be asked${wait}. Nothing was sent`, {
    effect: "none",
    retryAfterMs,
  });
}
