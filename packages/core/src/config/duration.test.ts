import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatDuration, parseDuration } from "./duration.ts";

describe("durations", () => {
  it.each([
    ["30d", 2_592_000_000],
    ["2w", 1_209_600_000],
    ["1h30m", 5_400_000],
    ["1.5s", 1500],
    ["250ms", 250],
    ["0s", 0],
    [" 5m ", 300_000],
  ])("reads %s", (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each(["", "30", "d", "-5m", "5 m", "5min", "1h30", "9999999999999d", "1e3s"])("refuses %j", (text) => {
    expect(() => parseDuration(text)).toThrow(expect.objectContaining({ code: "invalid" }));
  });

  it("writes what it reads again", () => {
    fc.assert(fc.property(fc.nat({ max: 10_000_000_000 }), (ms) => parseDuration(formatDuration(ms)) === ms));
    expect([0, 1500, 5_400_000, 2_592_000_000].map(formatDuration)).toEqual(["0s", "1s500ms", "1h30m", "30d"]);
  });
});
