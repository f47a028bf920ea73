import type { Clock } from "@botyard/sdk";

/** The clock's time as ISO 8601, `2026-11-20T08:14:03.120Z`; made once for each millisecond, for each call asks several times. */
export function isoClock(clock: Pick<Clock, "now">): () => string {
  let last = Number.NaN;
  let text = "";
  return () => {
    const ms = clock.now();
    if (ms !== last) {
      text = new Date(ms).toISOString();
      last = ms;
    }
    return text;
  };
}
