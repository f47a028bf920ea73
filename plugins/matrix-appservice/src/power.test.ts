import { expect, test } from "vitest";
import { defaultLevels, levelOf, neededFor } from "./power.ts";

const v10 = { creators: ["@a:hs"], version: "10" };
const v12 = { creators: ["@a:hs", "@b:hs"], version: "12" };

test("without power levels the creator has 100, anybody invites and sets state", () => {
  const levels = defaultLevels(v10);
  expect([levelOf(levels, v10, "@a:hs"), levelOf(levels, v10, "@b:hs")]).toEqual([100, 0]);
  expect(levels["invite"]).toBe(0);
  expect([neededFor(levels, "m.room.name", true), neededFor(levels, "m.room.message", false)]).toEqual([0, 0]);
});

test("creators of version 12 stand above every level, in no list", () => {
  expect(levelOf({ users: {} }, v12, "@b:hs")).toBe(Number.POSITIVE_INFINITY);
  expect(defaultLevels(v12)["users"]).toEqual({});
  expect(levelOf({ users: {} }, v10, "@a:hs")).toBe(0);
});

test.each([
  [{}, "m.room.name", true, 50],
  [{}, "m.room.message", false, 0],
  [{ state_default: 30, events_default: 7 }, "m.room.name", true, 30],
  [{ state_default: 30, events_default: 7 }, "m.room.message", false, 7],
  [{ events: { "m.room.message": 9 } }, "m.room.message", false, 9],
  // Rooms before version 10 hold levels as text.
  [{ events: { "m.room.message": " 9 " } }, "m.room.message", false, 9],
  [{ events: null, state_default: "x" }, "m.room.name", true, 50],
] as const)("needs what %j says for %s", (levels, type, state, needed) => {
  expect(neededFor(levels, type, state)).toBe(needed);
});
