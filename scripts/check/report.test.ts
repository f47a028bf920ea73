import { expect, test } from "vitest";
import { createReport } from "./report.ts";

function printed(fill: (report: ReturnType<typeof createReport>) => void): { code: number; lines: string[] } {
  const lines: string[] = [];
  const report = createReport((line) => lines.push(line));
  fill(report);
  return { code: report.end(), lines };
}

const green = { passed: 2, failed: [], skipped: [], missing: [] };

test("checks count one each, tests one by one", () => {
  const { code, lines } = printed((report) => {
    report.check("format", { code: 0, output: "", ms: 10 });
    report.suite("tests on bun", green);
  });
  expect(lines.at(-1)).toBe("3 passed, 0 failed, 0 skipped");
  expect(code).toBe(0);
});

test("a failed check shows its output", () => {
  const { code, lines } = printed((report) => report.check("lint", { code: 1, output: "a.ts: no\n", ms: 10 }));
  expect(lines).toContain("    a.ts: no");
  expect(lines.at(-1)).toBe("0 passed, 1 failed, 0 skipped");
  expect(code).toBe(1);
});

test("what failed stands once more right above the sum, below all skips", () => {
  const { lines } = printed((report) => {
    report.check("lint", { code: 1, output: "a.ts: no\n", ms: 10 });
    const skipped = [{ name: "replay", reason: "needs ../shared" }];
    report.suite("tests on bun", { ...green, failed: ["a.test.ts > adds: expected 2"], skipped });
  });
  expect(lines.slice(-5)).toEqual([
    "failed: lint",
    "    a.ts: no",
    "failed: tests on bun",
    "    a.test.ts > adds: expected 2",
    "2 passed, 2 failed, 1 skipped",
  ]);
});

test("a folder that was killed before it could report is a failure", () => {
  const { code, lines } = printed((report) => report.suite("tests on deno", { ...green, missing: ["packages/core"] }));
  expect(lines).toContain("    packages/core: left no results");
  expect(code).toBe(1);
});

test("a skip shows its reason; without one it is a failure", () => {
  const skipped = [
    { name: "replay", reason: "needs ../shared" },
    { name: "forgotten", reason: undefined },
  ];
  const { lines } = printed((report) => report.suite("tests on bun", { ...green, skipped }));
  expect(lines).toContain("skipped: needs ../shared");
  expect(lines).toContain("    forgotten: skipped without a reason");
  expect(lines.at(-1)).toBe("2 passed, 1 failed, 1 skipped");
});
