import { afterEach, describe, expect, test, vi } from "vitest";
import { isAlive, rogueRuntime, roguePlugin } from "./fixtures/rogue-runtime.ts";

const endings: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0)) await end();
});

async function start(options: Parameters<typeof rogueRuntime>[0] = {}) {
  const made = await rogueRuntime(options);
  endings.push(made.close);
  return made;
}

async function connected(options: Parameters<typeof rogueRuntime>[0] = {}) {
  const made = await start(options);
  await made.connect();
  return made;
}

const soon = { timeout: 15_000, interval: 20 };

test("a plugin runs in a process of its own, started by its first connection", async () => {
  const { connect, act, status, state } = await start();
  expect(status()).toMatchObject({ id: "rogue", version: "1.0.0", process: "child", state: "stopped" });
  await connect();
  const { done } = await act("pid");
  expect(Number(done)).not.toBe(process.pid);
  expect(status()).toMatchObject({ state: "running", pid: Number(done), crashes: 0 });
  expect(await state("bad")).toMatchObject({ state: "ready" });
});

describe("what a plugin throws and answers", () => {
  test.each(["throw-text", "throw-null", "throw-getter"])(
    "%s: plugin_failed, effect unknown, no text of it",
    async (what) => {
      const { act, look } = await connected();
      const error = await act(what).catch((failure: unknown) => failure);
      expect(error).toMatchObject({ code: "plugin_failed", effect: "unknown" });
      expect(String(error)).not.toContain("SECRET");
      await expect(look(what)).rejects.toMatchObject({ code: "plugin_failed", effect: "none" });
      // It lives.
      expect(await act("fine")).toEqual({ done: "fine" });
    },
  );

  test("an error of the contract comes through as it is", async () => {
    const { act } = await connected();
    await expect(act("conflict")).rejects.toMatchObject({ code: "conflict", message: "it is taken", effect: "none" });
  });

  test.each(["lie", "nothing"])(
    "%s: an answer its schema forbids is plugin_failed, and says which field",
    async (what) => {
      const { act } = await connected();
      await expect(act(what)).rejects.toMatchObject({
        code: "plugin_failed",
        effect: "applied",
        message: expect.stringContaining("rogue.act"),
      });
    },
  );

  test("an answer that cannot cross is an error of the plugin and not of the line", async () => {
    const { act } = await connected();
    await expect(act("function")).rejects.toMatchObject({ message: expect.stringContaining("a function at done") });
    expect(await act("fine")).toEqual({ done: "fine" });
  });

  test("one that never answers ends at the deadline; others go on", async () => {
    const { act, look } = await connected();
    const never = act("never", { deadlineMs: 300 });
    expect(await look("fine")).toEqual({ done: "fine" });
    await expect(never).rejects.toMatchObject({ effect: "unknown" });
    expect(await act("fine")).toEqual({ done: "fine" });
  });

  test("inputs are checked with the plugin's own schema, over there, as the caller's fault", async () => {
    const { act } = await connected();
    await expect(act("UPPER")).rejects.toMatchObject({ code: "invalid", effect: "none" });
    await expect(act("nonsense")).rejects.toMatchObject({ code: "invalid", effect: "none" });
    await expect(act("fine", { bogus: 1 } as never)).rejects.toMatchObject({
      code: "invalid",
      message: expect.stringContaining("bogus"),
    });
  });
});

