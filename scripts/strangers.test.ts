import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createStep } from "./release/step.ts";
import { scaffoldPlugin } from "../packages/plugins/src/scaffold.ts";
import { install, outside, packSdk, type PackedSdk } from "./release/strangers.ts";
import { surfaceOf } from "./release/surface.ts";

// What a stranger has: the packed SDK and test kit, and nothing of this checkout.

const root = join(import.meta.dirname, "..");
const step = createStep(root);
const folder = mkdtempSync(join(tmpdir(), "botyard-strangers-"));
let sdk: PackedSdk;

beforeAll(() => {
  sdk = packSdk(root, step);
}, 300_000);
afterAll(() => {
  sdk.remove();
  rmSync(folder, { recursive: true, force: true });
});

test(
  "the example for Zulip is type-checked and passes its suite against the packed SDK alone",
  { timeout: 300_000 },
  () => {
    const zulip = join(folder, "zulip");
    outside(join(root, "examples/zulip"), zulip, sdk.tarballs, step);
    const installed = realpathSync(join(zulip, "node_modules/@botyard/sdk"));
    expect(installed.startsWith(realpathSync(folder))).toBe(true);
    expect(readdirSync(installed)).toContain("dist");
    expect(readdirSync(installed)).not.toContain("src");
    step("types of the example", ["bun", "run", "types"], zulip);
    const out = step("suite of the example", ["bun", "run", "test"], zulip);
    expect(out).toMatch(/testPlatform\(zulip\): \d{2,} passed, 0 failed, \d skipped, \d+ not declared/);
    expect(out).toMatch(/Tests +\d{3} passed/);
  },
);

test("a new plugin is type-checked and passes its suite from the first minute", { timeout: 300_000 }, async () => {
  const fresh = join(folder, "rocket-chat");
  const files = await scaffoldPlugin("rocket-chat", fresh);
  for (const file of files) expect(readFileSync(join(fresh, file), "utf8"), file).not.toMatch(/pigeon/i);
  install(fresh, sdk.tarballs, step);
  step("types of a new plugin", ["bun", "run", "types"], fresh);
  expect(step("suite of a new plugin", ["bun", "run", "test"], fresh)).toMatch(/Tests +\d{3} passed/);
});

test.each(["sdk", "testing"])(
  "what @botyard/%s gives to others changes on purpose only: bun run surface",
  async (name) => {
    const installed = join(folder, "zulip/node_modules/@botyard", name, "dist/index.d.ts");
    await expect(surfaceOf(installed)).toMatchFileSnapshot(join(root, "packages", name, "surface.txt"));
  },
);

test("the surface names every value that the package exports", async () => {
  const dist = join(folder, "zulip/node_modules/@botyard/sdk/dist");
  const values = Object.keys((await import(join(dist, "index.js"))) as object);
  expect(values.length).toBeGreaterThan(50);
  const named = surfaceOf(join(dist, "index.d.ts")).split("\n");
  expect(values.filter((name) => !named.includes(name))).toEqual([]);
});

test("it imports the SDK, the test kit, valibot and its own files, nothing else", () => {
  const files = readdirSync(join(root, "examples/zulip"), { recursive: true, encoding: "utf8" }).filter(
    (name) => name.endsWith(".ts") && !name.includes("node_modules"),
  );
  const allowed = /^(?:@botyard\/(?:sdk|testing)|valibot|vitest|node:[a-z/]+|\.{1,2}\/[\w./-]+)$/;
  for (const file of files)
    for (const [, from = ""] of readFileSync(join(root, "examples/zulip", file), "utf8").matchAll(/ from "([^"]+)"/g))
      expect(from, file).toMatch(allowed);
});
