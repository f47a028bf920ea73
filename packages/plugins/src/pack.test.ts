import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isBotyardError } from "@botyard/sdk";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { checkPlugin } from "./check.ts";
import { packPlugin } from "./pack.ts";
import { readPackage } from "./package-json.ts";
import { newPlugin, scaffoldPlugin } from "./scaffold.ts";
import { runSuite } from "./suite.ts";
import { unpack } from "./unpack.ts";

const onDeno = process.versions["deno"] !== undefined;
const example = join(import.meta.dirname, "../../../examples/platform");
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "botyard-pack-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
});

/** A new plugin whose packages are there, as after `npm install`. */
async function plugin(id = "hawk"): Promise<string> {
  const source = join(folder, id);
  await scaffoldPlugin(id, source);
  symlinkSync(join(example, "node_modules"), join(source, "node_modules"));
  return source;
}

function edit(path: string, change: (text: string) => string): void {
  writeFileSync(path, change(readFileSync(path, "utf8")));
}

const refusal = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
  } catch (error) {
    if (isBotyardError(error)) return `${error.code}: ${error.message}`;
    throw error;
  }
  return "done";
};

describe("a new plugin", () => {
  test("bears its own name everywhere and stands alone", () => {
    const files = newPlugin("rocket-chat");
    expect(Object.keys(files)).toEqual(
      expect.arrayContaining([
        "package.json",
        "README.md",
        "src/index.ts",
        "src/simulator/index.ts",
        "test/contract.test.ts",
      ]),
    );
    for (const [path, text] of Object.entries(files)) {
      expect(`${path} ${text}`, path).not.toMatch(/pigeon/i);
      expect(text, path).not.toMatch(/workspace:|catalog:|\.\.\/\.\.\/(?:tsconfig|vitest)/);
    }
    expect(files["src/index.ts"]).toContain('title: "Rocket chat"');
    expect(files["README.md"]).toContain("botyard plugins add ./botyard-rocket-chat-0.1.0.tgz");
    expect(JSON.parse(files["package.json"] ?? "")).toMatchObject({
      name: "botyard-rocket-chat",
      botyard: { source: "src/index.ts", origins: [], hooks: false },
      allowScripts: { bun: true },
    });
  });

  test("is written all or not at all", async () => {
    await scaffoldPlugin("hawk", join(folder, "hawk"));
    mkdirSync(join(folder, "by hand"));
    expect(statSync(join(folder, "hawk")).mode).toBe(statSync(join(folder, "by hand")).mode);
    const before = readFileSync(join(folder, "hawk/package.json"), "utf8");
    expect(await refusal(scaffoldPlugin("heron", join(folder, "hawk")))).toMatch(/^conflict: .* is there already/);
    expect(readFileSync(join(folder, "hawk/package.json"), "utf8")).toBe(before);
  });
});

