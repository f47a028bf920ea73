import { expect, it } from "vitest";
import { formatAgo, formatBytes, formatDuration, durationOf, parseRate } from "./units.ts";

it.each([
  ["500ms", 500],
  ["30s", 30_000],
  ["5m", 300_000],
  ["1h30m", 5_400_000],
  ["30d", 2_592_000_000],
  ["0", 0],
])("reads %s", (text, ms) => expect(durationOf(text, "--wait")).toBe(ms));

it.each(["30", "", "s", "3 s", "-5s", "5y", "5sx"])("refuses the duration %j", (text) => {
  expect(() => durationOf(text, "--wait")).toThrow(/--wait expects a duration with its unit/);
});

it("reads rates", () => {
  expect([parseRate("20/min", "--rate"), parseRate("20", "--rate")]).toEqual([20, 20]);
  expect(() => parseRate("20/s", "--rate")).toThrow(/calls a minute/);
});

it("says times as people do", () => {
  expect([8000, 119_000, 120_000, 10_800_000, 777_600_000].map(formatDuration)).toEqual([
    "8 s",
    "119 s",
    "2 min",
    "3 h",
    "9 d",
  ]);
  expect(formatAgo("2026-11-20T08:00:00Z", Date.parse("2026-11-20T08:00:12Z"))).toBe("12 s ago");
  expect(formatAgo(null, 0)).toBe("-");
  expect([0, 999, 41_000_000].map(formatBytes)).toEqual(["0 B", "999 B", "41 MB"]);
});