describe("a plugin that breaks", () => {
  test.each([
    ["exit", "exit code 3"],
    ["later", "RangeError"],
  ])(
    "%s in a call: effect unknown (reading: none), restarted, and the other connection is ready all the time",
    async (what, why) => {
      const { act, look, state, status, lines } = await connected();
      const error = await act(what).catch((failure: unknown) => failure);
      expect(error).toMatchObject({ code: "plugin_failed", effect: "unknown", message: expect.stringContaining(why) });
      expect(String(error)).not.toContain("SECRET");
      expect(await state("chat")).toMatchObject({ state: "ready" });
      await expect.poll(async () => (await state("bad")).state, soon).toBe("ready");
      expect(status()).toMatchObject({ state: "running", crashes: 1, restarts: 1 });
      await expect(look(what)).rejects.toMatchObject({ code: "plugin_failed", effect: "none" });
      await vi.waitFor(() => expect(lines.join("\n")).toContain("is started again"));
    },
  );

  test("while it is down its calls fail with effect none and the reason, and the connection says so", async () => {
    const { act, state } = await connected();
    await expect(act("exit")).rejects.toMatchObject({ code: "plugin_failed" });
    await expect(act("fine")).rejects.toMatchObject({ code: "plugin_failed", effect: "none" });
    expect(await state("bad")).toMatchObject({ state: "failed", reason: expect.stringContaining("exit code 3") });
  });

  test("calls while it is down write nothing, whoever makes them and how often; one with a key is remembered", async () => {
    const { act, call, status } = await connected();
    const rows = async (): Promise<unknown> =>
      ((await call("ledger.list", { connection: "bad" })) as { items: { state: string }[] }).items.map(
        (row) => row.state,
      );
    await expect(act("exit")).rejects.toMatchObject({ code: "plugin_failed" });
    await expect.poll(() => status()?.state, soon).toBe("failed");
    for (let n = 0; n < 20; n += 1) await expect(act("fine")).rejects.toMatchObject({ code: "plugin_failed" });
    expect(await rows()).toEqual(["unknown"]);
    const keyed = call("rogue.act", { connection: "bad", what: "fine" }, { idempotencyKey: "k1" });
    await expect(keyed).rejects.toMatchObject({ code: "plugin_failed", effect: "none" });
    expect(await rows()).toEqual(["failed", "unknown"]);
  });

  test("five crashes in a minute: quarantined, with the reason and the way out; loading it again ends that", async () => {
    const { runtime, call, act, state, status } = await connected();
    for (let crash = 1; crash <= 5; crash += 1) {
      await expect.poll(async () => (await state("bad")).state, soon).toBe("ready");
      await expect(act("exit")).rejects.toMatchObject({ code: "plugin_failed" });
    }
    await expect.poll(() => status()?.state, soon).toBe("quarantined");
    expect(status()).toMatchObject({
      crashes: 5,
      reason: expect.stringMatching(/^5 crashes in 60 s, quarantined; .*exit code 3/),
    });
    expect(await state("bad")).toMatchObject({
      state: "failed",
      reason: expect.stringMatching(/^plugin_failed: 5 crashes in 60 s, quarantined/),
      remedy: "botyard plugins update rogue",
    });
    const said = await state("bad");
    await expect(call("connections.probe", { connection: "bad" })).rejects.toMatchObject({ message: said.reason });
    // Looking changed nothing of what is said.
    expect(await state("bad")).toMatchObject({ reason: said.reason, remedy: said.remedy });
    await expect(act("fine")).rejects.toMatchObject({ code: "plugin_failed", effect: "none" });
    expect(await state("chat")).toMatchObject({ state: "ready" });
    await runtime.plugins.load(roguePlugin({ version: "1.0.1" }));
    expect(await act("fine")).toEqual({ done: "fine" });
    expect(await state("bad")).toMatchObject({ state: "ready" });
  }, 30_000);

  test("the time it was down is a gap, filled from history when it runs again", async () => {
    const { call, connect, act, state } = await start({ mode: "receive", receive: true });
    await connect();
    await expect.poll(async () => (await state("bad")).state, soon).toBe("ready");
    await expect(act("exit")).rejects.toMatchObject({ code: "plugin_failed" });
    const gaps = async () =>
      (await call<{ items: { state: string; cause: string; messages: number }[] }>("gaps.list", {})).items;
    await expect.poll(gaps, soon).toMatchObject([{ state: "open", cause: expect.stringContaining("exit code 3") }]);
    await expect.poll(gaps, soon).toMatchObject([{ state: "filled", messages: 1 }]);
    await expect.poll(async () => (await state("bad")).state, soon).toBe("ready");
  });

  test("where the chat server calls us: a gap too, and a request meanwhile is answered so that it comes again", async () => {
    const plugin = roguePlugin({ manifest: { hooks: true } });
    const { runtime, call, connect, act, state } = await start({ mode: "push", receive: true, plugin });
    const hook = { method: "POST", path: "/x", query: {}, headers: {}, body: new Uint8Array() };
    await connect();
    await expect.poll(async () => (await state("bad")).state, soon).toBe("ready");
    expect(await runtime.hook("bad", hook)).toMatchObject({ status: 200 });
    await expect(act("exit")).rejects.toMatchObject({ code: "plugin_failed" });
    await expect(runtime.hook("bad", hook)).rejects.toMatchObject({ code: "plugin_failed" });
    expect(runtime.hookLimit("bad")).toBeGreaterThan(0);
    const gaps = async () => (await call<{ items: { state: string; cause: string }[] }>("gaps.list", {})).items;
    await expect.poll(gaps, soon).toMatchObject([{ state: "open", cause: expect.stringContaining("exit code 3") }]);
    await expect.poll(gaps, soon).toMatchObject([{ state: "filled" }]);
    expect(await runtime.hook("bad", hook)).toMatchObject({ status: 200 });
  });

  test("one that hangs shows no sign of life and is ended", async () => {
    const { act, state, status } = await connected({ limits: { hangMs: 600 } });
    await expect(act("hang")).rejects.toMatchObject({
      code: "plugin_failed",
      effect: "unknown",
      message: expect.stringContaining("it hangs"),
    });
    await expect.poll(async () => (await state("bad")).state, soon).toBe("ready");
    expect(status()).toMatchObject({ crashes: 1 });
  });

  test("one whose memory grows is ended", async () => {
    const { act } = await connected({ limits: { memoryBytes: 400 << 20 } });
    await expect(act("grow")).rejects.toMatchObject({
      code: "plugin_failed",
      message: expect.stringContaining("its memory grew beyond 400 MiB"),
    });
  });

  test.each(["flood", "flood-calls", "flood-bytes", "flood-junk"])(
    "%s is ended, and nothing of it is kept",
    async (what) => {
      const { act, state } = await connected({
        limits: { notesPerSecond: 2_000, openCalls: 500, messageBytes: 4 << 20 },
      });
      await expect(act(what)).rejects.toMatchObject({
        code: "plugin_failed",
        effect: "unknown",
        // What it cannot send fast enough grows on its own side.
        message: expect.stringMatching(/flood|memory/),
      });
      expect(await state("chat")).toMatchObject({ state: "ready" });
    },
  );

  test("what it prints is cut and counted", async () => {
    const { act, lines } = await connected();
    expect(await act("flood-output")).toEqual({ done: "printed" });
    await vi.waitFor(
      () => expect(lines.some((line) => line.includes("more lines were printed and not kept"))).toBe(true),
      soon,
    );
    expect(lines.join("").length).toBeLessThan(400_000);
  });

  test("nonsense on the line does nothing", async () => {
    const { act, status } = await connected();
    expect(await act("junk")).toEqual({ done: "sent" });
    expect(await act("fine")).toEqual({ done: "fine" });
    expect(status()).toMatchObject({ crashes: 0 });
  });

  test.skipIf(process.platform === "win32").each(["unload", "exit"])(
    "what it started ends with it, however that goes: %s (needs process groups)",
    async (how) => {
      const { act, runtime } = await connected();
      const pid = Number((await act("fork")).done);
      expect(isAlive(pid)).toBe(true);
      if (how === "unload") await runtime.plugins.unload("rogue");
      else await expect(act("exit")).rejects.toMatchObject({ code: "plugin_failed" });
      await expect.poll(() => isAlive(pid), soon).toBe(false);
    },
  );
});

