import type { Clock } from "@botyard/sdk";

// Longest time a timer takes; beyond it fires at once.
const maxTimerMs = 2_147_483_647;

/** The machine's clock. `sleep` rejects with the signal's reason as soon as it aborts. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error);
      const timer = setTimeout(
        () => {
          signal?.removeEventListener("abort", stop);
          resolve();
        },
        Math.min(Math.max(ms, 0), maxTimerMs),
      );
      function stop(): void {
        clearTimeout(timer);
        reject(signal?.reason as Error);
      }
      signal?.addEventListener("abort", stop, { once: true });
    }),
};

/** Calls back once after so many milliseconds; what it returns takes that back. Cheaper than `sleep` with a signal. */
export function timer(clock: Clock, ms: number, then: () => void): () => void {
  if (clock === systemClock) {
    const timeout = setTimeout(then, Math.min(Math.max(ms, 0), maxTimerMs));
    return () => clearTimeout(timeout);
  }
  const over = new AbortController();
  clock.sleep(Math.max(ms, 0), over.signal).then(then, () => {});
  return () => over.abort();
}

/** Until `work` is done, or this long by the machine's clock: whatever a test's clock says, closing comes to an end. */
export async function waitAtMost(work: Promise<unknown>, ms: number): Promise<void> {
  const over = new AbortController();
  await Promise.race([work, systemClock.sleep(ms, over.signal).catch(() => {})]);
  over.abort();
}
