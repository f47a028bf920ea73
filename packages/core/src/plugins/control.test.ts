import { contractVersion } from "@botyard/sdk";
import { afterEach, describe, expect, test, vi } from "vitest";
import { describePlatform } from "../describe/platform.ts";
import { isAlive, rogueRuntime, roguePlugin } from "./fixtures/rogue-runtime.ts";
import rogue from "./fixtures/rogue.ts";

const endings: (() => Promise<void>)[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const end of endings.splice(0)) await end();
});

async function start(options: Parameters<typeof rogueRuntime>[0] = {}) {
  const made = await rogueRuntime(options);
  endings.push(made.close);
  return made;
}

const soon = { timeout: 15_000, interval: 20 };
const description = describePlatform(rogue);

/** Of another plugin than the rogue, with the same code behind it. */
const named = (id: string, namespace: string) => ({
  id,
  namespace,
  description: {
    ...description,
    id,
    namespace,
    native: description.native.map((operation) => ({
      ...operation,
      name: operation.name.replace("rogue.", `${namespace}.`),
      route: operation.route.replace("/rogue/", `/${namespace}/`) as typeof operation.route,
    })),
  },
});

describe("the table follows", () => {
  test("unloading takes operations and platform away; loading brings them back, for the same connections", async () => {
    const { runtime, connect, act, state } = await start();
    await connect();
    const pid = Number((await act("pid")).done);
    const told: string[] = [];
    const stop = runtime.plugins.onChange((what) => void told.push(what));
    await runtime.plugins.unload("rogue");
    expect(runtime.operations.has("rogue.act")).toBe(false);
    expect(runtime.descriptors.has("rogue.act")).toBe(false);
    expect(runtime.platforms.has("rogue")).toBe(false);
    expect(runtime.plugins.list()).toEqual([]);
    expect(told).toContain("table");
    await expect(act("fine")).rejects.toMatchObject({ code: "not_found" });
    await expect.poll(() => isAlive(pid), soon).toBe(false);
    stop();
    // Its records are kept.
    expect(await state("bad")).toMatchObject({ id: "bad", platform: "rogue", state: "closed" });
    const status = await runtime.plugins.load(roguePlugin());
    expect(status).toMatchObject({ id: "rogue", state: "running" });
    expect(runtime.descriptors.get("rogue.act")).toMatchObject({ platform: "rogue", noun: "rogue" });
    expect(await act("fine")).toEqual({ done: "fine" });
  });

  test("a new version takes the place of the old one; a call under way ends on the old", async () => {
    const { runtime, connect, act, look, status } = await start();
    await connect();
    const old = Number((await act("pid")).done);
    const under = act("never", { deadlineMs: 1_000 }).catch((error: unknown) => error);
    await look("fine");
    await runtime.plugins.load(roguePlugin({ version: "1.1.0" }));
    expect(status()).toMatchObject({ version: "1.1.0", state: "running", crashes: 0 });
    const now = Number((await act("pid")).done);
    expect(now).not.toBe(old);
    expect(await under).toMatchObject({ effect: "unknown" });
    await expect.poll(() => isAlive(old), soon).toBe(false);
    expect(isAlive(now)).toBe(true);
  });

  test("a process that no connection needs is ended after a while and started when one does", async () => {
    const { runtime, connect, act, call, status } = await start();
    await connect();
    const pid = Number((await act("pid")).done);
    await call("connections.delete", { connection: "bad" });
    await expect.poll(() => isAlive(pid), soon).toBe(false);
    expect(status()).toMatchObject({ state: "stopped", crashes: 0 });
    await connect();
    expect(await act("fine")).toEqual({ done: "fine" });
    expect(runtime.plugins.list()).toHaveLength(1);
  });
});

test("one that does not end its sessions is ended with them open", async () => {
  const { runtime, connect, act } = await start({ mode: "close-never" });
  await connect();
  const pid = Number((await act("pid")).done);
  await runtime.plugins.unload("rogue");
  await expect.poll(() => isAlive(pid), soon).toBe(false);
}, 20_000);

