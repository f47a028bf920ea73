import { decodeTime, incrementBase32, isValid, ulid as freshUlid } from "ulid";

// Random bytes are fetched for many ids at once: one call of the system for each digit costs more than a row of SQLite.
const pool = new Uint8Array(4096);
let used = pool.length;

function random(): number {
  if (used === pool.length) {
    crypto.getRandomValues(pool);
    used = 0;
  }
  return (pool[used++] ?? 0) / 256;
}

let last = { time: -1, id: "" };

/**
 * `01KB9Z8Q3M0V6T3D1X7E2R5YAC`: grows from call to call of this process, also within a millisecond and when the clock
 * goes back. The argument is Unix milliseconds; default now.
 */
export function ulid(time: number = Date.now()): string {
  // The library's own factory encodes the time for each id; most are made within the millisecond of the one before.
  if (time > last.time) last = { time, id: freshUlid(time, random) };
  else last.id = incrementBase32(last.id);
  return last.id;
}

/** What is made from now on is larger than this one, made by a process before, whatever the clock says. Others are ignored. */
export function continueAfter(id: string): void {
  if (isValid(id)) ulid(decodeTime(id) + 1);
}
