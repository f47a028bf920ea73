import { BotyardError } from "@botyard/sdk";

interface PageInput {
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
}

const defaultLimit = 100;

/** A page of a list in memory, in the order of its ids; the cursor is the last id, so that changes between pages do no harm. */
export function pageOf<T, U>(
  all: readonly T[],
  input: PageInput,
  idOf: (item: T) => string,
  show: (item: T) => U,
): { items: U[]; next?: string } {
  const limit = input.limit ?? defaultLimit;
  let start = 0;
  if (input.cursor !== undefined) {
    const after = input.cursor;
    start = all.findIndex((item) => idOf(item) > after);
    if (start < 0) start = all.length;
  }
  const items = all.slice(start, start + limit);
  const last = items.at(-1);
  return { items: items.map(show), ...(last !== undefined && start + limit < all.length ? { next: idOf(last) } : {}) };
}

/** A page of a list the store reads newest first: one more than asked for tells whether there is a next. */
export function newestFirst<T, U>(
  rows: readonly T[],
  limit: number,
  markOf: (row: T) => string,
  show: (row: T) => U,
): { items: U[]; next?: string } {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items: items.map(show), ...(rows.length > limit && last !== undefined ? { next: markOf(last) } : {}) };
}

export function limitOf(input: PageInput): number {
  return input.limit ?? defaultLimit;
}

export function numberCursor(cursor: string | undefined): number | undefined {
  if (cursor === undefined) return undefined;
  const number = Number(cursor);
  if (Number.isSafeInteger(number) && number > 0) return number;
  throw new BotyardError("invalid", "this cursor is not from this list", {
    issues: [{ path: "cursor", expected: "`next` of the page before" }],
  });
}
