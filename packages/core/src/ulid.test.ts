import { encodeTime } from "ulid";
import { expect, it } from "vitest";
import { continueAfter, ulid } from "./ulid.ts";

it("grows within a millisecond, and when the clock goes back", () => {
  const now = Date.now();
  const made = [ulid(now), ulid(now), ulid(now - 60_000), ulid(now), ulid(now + 1)];
  expect(made.toSorted()).toEqual(made);
  expect(new Set(made).size).toBe(made.length);
  expect(made.every((id) => /^[0-9A-HJKMNP-TV-Z]{26}$/.test(id))).toBe(true);
});

it("goes on after what a process before has made, and ignores what is none", () => {
  const now = Date.now();
  const before = `${encodeTime(now + 86_400_000)}ZZZZZZZZZZZZZZZZ`;
  continueAfter("A");
  continueAfter("01KB9Z8Q3M0V6T3D1X7E2R5YAC");
  expect(ulid(now) < before).toBe(true);
  continueAfter(before);
  expect(ulid(now) > before).toBe(true);
});
