import { BotyardError } from "@botyard/sdk";

const units = { w: 604_800_000, d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 } as const;
const whole = /^(?:\d+(?:\.\d+)?(?:ms|[wdhms]))+$/;
const part = /(\d+(?:\.\d+)?)(ms|[wdhms])/g;

/**
 * Milliseconds of `30d`, `5m`, `1h30m`, `1.5s`, `250ms`; units are w, d, h, m, s, ms. Throws `invalid` for anything
 * else, a bare number included: nobody can tell its unit.
 */
export function parseDuration(text: string): number {
  const trimmed = text.trim();
  let total = 0;
  for (const [, amount, unit] of whole.test(trimmed) ? trimmed.matchAll(part) : []) {
    total += Number(amount) * units[unit as keyof typeof units];
  }
  const ms = Math.round(total);
  if (whole.test(trimmed) && Number.isSafeInteger(ms)) return ms;
  throw new BotyardError("invalid", `"${text.slice(0, 40)}" is no duration; write it like 30d, 12h, 5m, 30s or 250ms`);
}

/** `2592000000` → `30d`, `5400000` → `1h30m`, `0` → `0s`; exact, so that it can be parsed again. Weeks are written as days. */
export function formatDuration(ms: number): string {
  let rest = ms;
  let text = "";
  for (const [unit, size] of Object.entries(units)) {
    if (unit === "w" || rest < size) continue;
    text += `${Math.floor(rest / size)}${unit}`;
    rest %= size;
  }
  return text || "0s";
}
