import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const root = join(import.meta.dirname, "..");
const page = readFileSync(join(root, "docs/delivery.md"), "utf8");
const cited = [...page.matchAll(/`([\w./-]+\.ts)` › ([^|)\n]+?)(?=\s*[|)\n]|\.\n)/g)].map(
  ([, file = "", name = ""]) => [file, name.trim()] as const,
);

it("cites a test for each promise", () => {
  expect(cited.length).toBeGreaterThan(35);
  // A row of a table is a promise.
  for (const row of page.split("\n").filter((line) => /^\| [A-Z`]/.test(line))) expect(row).toContain("› ");
});

it.each(cited)("%s › %s is there", (file, name) => {
  expect(readFileSync(join(root, file), "utf8")).toContain(name);
});
