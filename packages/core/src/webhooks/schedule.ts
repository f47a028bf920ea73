// Waits after the first, second, … refusal: close at first, then days. The try after the last wait is the last one.
const minute = 60_000;
const hour = 60 * minute;
const waits = [
  5_000,
  30_000,
  2 * minute,
  10 * minute,
  30 * minute,
  hour,
  2 * hour,
  4 * hour,
  8 * hour,
  12 * hour,
  20 * hour,
  24 * hour,
];

/** Tries an event gets in all, over about three days. */
export const mostAttempts = waits.length + 1;

/** Longest a server may ask for with Retry-After. */
const longestMs = 24 * hour;

/** Milliseconds to the next try after this many refusals, ±20 %, so that endpoints that fell together do not rise together. */
export function waitAfter(refusals: number, random: () => number = Math.random): number {
  const wait = waits[Math.min(Math.max(refusals, 1), waits.length) - 1] ?? longestMs;
  return Math.round(wait * (0.8 + random() * 0.4));
}

/** What `Retry-After` asks for in milliseconds, at most a day; null where it says nothing that can be read. */
export function retryAfterMs(header: string | null, now: number): number | null {
  if (header === null) return null;
  const text = header.trim();
  const wait = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isFinite(wait) ? Math.min(Math.max(wait, 0), longestMs) : null;
}