describe.skipIf(onDeno)("packed (needs Bun: Deno has no bundler)", () => {
  test("one module and a manifest from the code; the same source gives the same bytes", async () => {
    const source = await plugin();
    const packed = await packPlugin(source);
    const files = await unpack(readFileSync(packed.file));
    expect([...files.keys()]).toEqual(["package.json", "plugin.js", "README.md"]);
    const { name, version, manifest } = readPackage(files);
    expect([name, version]).toEqual(["botyard-hawk", "0.1.0"]);
    expect(manifest).toMatchObject({ id: "hawk", namespace: "hawk", contract: "1", entry: "plugin.js", hooks: false });
    expect(manifest.description.capabilities["messages.send"]).toMatchObject({ support: "native", actsAs: "bot" });
    expect(Object.keys(manifest.description.credentials)).toEqual(["admin-key", "bot-key"]);
    const json = JSON.parse(new TextDecoder().decode(files.get("package.json"))) as Record<string, unknown>;
    expect(json).not.toHaveProperty("scripts");
    expect(json).not.toHaveProperty("dependencies");
    expect((await packPlugin(source)).integrity).toBe(packed.integrity);
  });

  test("what its author writes of origins and hooks stands in the manifest; a wrong one is refused", async () => {
    const source = await plugin();
    const own = (botyard: object): void =>
      edit(join(source, "package.json"), (text) => JSON.stringify({ ...(JSON.parse(text) as object), botyard }));
    own({ origins: ["settings", "https://files.example.org"], hooks: true });
    expect((await packPlugin(source)).manifest).toMatchObject({
      origins: ["settings", "https://files.example.org"],
      hooks: true,
    });
    own({ origins: ["*.example.org"] });
    expect(await refusal(packPlugin(source))).toMatch(/^invalid: /);
  });

  test.each([
    ["no platform", "src/index.ts", () => "export default 7;", "no platform as its default export"],
    ["code that throws", "src/index.ts", () => 'throw new Error("not today");', "does not start: not today"],
    [
      "an import that is not there",
      "src/index.ts",
      () => 'import "is-not-there"; export default 1;',
      "cannot be bundled",
    ],
    [
      "an id that is taken",
      "src/index.ts",
      (text: string) => text.replaceAll('"hawk"', '"bots"'),
      "manifest of this plugin",
    ],
    ["no version", "package.json", (text: string) => text.replace('"0.1.0"', '"soon"'), "no version like 1.2.3"],
  ])("%s is refused", async (_, path, change, why) => {
    const source = await plugin();
    edit(join(source, path), change);
    expect(await refusal(packPlugin(source))).toContain(why);
  });

  test("checked: what it declares, and where manifest and code differ", async () => {
    const source = await plugin();
    const found = await checkPlugin(source);
    expect(found).toMatchObject({ name: "botyard-hawk", differences: [] });
    expect(found.declared).toEqual({ native: 11, emulated: 2 });
    const { file } = await packPlugin(source);
    expect((await checkPlugin(file)).differences).toEqual([]);
    const files = new Map(await unpack(readFileSync(file)));
    const packed = join(folder, "packed");
    mkdirSync(packed);
    for (const [path, bytes] of files) writeFileSync(join(packed, path), bytes);
    edit(join(packed, "package.json"), (text) => text.replace('"Admin key"', '"A name of a pet"'));
    expect((await checkPlugin(packed)).differences).toEqual(["credentials.admin-key.title"]);
  });
});

test("its own tests are run by this program alone: what passed, what failed, and one of them again", async () => {
  const source = await plugin();
  const none = join(folder, "none");
  mkdirSync(none);
  expect(await runSuite(none, null)).toBe(null);
  rmSync(join(source, "test/contract.test.ts"));
  writeFileSync(
    join(source, "test/own.test.ts"),
    `import { describe, expect, test } from "vitest";
describe("parrots", () => {
  test("talk (a lot)", () => expect("hello").toBe("hello"));
  test("fly", () => expect("no").toBe("yes"));
  test.skip("swim", () => {});
});
`,
  );
  rmSync(join(source, "test/receive.test.ts"), { force: true });
  const all = await runSuite(source, null);
  expect(all).toMatchObject({ passed: 1, failed: 1, skipped: 1 });
  expect(all?.failures).toEqual([
    { name: "parrots › fly", title: "fly", reason: "AssertionError: expected 'no' to be 'yes' // Object.is equality" },
  ]);
  expect(await runSuite(source, "talk (a lot)")).toMatchObject({ passed: 1, failed: 0 });
  writeFileSync(join(source, "test/own.test.ts"), 'import "./is-not-there.ts";\n');
  expect(await runSuite(source, null)).toMatchObject({ passed: 0, failed: 1, failures: [{ title: "" }] });
}, 30_000);

test.runIf(onDeno)("packing says what to do (needs Deno)", async () => {
  expect(await refusal(packPlugin(await plugin()))).toBe(
    "unsupported: packing bundles with Bun, and this program runs on Deno",
  );
});
