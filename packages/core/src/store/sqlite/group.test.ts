import { describe, expect, it } from "vitest";
import type { Database } from "./database.ts";
import { createGroup } from "./group.ts";

function spend(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

/** A group over a disk whose wait takes this long, once it is known how long, and how often it was waited for since. */
async function known(commitMs: number) {
  let transactions = 0;
  const db = {
    tx<T>(work: () => T): T {
      const result = work();
      spend(commitMs);
      transactions += 1;
      return result;
    },
  } as unknown as Database;
  const group = createGroup(db);
  await group.run(() => {});
  transactions = 0;
  return { group, transactions: () => transactions };
}

describe("a turn that goes on for long", () => {
  it("is cut where the disk is fast, so that the first are answered while the rest is worked on", async () => {
    const { group, transactions } = await known(0.1);
    const first = group.run(() => "first");
    spend(20);
    const second = group.run(() => "second");
    expect(transactions()).toBe(1);
    const third = group.run(() => "third");
    expect(transactions()).toBe(1);
    expect(await Promise.all([first, second, third])).toEqual(["first", "second", "third"]);
    expect(transactions()).toBe(2);
  });

  it("shares one wait where the disk is slow", async () => {
    const { group, transactions } = await known(20);
    const first = group.run(() => "first");
    spend(20);
    const second = group.run(() => "second");
    expect(transactions()).toBe(0);
    expect(await Promise.all([first, second])).toEqual(["first", "second"]);
    expect(transactions()).toBe(1);
  });
});
