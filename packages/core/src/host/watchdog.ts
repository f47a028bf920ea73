import type { Clock } from "@botyard/sdk";

/** Ends a request that makes no progress. */
export interface Watchdog {
  /** Aborts with a `TimeoutError`, or with the reason of the signal it was given. */
  readonly signal: AbortSignal;
  /** Something moved: time begins anew. */
  touch(): void;
  /** We are waiting for our own side (the limiter, a slow reader): no time passes until `touch`. */
  pause(): void;
  abort(reason: unknown): void;
  /** Ends it; must be called. */
  stop(): void;
}

export function createWatchdog(clock: Clock, ms: number, outer: readonly AbortSignal[]): Watchdog {
  const controller = new AbortController();
  const ended = new AbortController();
  const follow = outer.map((signal) => {
    const pass = (): void => controller.abort(signal.reason);
    if (signal.aborted) pass();
    else signal.addEventListener("abort", pass, { once: true });
    return () => signal.removeEventListener("abort", pass);
  });
  let until: number | null = null;
  let watching = false;

  async function watch(): Promise<void> {
    watching = true;
    for (;;) {
      if (until === null || ended.signal.aborted) break;
      const left = until - clock.now();
      if (left <= 0) return controller.abort(new DOMException("no progress in time", "TimeoutError"));
      await clock.sleep(left, ended.signal);
    }
    watching = false;
  }

  return {
    signal: controller.signal,
    touch() {
      until = clock.now() + ms;
      if (!watching) watch().catch(() => {}); // ended while it slept
    },
    pause() {
      until = null;
    },
    abort: (reason) => controller.abort(reason),
    stop() {
      until = null;
      ended.abort();
      for (const unfollow of follow) unfollow();
    },
  };
}
