import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const root = join(import.meta.dirname, "..");
const page = readFileSync(join(root, "docs/delivery.md"), "utf8");
const cited = [...page.matchAll(/`([\w./-]+\.ts)` › ([^|)·\n]+?)(?=\s*[|)·\n]|\.\n)/g)].map(
  ([, file = "", name = ""]) => [file, name.trim()] as const,
);

it("cites a test for each promise", () => {
  expect(cited.length).toBeGreaterThan(35);
  // A row of a table is a promise.
  for (const row of page.split("\n").filter((line) => /^\| [A-Z`]/.test(line))) expect(row).toContain("› ");
});

// As the title of a test that is run: a comment or a skipped one proves nothing.
it.each(cited)("%s › %s is there", (file, name) => {
  const text = readFileSync(join(root, file), "utf8");
  const at = [...text.matchAll(/(?:^|[^.\w])(?:test|it)(?:\.\w+)*\(|\)\(|(?:^|\s)name: /g)].find(
    ({ index, 0: begin }) => {
      const title = text.slice(index + begin.length, index + begin.length + 2_000);
      return new RegExp(`^\\s*["'\`]${RegExp.escape(name)}["'\`]`).test(title);
    },
  );
  expect(at?.[0] ?? "no such title").not.toMatch(/no such|skip|todo|fails/);
});