describe("what is refused, and what ran runs on", () => {
  const newer = contractVersion + 1;
  test.each([
    [
      "a contract too new",
      roguePlugin({ version: "2.0.0", manifest: { contract: `${newer}` } }),
      "unsupported",
      `rogue 2.0.0 is made for contract ${newer}, this Botyard has contract ${contractVersion}: update Botyard`,
    ],
    [
      "an id of this binary",
      roguePlugin({ manifest: named("tiny", "mini") }),
      "conflict",
      'id "tiny" is taken: this binary',
    ],
    [
      "a namespace of this binary",
      roguePlugin({ manifest: named("mini", "tiny") }),
      "conflict",
      'namespace "tiny" is taken',
    ],
    [
      "a namespace of a plugin",
      roguePlugin({ manifest: named("mini", "rogue") }),
      "conflict",
      "the plugin rogue has it",
    ],
    ["a noun of ours", roguePlugin({ manifest: named("mini", "messages") }), "conflict", "a word of Botyard's own"],
    [
      "a description of something else",
      roguePlugin({ manifest: { id: "mini", namespace: "mini" } }),
      "invalid",
      "contradicts itself",
    ],
    [
      "an operation outside of its namespace",
      roguePlugin({
        manifest: {
          description: {
            ...description,
            native: description.native.map((operation) => ({ ...operation, route: "POST /connections" as const })),
          },
        },
      }),
      "invalid",
      "is not called rogue.…",
    ],
    [
      "an operation the code does not have",
      roguePlugin({
        manifest: {
          description: {
            ...description,
            native: [
              ...description.native,
              ...description.native.slice(0, 1).map((one) => ({ ...one, name: "rogue.more" })),
            ],
          },
        },
      }),
      "invalid",
      '"rogue.more" is there and not in the code',
    ],
    [
      "an operation the manifest does not have",
      roguePlugin({ manifest: { description: { ...description, native: description.native.slice(1) } } }),
      "invalid",
      "is in the code and not there",
    ],
    [
      "code that is not there",
      roguePlugin({ entryFile: "/nowhere/plugin.js" }),
      "plugin_failed",
      "rogue does not start: its code could not be loaded: ",
    ],
  ])("%s", async (_, plugin, code, text) => {
    const { runtime, connect, act, status } = await start();
    await connect();
    const pid = (await act("pid")).done;
    const error: unknown = await runtime.plugins.load(plugin).catch((failure: unknown) => failure);
    expect(error).toMatchObject({ code, message: expect.stringContaining(text) });
    expect(await act("pid")).toEqual({ done: pid });
    expect(status()).toMatchObject({ version: "1.0.0", state: "running" });
    expect(runtime.plugins.list()).toHaveLength(1);
  });

  test.each([
    ["import-throw", "rogue does not start: its code could not be loaded: TypeError"],
    ["other-id", 'id is "rogue" there and "saint" in the code'],
    ["contract-2", `made for contract ${newer}`],
    ["open-exit", "exit code 4"],
  ])("code that starts as %s: the connection is failed and says why, and nothing else is", async (mode, why) => {
    const { connect, state, call, status } = await start({ mode });
    await connect();
    await expect
      .poll(() => state("bad"), soon)
      .toMatchObject({ state: "failed", reason: expect.stringContaining(why) });
    expect(JSON.stringify([await state("bad"), status()])).not.toContain("SECRET-TEXT");
    expect(await state("chat")).toMatchObject({ state: "ready" });
    expect(["failed", "starting", "quarantined"]).toContain(status()?.state);
    await expect(call("rogue.act", { connection: "bad", what: "fine" })).rejects.toMatchObject({
      code: "plugin_failed",
      effect: "none",
    });
  });

  test("one that cannot be taken at the start is failed with the reason, and the rest starts", async () => {
    const { runtime, state, connect, act } = await start({ plugin: roguePlugin({ manifest: { contract: "99" } }) });
    expect(runtime.plugins.list()).toMatchObject([
      { id: "rogue", state: "failed", reason: expect.stringContaining("made for contract 99") },
    ]);
    expect(await state("chat")).toMatchObject({ state: "ready" });
    await connect();
    expect(await state("bad")).toMatchObject({
      state: "failed",
      reason: expect.stringContaining("made for contract 99"),
      remedy: "botyard plugins update rogue",
    });
    await runtime.plugins.load(roguePlugin());
    expect(runtime.plugins.list()).toMatchObject([{ id: "rogue", state: "running" }]);
    expect(await act("fine")).toEqual({ done: "fine" });
  });

  test("members that this version does not know are ignored", async () => {
    const more = {
      ...description,
      later: { x: 1 },
      native: description.native.map((operation) => ({ ...operation, later: true })),
      capabilities: {
        ...description.capabilities,
        "moons.land": { support: "native", actsAs: "bot" },
        "rogue.look": { support: "telepathic", actsAs: "bot" },
      } as unknown as typeof description.capabilities,
    };
    const { connect, act, look } = await start({
      plugin: roguePlugin({ manifest: { description: more, later: true } as never }),
    });
    await connect();
    expect(await act("fine")).toEqual({ done: "fine" });
    await expect(look("fine")).rejects.toMatchObject({
      code: "unsupported",
      message: expect.stringContaining("in a way this version of Botyard does not know"),
    });
  });
});

test("trusted, it runs in this process", async () => {
  vi.stubEnv("ROGUE_MODE", "");
  const { connect, act, status } = await start({ plugin: roguePlugin({ trusted: true }) });
  await connect();
  expect(await act("pid")).toEqual({ done: String(process.pid) });
  expect(status()).toMatchObject({ process: "in-process", state: "running" });
  // What it reaches is what its manifest asks for, here as well.
  expect(await act("reach", { with: "http://other.example:1" })).toEqual({ done: "forbidden" });
});
