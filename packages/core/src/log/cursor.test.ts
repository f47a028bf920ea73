import { describe, expect, it } from "vitest";
import { formatCursor, goneError, parseCursor } from "./cursor.ts";

const log = { logId: "7f2", headSeq: 4812 };

describe("cursors", () => {
  it("name a log and a place in it", () => {
    expect(formatCursor("7f2", 4812)).toBe("c_7f2_4812");
    expect(parseCursor("c_7f2_4812", log)).toBe(4812);
    expect(parseCursor("c_7f2_0", log)).toBe(0);
  });

  it.each([
    ["c_7f2_4813", "ahead"],
    ["c_7f3_1", "another event log"],
    ["c_7f2_01", "no cursor"],
    ["c_7f2_-1", "no cursor"],
    ["c_7f2_1e3", "no cursor"],
    ["c_7f2_99999999999999999999", "no cursor"],
    ["c_7f2", "no cursor"],
    ["4812", "no cursor"],
  ])("refuse %s: %s", (text, reason) => {
    expect(() => parseCursor(text, log)).toThrow(
      expect.objectContaining({ code: "invalid", message: expect.stringContaining(reason) }),
    );
  });

  it("say what is no longer kept, and where to go on", () => {
    const since = "2026-10-21T07:00:00.000Z";
    const error = goneError({ oldest: "c_7f2_3100", since, retentionMs: 30 * 86_400_000 });
    expect(error).toMatchObject({
      code: "gone",
      message: "events before 2026-10-21 are no longer kept (retention 30d)",
      details: { oldest: "c_7f2_3100" },
    });
  });
});
