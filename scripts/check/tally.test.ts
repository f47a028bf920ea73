import { expect, test } from "vitest";
import { add, format, parse } from "./tally.ts";

test("the last line is read back as it was written", () => {
  const tally = { passed: 12, failed: 0, skipped: 1 };
  expect(parse(`some output\n${format(tally)}\n`)).toEqual(tally);
});

test("a run that ends with anything else has no tally", () => {
  expect(parse("3 passed, 0 failed, 0 skipped\nTerminated\n")).toBeUndefined();
  expect(parse("")).toBeUndefined();
});

test("tallies add up", () => {
  const tally = { passed: 1, failed: 2, skipped: 3 };
  expect(add(tally, tally)).toEqual({ passed: 2, failed: 4, skipped: 6 });
});
