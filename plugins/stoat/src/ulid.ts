/** Ids of Stoat are ULIDs: 48 bits of Unix milliseconds, then 80 random ones, in Crockford's base 32. */
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const pattern = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;

export function isUlid(text: string): boolean {
  return pattern.test(text);
}

/** Unix milliseconds of an id; undefined where it is none. */
export function timeOf(id: string): number | undefined {
  if (!isUlid(id)) return undefined;
  let ms = 0;
  for (const char of id.slice(0, 10)) ms = ms * 32 + alphabet.indexOf(char);
  return ms;
}

/** The smallest id of a millisecond: what `after=` wants. */
export function firstIdAt(ms: number): string {
  let rest = Math.max(0, Math.floor(ms));
  let text = "";
  for (let at = 0; at < 10; at++) {
    text = `${alphabet[rest % 32]}${text}`;
    rest = Math.floor(rest / 32);
  }
  return text + "0".repeat(16);
}

/** Time of an id as ISO 8601; the fallback where it is none. */
export function isoOf(id: string, fallbackMs: number): string {
  return new Date(timeOf(id) ?? fallbackMs).toISOString();
}
