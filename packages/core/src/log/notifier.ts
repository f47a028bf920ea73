import type { Clock } from "@botyard/sdk";

/** Wakes readers of this process when the log has grown. */
export interface Notifier {
  /** Last position on disk. */
  head(): number;
  advance(seq: number): void;
  /** Resolves when the log is longer than `seq`, when the time is over (`ms`; absent: never) or when the signal aborts. */
  wait(seq: number, options: { readonly ms?: number; readonly signal?: AbortSignal | undefined }): Promise<void>;
}

export function createNotifier(clock: Clock, start: number): Notifier {
  let head = start;
  const waiting = new Set<{ readonly seq: number; readonly wake: () => void }>();

  return {
    head: () => head,
    advance(seq) {
      if (seq <= head) return;
      head = seq;
      for (const waiter of waiting) if (head > waiter.seq) waiter.wake();
    },
    async wait(seq, { ms, signal }) {
      if (head > seq || signal?.aborted) return;
      const ended = new AbortController();
      const grown = new Promise<void>((resolve) => {
        const waiter = { seq, wake: resolve };
        waiting.add(waiter);
        signal?.addEventListener("abort", () => resolve(), { signal: ended.signal });
        ended.signal.addEventListener("abort", () => waiting.delete(waiter));
      });
      try {
        const over = ms === undefined ? [] : [clock.sleep(ms, ended.signal).catch(() => {})];
        await Promise.race([grown, ...over]);
      } finally {
        ended.abort();
      }
    },
  };
}