describe("what a plugin may", () => {
  test("its environment is bare, and says nothing of what it is", async () => {
    vi.stubEnv("BOTYARD_TEST_SECRET", "s");
    vi.stubEnv("BUN_OPTIONS", "--preload /nowhere/evil.ts");
    vi.stubEnv("NODE_OPTIONS", "--require /nowhere/evil.js");
    try {
      const { act } = await connected();
      const names = (await act("environment")).done.split(" ");
      for (const name of ["BOTYARD_TEST_SECRET", "BUN_OPTIONS", "NODE_OPTIONS", "BOTYARD_ROLE", "BOTYARD_PLUGIN"])
        expect(names).not.toContain(name);
    } finally {
      vi.unstubAllEnvs();
    }
  });

  test("it gets its own secrets only", async () => {
    const { act } = await connected();
    // The one with a secret is its own, asked for by number.
    expect(await act("steal")).toEqual({ done: "rogue-secret none, 40 answers, 1 with a secret" });
  });

  test("it reaches the origins its manifest names, and no others", async () => {
    const where =
      "http://settings.example:1 http://server-named.example:1 http://declared.example:1 http://other.example:1";
    const settings = { server: "http://settings.example:1" };
    const none = await connected({ settings });
    expect(await none.act("reach", { with: where })).toEqual({ done: "forbidden forbidden forbidden forbidden" });
    expect(await none.act("socket", { with: "ws://other.example:1/" })).toEqual({ done: "forbidden" });
    const declared = await connected({
      settings,
      plugin: roguePlugin({ manifest: { origins: ["settings", "server", "http://declared.example:1"] } }),
    });
    expect(await declared.act("reach", { with: where })).toEqual({
      done: "unreachable unreachable unreachable forbidden",
    });
  });

  test("hooks only where its manifest asks for them", async () => {
    const hook = { method: "POST", path: "/x", query: {}, headers: {}, body: new Uint8Array() };
    const without = await connected({ mode: "receive", receive: true });
    expect(await without.act("hooks")).toEqual({ done: "forbidden" });
    expect(without.runtime.hookLimit("bad")).toBeNull();
    await expect(without.runtime.hook("bad", hook)).rejects.toMatchObject({ code: "not_found" });
    const asked = await connected({
      mode: "receive",
      receive: true,
      plugin: roguePlugin({ manifest: { hooks: true } }),
    });
    expect(await asked.act("hooks")).toEqual({ done: "https://bots.example.org/hooks/bad/x" });
    expect(await asked.runtime.hook("bad", hook)).toMatchObject({ status: 200, text: "taken" });
  });

  test("what it commits is looked at before it reaches the log", async () => {
    const { act, call } = await connected();
    const { done } = await act("commit-nonsense");
    expect(done).toMatch(/^invalid: host\.commit: "events\.0\./);
    const { items } = await call<{ items: { type: string }[] }>("events.list", {
      from: "oldest",
      type: ["message.created"],
    });
    expect(items).toEqual([]);
  });
});
