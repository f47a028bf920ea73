import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PluginInspection, PluginInstaller, StageOptions } from "@botyard/core";
import { isBotyardError } from "@botyard/sdk";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { type Disk, systemDisk } from "./disk.ts";
import { type FakePlugin, fakePlugin, fakeTarball } from "./fake-plugin.ts";
import { createFakeRegistry, type FakeRegistry } from "./fake-registry.ts";
import { createInstaller } from "./installer.ts";

let folder: string;
let registry: FakeRegistry;
let installer: PluginInstaller;
const data = (): string => join(folder, "data");
const lockPath = (): string => join(data(), "plugins.lock.json");

const make = (disk: Disk = systemDisk): PluginInstaller =>
  createInstaller({
    directory: data(),
    reserved: new Map([["mattermost", "a platform of this binary"]]),
    env: { BOTYARD_NPM_REGISTRY: registry.url },
    disk,
  });

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "botyard-installer-"));
  mkdirSync(data());
  registry = await createFakeRegistry();
  installer = make();
  onTestFinished(async () => {
    await registry.close();
    rmSync(folder, { recursive: true, force: true });
  });
});

const how: StageOptions = { trusted: null, frozen: false, signal: new AbortController().signal };

async function install(source: string, more: Partial<StageOptions> = {}, by = installer): Promise<PluginInspection> {
  const staged = await by.stage(source, { ...how, ...more });
  try {
    await staged.place();
    await staged.commit();
  } catch (error) {
    await staged.discard();
    throw error;
  }
  return staged.inspection;
}

async function put(given: FakePlugin = {}, name = "parrot.tgz"): Promise<string> {
  const path = join(folder, name);
  writeFileSync(path, await fakeTarball(given));
  return path;
}

/** `code: sentence` of what is refused; what is on the disk must be as before. */
async function refused(work: () => Promise<unknown>): Promise<string> {
  const before = snapshot();
  try {
    await work();
  } catch (error) {
    expect(snapshot()).toEqual(before);
    if (isBotyardError(error)) {
      const issues = (error.details.issues ?? []).map(({ path, expected }) => `${path} expects ${expected}`);
      return [`${error.code}: ${error.message}`, ...issues].join("\n");
    }
    throw error;
  }
  throw new Error("it was not refused");
}

