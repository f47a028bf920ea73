import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { createLogger, createMemorySealer, createRedactor, createRuntime, openStore } from "@botyard/core";
import { isBotyardError, type Operations, type OutputOf } from "@botyard/sdk";
import { expect, onTestFinished, test } from "vitest";
import { type Disk, systemDisk } from "./disk.ts";
import { type FakePlugin, fakeTarball } from "./fake-plugin.ts";
import { createInstaller } from "./installer.ts";

/** A platform that does nothing and says its version when it is looked at. */
function code(version: string): string {
  const modules = join(import.meta.dirname, "../node_modules");
  const file = (path: string): string => JSON.stringify(pathToFileURL(realpathSync(join(modules, path))).href);
  return `import { definePlatform } from ${file("@botyard/sdk/src/index.ts")};
import * as v from ${file("valibot/dist/index.mjs")};
export default definePlatform({
  id: "parrot", namespace: "parrot", title: "Parrot", contract: 1, url: "none", settings: v.strictObject({}), credentials: {},
  capabilities: {}, native: {},
  async open() {
    return {
      operations: {},
      probe: async () => ({ server: { name: "Parrot", version: "${version}" }, checks: [], continuity: "unprovable" }),
      resolveRoom: async () => null,
      async close() {},
    };
  },
});
`;
}

type Result<N extends keyof Operations> = OutputOf<Operations[N]>;

/** A runtime whose plugins run in this process, on a disk that can be made full. */
async function scene() {
  const folder = mkdtempSync(join(tmpdir(), "botyard-change-over-"));
  const directory = join(folder, "data");
  mkdirSync(directory);
  let full: RegExp | null = null;
  const disk: Disk = {
    ...systemDisk,
    write: (path, bytes) =>
      full?.test(path)
        ? Promise.reject(Object.assign(new Error("no space left on device"), { code: "ENOSPC" }))
        : systemDisk.write(path, bytes),
  };
  const redactor = createRedactor();
  const runtime = await createRuntime({
    version: "0",
    platforms: [],
    store: await openStore({ memory: true }),
    sealer: createMemorySealer(),
    redactor,
    logger: createLogger({ level: "silent", format: "json", redactor, write: () => {} }),
    receive: false,
    installer: createInstaller({ directory, reserved: new Map(), env: {}, disk }),
  });
  onTestFinished(async () => {
    await runtime.close({ drainMs: 0 });
    rmSync(folder, { recursive: true, force: true });
  });
  const call = async <N extends keyof Operations>(name: N, input: object): Promise<Result<N>> => {
    const options = { principal: runtime.local, request: "req_test" };
    return (await runtime.invoke(name, input as never, options)).value as Result<N>;
  };
  const put = async (version: string, more: FakePlugin = {}): Promise<string> => {
    const source = join(folder, `parrot-${version}.tgz`);
    const description = { url: "none", credentials: {}, capabilities: {} };
    writeFileSync(source, await fakeTarball({ version, code: code(version), description, ...more }));
    return source;
  };
  return {
    call,
    put,
    lockFile: join(directory, "plugins.lock.json"),
    fill: (path: RegExp | null) => void (full = path),
    async add(version: string, more: object = {}) {
      return call("plugins.add", { source: await put(version), trusted: true, ...more });
    },
    /** What runs, by what it says itself. */
    async runs(): Promise<string | null> {
      return (await call("connections.probe", { connection: "birds" })).server.version;
    },
  };
}

const codeOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
    return "done";
  } catch (error) {
    return isBotyardError(error) ? `${error.code}: ${error.message}` : String(error);
  }
};

test("when the lock file cannot be written, what ran before runs again, and nothing is left over", async () => {
  const { add, call, runs, fill, lockFile } = await scene();
  await add("1.0.0");
  await call("connections.create", { id: "birds", platform: "parrot" });
  expect(await runs()).toBe("1.0.0");
  const before = readFileSync(lockFile, "utf8");

  fill(/plugins\.lock\.json/);
  expect(await codeOf(add("2.0.0"))).toMatch(/^internal: the disk that holds .* is full/);
  expect(await runs()).toBe("1.0.0");
  expect(readFileSync(lockFile, "utf8")).toBe(before);
  expect(await call("plugins.list", {})).toMatchObject({ items: [{ version: "1.0.0", state: "running" }] });

  fill(null);
  expect(await add("2.0.0")).toMatchObject({ state: "updated", from: "1.0.0", connections: ["birds"] });
  expect(await runs()).toBe("2.0.0");
});

