import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { refusal, scaffold } from "./new-platform.ts";

const folder = mkdtempSync(join(tmpdir(), "botyard-new-platform-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("the copy bears its own name everywhere", () => {
  const files = scaffold("rocket-chat", folder);
  expect(files).toContain("package.json");
  expect(files).toContain(join("src", "simulator", "index.ts"));
  expect(files.some((file) => file.includes("node_modules"))).toBe(false);
  for (const file of files) expect(readFileSync(join(folder, file), "utf8"), file).not.toMatch(/pigeon/i);
  expect(JSON.parse(readFileSync(join(folder, "package.json"), "utf8"))).toMatchObject({
    name: "@botyard/rocket-chat",
  });
  expect(readFileSync(join(folder, "src/index.ts"), "utf8")).toContain('title: "Rocket chat"');
});

test("an id that cannot be is refused with the reason", () => {
  const free = (): boolean => false;
  expect(refusal("rocket-chat", free)).toBeNull();
  expect(refusal("Rocket", free)).toContain("lower-case");
  expect(refusal("../x", free)).toContain("lower-case");
  expect(refusal("bots", free)).toContain("noun");
  expect(refusal("rocket-chat", () => true)).toContain("exists");
});