function snapshot(): Record<string, string> {
  const files = readdirSync(data(), { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
  return Object.fromEntries(
    files.map(({ parentPath, name }) => [join(parentPath, name), readFileSync(join(parentPath, name), "utf8")]),
  );
}

const lock = (): { plugins: Record<string, Record<string, unknown>> } =>
  JSON.parse(readFileSync(lockPath(), "utf8")) as never;

async function publish(version: string, more: FakePlugin = {}): Promise<void> {
  registry.publish({ name: "botyard-parrot", version, tarball: await fakeTarball({ version, ...more }) });
}

describe("from each source", () => {
  test("a tarball: what it asks for, files, lock file", async () => {
    const source = await put();
    const inspection = await install(source);
    expect(inspection.asks).toEqual([
      "contract 1 (this binary: 1)",
      "reaches the connection's own URL only",
      "secrets: its own",
      "hooks: none",
      "separate process",
    ]);
    expect(inspection).toMatchObject({ id: "parrot", version: "1.0.0", from: null, changes: null, downgrade: false });
    expect(lock().plugins["parrot"]).toMatchObject({ version: "1.0.0", source, integrity: inspection.integrity });
    const { plugins, broken } = await installer.installed();
    expect(broken).toEqual([]);
    expect(plugins).toMatchObject([{ version: "1.0.0", trusted: false, source, integrity: inspection.integrity }]);
    expect(readFileSync(plugins[0]?.entryFile ?? "", "utf8")).toBe('export default "1.0.0";\n');
    expect(existsSync(join(data(), "plugins/.staging"))).toBe(false);
  });

  test("a folder, without what belongs to its author alone", async () => {
    const source = join(folder, "parrot");
    for (const [path, bytes] of fakePlugin({ more: { ".npmrc": "//r/:_authToken=x", ".env": "A=1", "lib.js": "" } })) {
      mkdirSync(join(source, path, ".."), { recursive: true });
      writeFileSync(join(source, path), bytes);
    }
    await install(source);
    const [plugin] = (await installer.installed()).plugins;
    expect(readdirSync(plugin?.folder ?? "").sort()).toEqual(["lib.js", "package.json", "plugin.js"]);
  });

  test("an npm name: the newest that is tagged, a range, a tag", async () => {
    await publish("1.0.0");
    await publish("1.5.0");
    await publish("3.0.0-beta.1");
    await publish("2.0.0");
    registry.tag("botyard-parrot", "next", "3.0.0-beta.1");
    const versionOf = async (source: string): Promise<string> =>
      (await installer.stage(source, how)).inspection.version;
    expect(await versionOf("botyard-parrot")).toBe("2.0.0");
    expect(await versionOf("botyard-parrot@^1")).toBe("1.5.0");
    expect(await versionOf("npm:botyard-parrot@1.0.0")).toBe("1.0.0");
    expect(await versionOf("botyard-parrot@next")).toBe("3.0.0-beta.1");
    registry.tag("botyard-parrot", "latest", "1.0.0");
    expect(await versionOf("botyard-parrot@^1")).toBe("1.0.0");
  });

  test("a scoped name, and its author's warning", async () => {
    const tarball = await fakeTarball({ json: { name: "@chat/parrot" } });
    registry.publish({ name: "@chat/parrot", version: "1.0.0", tarball, deprecated: "use\u001b[31m the other" });
    const { asks, source } = await install("@chat/parrot");
    expect(asks.at(-1)).toBe("deprecated: use?[31m the other");
    expect(source).toBe("npm:@chat/parrot@latest");
  });
});

describe("an update", () => {
  test("says what is new, changes over in one step and leaves no old files", async () => {
    await publish("1.0.0");
    await install("botyard-parrot");
    const native = {
      name: "parrot.squawk",
      summary: "Squawk",
      run: "platform",
      effect: "send",
      route: "POST /connections/{connection}/parrot/squawk",
      fields: [],
      output: { kind: "json", schema: {} },
    };
    await publish("1.1.0", {
      manifest: { hooks: true, origins: ["https://files.example.org"] },
      description: { native: [native] },
    });
    expect(await installer.newer("parrot", how.signal)).toBe("1.1.0");
    const { from, changes } = await install("npm:botyard-parrot@latest");
    expect(from).toBe("1.0.0");
    expect(changes).toEqual([
      "+ reaches https://files.example.org",
      "+ hooks: chat servers send to it",
      "+ operation parrot.squawk (send)",
    ]);
    expect(readdirSync(join(data(), "plugins/parrot"))).toHaveLength(1);
    expect(await installer.newer("parrot", how.signal)).toBe(null);
  });

  test("knows what is older, and what is the same", async () => {
    await install(await put({ version: "1.10.0" }));
    expect((await installer.stage(await put({ version: "1.9.0" }), how)).inspection.downgrade).toBe(true);
    const again = await installer.stage(await put({ version: "1.10.0" }), how);
    expect(again.inspection).toMatchObject({ downgrade: false, same: true });
    expect((await installer.stage(await put({ version: "1.10.0", code: "2" }), how)).inspection.same).toBe(false);
  });

  test("keeps the choice to run it in Botyard's own process; a new one is asked for", async () => {
    await install(await put(), { trusted: true });
    const { trusted, asks } = await install(await put({ version: "1.0.1" }));
    expect(trusted).toBe(true);
    expect(asks).toContain("in Botyard's own process, by your choice");
  });

  test("that is given up leaves nothing behind", async () => {
    await install(await put());
    const before = snapshot();
    const staged = await installer.stage(await put({ version: "2.0.0" }), how);
    const { folder: placed } = await staged.place();
    expect(existsSync(placed)).toBe(true);
    await staged.discard();
    expect(snapshot()).toEqual(before);
    expect(existsSync(placed)).toBe(false);
  });

  test("after a crash in the middle what is left over goes with the next one", async () => {
    await install(await put());
    await (await installer.stage(await put({ version: "2.0.0" }), how)).place();
    mkdirSync(join(data(), "plugins/.staging/left"), { recursive: true });
    expect((await make().installed()).plugins).toMatchObject([{ version: "1.0.0" }]);
    await install(await put({ version: "3.0.0" }), {}, make());
    expect(readdirSync(join(data(), "plugins"))).toEqual(["parrot"]);
    expect(readdirSync(join(data(), "plugins/parrot"))).toHaveLength(1);
  });
});

describe("what is refused changes nothing", () => {
  beforeEach(async () => void (await install(await put({ id: "heron", version: "1.0.0" }, "heron.tgz"))));
  const offered = (given: FakePlugin): Promise<string> => refused(async () => install(await put(given)));

  test.each([
    ["no manifest", { json: { botyard: undefined } }, 'has no field "botyard"'],
    ["no version", { json: { version: "one" } }, "no version like 1.2.3"],
    ["a name that is a path", { json: { name: "../../evil" } }, "has no name"],
    ["an entry outside", { manifest: { entry: "../../evil.js" } }, "botyard.entry expects a path inside"],
    ["an entry that is not there", { manifest: { entry: "other.js" } }, "entry other.js is not in the package"],
    ["an id that is a path", { id: "../evil", json: { name: "evil" } }, "botyard.id expects"],
    [
      "another id in the description",
      { description: { id: "other" } },
      "botyard.description.id expects the same as id",
    ],
    ["a noun of ours", { namespace: "messages" }, '"messages" is a noun of Botyard'],
    ["control characters in its title", { manifest: { title: "a\u001b[2K" } }, "botyard.title expects one line"],
    ["an origin with a path", { manifest: { origins: ["https://a.example.org/x"] } }, "expects an origin"],
    ["a contract too new", { manifest: { contract: "2" } }, "is made for contract 2, this Botyard has contract 1"],
    ["a platform of the binary", { namespace: "mattermost" }, '"mattermost": that is a platform of this binary'],
    ["an id that is taken", { namespace: "heron" }, '"heron" is taken by the installed plugin heron'],
    [
      "dependencies it does not bring",
      { json: { dependencies: { "left-pad": "1" } } },
      "depends on what is not in its package: left-pad. Botyard installs one package",
    ],
  ] as const)("%s", async (_, given, why) => {
    expect(await offered(given as FakePlugin)).toContain(why);
  });

  test.each([
    ["messages.send", "POST /connections/{connection}/parrot/x", "native.0.name expects parrot.<verb>"],
    ["parrot.keys", "POST /keys", "native.0.route expects a path below /connections/{connection}/parrot/"],
    ["parrot.up", "POST /connections/{connection}/parrot/../bots", "native.0.route expects"],
  ])("an operation in the place of another: %s %s", async (name, route, why) => {
    const output = { kind: "json", schema: null };
    const native = [{ name, summary: "x", run: "platform", effect: "write", route, fields: [], output }];
    expect(await offered({ description: { native } })).toContain(why);
  });

  test("dependencies that are in the package are no hindrance", async () => {
    const more = { "node_modules/left-pad/package.json": "{}" };
    await install(await put({ json: { dependencies: { "left-pad": "1" } }, more }));
  });

  test("a script in it is never run", async () => {
    const marker = join(folder, "ran");
    const line = `node -e "require('fs').writeFileSync('${marker}','')"`;
    const scripts = { preinstall: line, install: line, postinstall: line, prepare: line };
    await install(await put({ json: { scripts }, more: { "binding.gyp": "{}" } }));
    expect(existsSync(marker)).toBe(false);
  });

  test("a link in a folder", async () => {
    const source = join(folder, "linked");
    mkdirSync(source);
    for (const [path, bytes] of fakePlugin()) writeFileSync(join(source, path), bytes);
    symlinkSync("/etc/passwd", join(source, "passwd"));
    expect(await refused(() => install(source))).toContain("holds a link (passwd)");
  });

  test.each([
    ["./parrot.tgz", "relative to a folder that the service does not know"],
    ["/nowhere/parrot.tgz", "there is no file or folder"],
    ["not a name", "neither the name of an npm package nor a path"],
    ["botyard-parrot@!!", "no version, range or tag"],
  ])("the source %s", async (source, why) => {
    expect(await refused(() => install(source))).toContain(why);
  });

  test("with --frozen, whatever would change the lock file", async () => {
    expect(await refused(async () => install(await put(), { frozen: true }))).toContain("it is not in it");
    const newer = await put({ id: "heron", version: "1.0.1" }, "heron.tgz");
    expect(await refused(() => install(newer, { frozen: true }))).toContain("plugins.lock.json says (1.0.0)");
    const same = await put({ id: "heron", version: "1.0.0" }, "heron.tgz");
    await install(same, { frozen: true });
  });
});

describe("the registry", () => {
  beforeEach(() => publish("1.0.0"));

  test.each([
    ["missing", "not_found: there is no package"],
    ["botyard-parrot@^7", 'not_found: botyard-parrot has no version "^7"'],
  ])("without %s", async (source, why) => {
    expect(await refused(() => install(source))).toContain(why);
  });

  test("gone in the middle of a tarball", async () => {
    registry.cut();
    expect(await refused(() => install("botyard-parrot"))).toMatch(/unreachable: 127\.0\.0\.1:\d+ cannot be reached/);
    await install("botyard-parrot");
  });

  test("not there at all, or failing", async () => {
    registry.fail(503);
    expect(await refused(() => install("botyard-parrot"))).toContain("upstream: ");
    await registry.close();
    expect(await refused(() => install("botyard-parrot"))).toContain("unreachable: ");
  });

  test("gives other bytes than its hash says, or no hash", async () => {
    const tarball = await fakeTarball({ version: "2.0.0" });
    const integrity = `sha512-${"A".repeat(86)}==`;
    registry.publish({ name: "botyard-parrot", version: "2.0.0", tarball, integrity });
    expect(await refused(() => install("botyard-parrot"))).toContain("is not what the registry's sha512 says");
    registry.publish({ name: "botyard-parrot", version: "2.0.0", tarball, integrity: null });
    expect(await refused(() => install("botyard-parrot"))).toContain("gives no sha512");
  });

  test("is asked for nothing but the package", async () => {
    await publish("1.0.0", { json: { optionalDependencies: { fsevents: "1" }, peerDependencies: { a: "1" } } });
    await install("botyard-parrot");
    expect(registry.asked).toEqual(["botyard-parrot", "botyard-parrot/-/1.0.0.tgz"]);
  });
});

describe("the disk", () => {
  const full = (): never => {
    throw Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
  };

  test.each([
    [
      "full after some files",
      {
        ...systemDisk,
        write: (path: string, bytes: Uint8Array) =>
          path.endsWith("plugin.js") ? full() : systemDisk.write(path, bytes),
      },
    ],
    [
      "full at the lock file",
      {
        ...systemDisk,
        write: (path: string, bytes: Uint8Array) => (path.endsWith(".new") ? full() : systemDisk.write(path, bytes)),
      },
    ],
    [
      "refuses to put the lock file in place",
      {
        ...systemDisk,
        move: (from: string, to: string) => (to.endsWith(".json") ? full() : systemDisk.move(from, to)),
      },
    ],
  ])("%s", async (_, disk) => {
    await install(await put());
    const said = await refused(async () => install(await put({ version: "2.0.0" }), {}, make(disk)));
    expect(said).toContain("is full. What was installed before is unchanged");
    await install(await put({ version: "2.0.0" }));
    expect((await installer.installed()).plugins).toMatchObject([{ version: "2.0.0" }]);
  });

  test("files that changed are not those installed; fetched again they are", async () => {
    await install(await put());
    const [plugin] = (await installer.installed()).plugins;
    writeFileSync(plugin?.entryFile ?? "", "evil()");
    expect(await installer.verify("parrot")).toContain("not those that were installed");
    expect(await installer.installed()).toMatchObject({ plugins: [], broken: [{ id: "parrot" }] });
    const staged = await installer.stageLocked("parrot", how.signal);
    await staged.place();
    await staged.commit();
    expect(await installer.verify("parrot")).toBe(null);
  });

  test("files that are gone come back as the lock file says, or not at all", async () => {
    await publish("1.0.0");
    await install("botyard-parrot@^1");
    await publish("1.1.0");
    rmSync(join(data(), "plugins"), { recursive: true });
    expect((await installer.installed()).broken).toEqual([
      { id: "parrot", version: "1.0.0", reason: "its files are gone" },
    ]);
    const staged = await installer.stageLocked("parrot", how.signal);
    await staged.place();
    await staged.commit();
    expect((await installer.installed()).plugins).toMatchObject([
      { version: "1.0.0", source: "npm:botyard-parrot@^1" },
    ]);
    rmSync(join(data(), "plugins"), { recursive: true });
    await publish("1.0.0", { code: "evil()" });
    expect(await refused(() => installer.stageLocked("parrot", how.signal))).toContain("conflict: ");
  });

  test.each(["{", '{"lockfileVersion":2,"plugins":{}}', '{"lockfileVersion":1,"plugins":{"../x":{}}}'])(
    "a lock file that says %s is not touched",
    async (text) => {
      writeFileSync(lockPath(), text);
      expect(await refused(async () => install(await put()))).toContain("is damaged, or of a later Botyard");
    },
  );

  test.each(["parrot/../../../evil", "parrot/..", "/evil", "parrot"])(
    "a lock file that names the folder %s is refused",
    async (named) => {
      await install(await put());
      cpSync(join(data(), "plugins/parrot"), join(folder, "evil"), { recursive: true });
      const changed = lock();
      Object.assign(changed.plugins["parrot"] ?? {}, { folder: named });
      writeFileSync(lockPath(), JSON.stringify(changed));
      expect(await refused(() => installer.installed())).toContain("is damaged");
    },
  );

  test("a removed plugin is out of the lock file and its files are gone", async () => {
    await install(await put());
    await install(await put({ id: "heron" }, "heron.tgz"));
    expect(await installer.remove("parrot")).toMatchObject({ id: "parrot", version: "1.0.0" });
    expect(Object.keys(lock().plugins)).toEqual(["heron"]);
    expect(readdirSync(join(data(), "plugins"))).toEqual(["heron"]);
    expect(await refused(() => installer.remove("parrot"))).toContain("not_found: ");
  });

  test("two at one time are done one after the other", async () => {
    const [one, two] = [await put(), await put({ id: "heron" }, "heron.tgz")];
    await Promise.all([one, two].map((source) => installer.exclusive(() => install(source))));
    expect(Object.keys(lock().plugins).sort()).toEqual(["heron", "parrot"]);
  });
});