test("a first one that cannot be written down is not loaded either", async () => {
  const { add, call, fill, lockFile } = await scene();
  fill(/plugins\.lock\.json/);
  expect(await codeOf(add("1.0.0"))).toContain("is full");
  expect(existsSync(lockFile)).toBe(false);
  expect(await call("plugins.list", {})).toMatchObject({ items: [] });
  expect(await codeOf(call("connections.create", { id: "birds", platform: "parrot" }))).toMatch(/^unsupported: /);
});

test("code that does not start leaves what runs alone, whatever it throws", async () => {
  const { add, put, call, runs } = await scene();
  await add("1.0.0");
  await call("connections.create", { id: "birds", platform: "parrot" });
  for (const bad of ["throw 1;", "throw null;", "export default 7;", "export default {};", "syntax error"]) {
    const source = await put("2.0.0", { code: bad });
    expect(await codeOf(call("plugins.add", { source, trusted: true }))).toMatch(
      /^(?:invalid|plugin_failed): .*\. parrot 1\.0\.0 stays as it was$/,
    );
    expect(await runs()).toBe("1.0.0");
  }
  expect(await call("plugins.list", {})).toMatchObject({ items: [{ version: "1.0.0", state: "running" }] });
});

test("what was shown is what is installed, and an older version needs a word of its own", async () => {
  const { add, call, put, runs } = await scene();
  const source = await put("2.0.0");
  const plan = await call("plugins.add", { source, trusted: true, dryRun: true });
  expect(plan).toMatchObject({ state: "planned", trusted: true, from: null });
  expect(plan.asks).toContain("in Botyard's own process, by your choice");
  await put("2.0.0", { code: `${code("2.0.0")}\n// changed` });
  const { integrity } = plan;
  expect(await codeOf(call("plugins.add", { source, trusted: true, integrity }))).toContain("no longer what was shown");
  await put("2.0.0");
  await call("plugins.add", { source, trusted: true, integrity });
  await call("connections.create", { id: "birds", platform: "parrot" });
  expect(await codeOf(add("1.0.0"))).toBe(
    "conflict: parrot 2.0.0 is installed, and 1.0.0 is older. Nothing was changed",
  );
  expect(await add("1.0.0", { downgrade: true })).toMatchObject({ state: "updated", downgrade: true });
  expect(await runs()).toBe("1.0.0");
});

test("data stays when a plugin goes, unless it is told to go too", async () => {
  const { add, call, runs } = await scene();
  await add("1.0.0");
  await call("connections.create", { id: "birds", platform: "parrot" });
  expect(await call("plugins.remove", { plugin: "parrot" })).toMatchObject({ kept: ["birds"], deleted: [] });
  expect(await codeOf(runs())).toMatch(/^unsupported: /);
  await add("1.0.0");
  expect(await runs()).toBe("1.0.0");
  expect(await call("plugins.remove", { plugin: "parrot", deleteData: true })).toMatchObject({
    kept: [],
    deleted: ["birds"],
  });
  expect((await call("connections.list", {})).items).toEqual([]);
});

test("without a data directory there is nothing to install into, and it says so", async () => {
  const redactor = createRedactor();
  const runtime = await createRuntime({
    version: "0",
    platforms: [],
    store: await openStore({ memory: true }),
    sealer: createMemorySealer(),
    redactor,
    logger: createLogger({ level: "silent", format: "json", redactor, write: () => {} }),
    receive: false,
  });
  onTestFinished(() => runtime.close({ drainMs: 0 }));
  const listed = runtime.invoke("plugins.list", {}, { principal: runtime.local, request: "req_test" });
  expect(await codeOf(listed)).toMatch(/^unsupported: plugins are kept in a data directory/);
});
