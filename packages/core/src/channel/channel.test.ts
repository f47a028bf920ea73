import { fileURLToPath } from "node:url";
import { type AnySession, BotyardError, type Bytes, type Call, isBotyardError } from "@botyard/sdk";
import { afterEach, describe, expect, test, vi } from "vitest";
import { remotePlatform, type RemotePlatform } from "./core-side.ts";
import { echo } from "./fixtures/echo.ts";
import { createRecordingHost, helper } from "./fixtures/host.ts";
import { servePlatform } from "./plugin-side.ts";
import { createPortPair } from "./port.ts";
import { spawnPlugin } from "./spawn.ts";

const MiB = 1_048_576;
const deno = process.versions["deno"] !== undefined;
const childArgs = [...(deno ? ["run", "-A"] : []), fileURLToPath(new URL("fixtures/child.ts", import.meta.url))];

const endings: (() => void)[] = [];
afterEach(() => {
  for (const end of endings.splice(0)) end();
});

const ways: Readonly<Record<string, () => RemotePlatform>> = {
  "in memory": () => {
    const [core, plugin] = createPortPair();
    servePlatform(plugin, echo);
    return remotePlatform(core, echo);
  },
  "in a child process": () => {
    const child = spawnPlugin({ args: childArgs });
    endings.push(child.kill);
    return remotePlatform(child.port, echo);
  },
};

// oxlint-disable-next-line typescript/no-explicit-any -- tests name operations and look into answers freely
type Loose = any;

async function open(way: () => RemotePlatform, overrides: Parameters<typeof createRecordingHost>[0] = {}) {
  const world = createRecordingHost(overrides);
  const remote = way();
  const session: AnySession = await remote.open(world.host);
  const controller = new AbortController();
  const call: Call = {
    bot: helper,
    as: { kind: "bot", id: "u1", handle: "helper", credential: null },
    effectId: "01KAG7",
    attempt: 1,
    deadline: Date.now() + 30_000,
    signal: controller.signal,
  };
  const operations = session.operations as Loose;
  const run = (name: string, input: object = {}, changes: Partial<Call> = {}): Promise<Loose> =>
    operations[name]({ connection: "chat", ...input }, { ...call, ...changes });
  const act = async (what: string, value?: unknown): Promise<Loose> =>
    (await run("echo.act", { what, with: value })).done;
  const seen = async (): Promise<string[]> => (await run("echo.look")).seen;
  return { ...world, remote, session, operations, controller, call, run, act, seen };
}

const failure = async (work: Promise<unknown>): Promise<BotyardError> => {
  const error = await work.then(
    () => new Error("it worked"),
    (error: unknown) => error,
  );
  if (!isBotyardError(error)) throw error;
  return error;
};

describe.each(Object.keys(ways))("%s", (name) => {
  const way = ways[name] as () => RemotePlatform;

  test("the session has exactly the members of the plugin's session", async () => {
    const { session, operations, remote } = await open(way);
    const local = await echo.open(createRecordingHost().host as never);
    expect(Object.keys(operations).sort()).toEqual(Object.keys(local.operations).sort());
    expect(operations["echo.say"]).toBeTypeOf("function");
    expect(operations["messages.send"]).toEqual({ prepare: expect.any(Function), run: expect.any(Function) });
    expect(session.receive).toMatchObject({ per: "bot", maxBodyBytes: 77, prove: { everyMs: 5, timeoutMs: 6 } });
    expect(Object.keys(session).toSorted()).toEqual(
      Object.keys(local)
        .filter((key) => key !== "limits")
        .toSorted(),
    );
    expect({ ...remote, open: 0, link: 0 }).toEqual({ ...echo, open: 0, link: 0 });
  });

  test("a call takes its input and itself across, and brings the answer back", async () => {
    const { run, call } = await open(way);
    const value = {
      text: "héllo\u0000",
      n: -0.5,
      none: null,
      list: [1, [2]],
      big: 10n,
      bytes: new Uint8Array([1, 2]),
      $bytes: 1,
      streams: [{ path: ["value"], id: 1 }],
    };
    const { signal: _, ...data } = call;
    const answer = await run("echo.say", { value });
    expect(answer.value).toEqual(value);
    expect(answer.call).toEqual(data);
  });

  test("preparations and the run stay apart", async () => {
    const { operations, call, seen } = await open(way);
    const input = { connection: "chat", room: "r1", text: "hi" };
    await operations["messages.send"].prepare(input, call);
    expect(await seen()).toEqual(["prepared r1"]);
    expect(await operations["messages.send"].run(input, call)).toEqual({ message: "hi 01KAG7 1" });
    expect(await seen()).toEqual(["prepared r1", "ran r1"]);
  });

  test("the other members of a session", async () => {
    const { session, call } = await open(way);
    const signal = new AbortController().signal;
    expect((await session.probe({ level: "active", signal })).origins).toEqual(["active"]);
    expect(await session.resolveRoom("r", call.as)).toBe("r as helper");
    expect(await session.resolveRoom("nowhere", null)).toBeNull();
    expect(await session.effective?.({ bot: helper, room: null })).toMatchObject({ "echo.say": { detail: "helper" } });
    expect(await session.verify?.({ id: "step_1", kind: "install", bot: null, verify: {} }, signal)).toEqual({
      state: "open",
      note: "install",
    });
    const effect = {
      id: "op_1",
      operation: "messages.send",
      effectId: "E",
      attempts: 1,
      room: null,
      as: null,
      startedAt: "",
    };
    expect(await session.reconcile?.(effect, signal)).toEqual({ state: "done", answer: { id: "E" } });
  });

  test("a hook's request goes in, commit comes out, the answer goes back", async () => {
    const { session, told } = await open(way);
    const body = new Uint8Array(300_000).fill(9).subarray(100_000, 200_000);
    const answer = await session.receive?.http?.({
      method: "PUT",
      path: "/helper/1",
      query: {},
      headers: { "x-b": "c" },
      body,
    });
    expect(answer).toEqual({ status: 202, json: { path: "/helper/1", size: 100_000 }, headers: { "x-a": "c" } });
    expect(told).toEqual([
      ["commit", { via: "webhook", raw: new Uint8Array(100_000).fill(9), events: [] }, { put: { cursor: 1 } }],
    ]);
  });

  test("a receive run: bot, started, its signal; prove and backfill", async () => {
    const { session, seen } = await open(way);
    const controller = new AbortController();
    const started = vi.fn();
    const running = session.receive?.run?.({ bot: helper, signal: controller.signal, started });
    await vi.waitFor(() => expect(started).toHaveBeenCalledWith({ from: "fresh" }));
    const proof = await session.receive?.prove?.check({ bot: helper, signal: controller.signal, started });
    expect(proof).toEqual({ until: "2026-11-20T08:00:00.000Z" });
    controller.abort();
    await running;
    expect(await seen()).toEqual(["run helper", "proved helper", "run ended"]);
    const gap = {
      id: "gap_1",
      connection: "chat",
      from: "",
      to: null,
      cause: "",
      certainty: "proven",
      state: "open",
      messages: 4,
    } as const;
    expect(await session.receive?.backfill?.(gap, controller.signal)).toEqual([{ outcome: "filled", messages: 4 }]);
  });

  test("every member of the host crosses", async () => {
    const { act, told } = await open(way);
    expect(await act("world")).toEqual({
      store: [{ n: 1 }, [["a", { n: 1 }]]],
      credential: { id: "cred_1", kind: "bot-token", secret: "of helper", nativeId: null },
      bots: [helper],
      hooks: "https://bots.example.org/hooks/chat/helper/1",
      connection: { id: "chat", url: null, settings: {} },
      now: "number",
    });
    expect(told).toEqual([
      ["report", { kind: "bot", bot: "helper" }, { state: "degraded", reason: "slow" }],
      ["step", { kind: "k", title: "t", why: "w", run: { where: "here" } }, "helper"],
      ["warn", "careful", { error: "Error: inner", n: 1 }],
      ["limit", { bucket: "x", pauseMs: 3 }],
      ["credential", { kind: "session", secret: "fresh" }],
    ]);
  });

  test("watching bots: changes arrive while somebody watches, and end with the session", async () => {
    const { act, seen, changeBots, watchers, session } = await open(way);
    await act("world");
    expect(watchers()).toBe(1);
    changeBots([helper, { ...helper, handle: "second" }]);
    await vi.waitFor(async () => expect(await seen()).toContain("bots helper,second"));
    await session.close();
    expect(watchers()).toBe(0);
  });

  test("nobody watches any more after the last one stopped", async () => {
    const { act, watchers } = await open(way);
    await act("world", "stop watching");
    await vi.waitFor(() => expect(watchers()).toBe(0));
  });

  test("limits run on the plugin's side: the bucket goes with the request, what was learnt comes back", async () => {
    const { act, requests, told } = await open(way);
    expect(await act("request", { json: { a: 1 }, timeoutMs: 5 })).toMatchObject({
      status: 201,
      headers: { "x-origin": "https://chat.example.org" },
    });
    expect(requests).toMatchObject([
      {
        method: "POST",
        path: "/p",
        json: { a: 1 },
        timeoutMs: 5,
        bucket: "b/p",
        caller: { as: "helper", deadline: expect.any(Number) },
      },
    ]);
    await vi.waitFor(() =>
      expect(told).toContainEqual(["limit", { bucket: "b/p", remaining: 201, origin: "https://chat.example.org" }]),
    );
  });

  test("a body the plugin streams up and one it streams down", async () => {
    const { act } = await open(way);
    expect(await act("pipe")).toEqual({ status: 202, size: 200_000 });
  });

  test("a socket: messages come, are sent, and end with it", async () => {
    const { act, told } = await open(way);
    expect(await act("socket")).toEqual({ got: ["a", new Uint8Array([1]), "b"], refused: "unreachable" });
    expect(told[0]).toEqual(["socket", "wss://chat.example.org/ws", ["v1"]]);
    expect(told).toContainEqual(["socket closed", 1000, "done"]);
  });

  test("a socket whose messages the plugin leaves is closed in the core", async () => {
    const { act, told } = await open(way);
    expect(await act("leave socket")).toBe("unreachable");
    await vi.waitFor(() => expect(told).toContainEqual(["socket closed", undefined, undefined]));
  });

  describe("errors", () => {
    test("an error of another copy of the SDK is known by its brand", async () => {
      const error = await failure((await open(way)).act("conflict"));
      expect(error).toBeInstanceOf(BotyardError);
      expect(error).toMatchObject({ code: "conflict", message: "taken", details: { effect: "none", retryAfterMs: 7 } });
      expect(error.details).not.toHaveProperty("cause");
    });

    test("any other throw is plugin_failed with effect unknown; its text goes to the log only", async () => {
      const { act, told } = await open(way);
      const error = await failure(act("type-error"));
      expect(error).toMatchObject({
        code: "plugin_failed",
        effect: "unknown",
        message: expect.stringContaining("TypeError"),
      });
      expect(error.message).not.toContain("undefined");
      await vi.waitFor(() =>
        expect(told.flat()).toContainEqual(
          expect.objectContaining({ operation: "echo.act", thrown: expect.stringContaining("x") }),
        ),
      );
    });

    test("an answer that is no plain data says where", async () => {
      const error = await failure((await open(way)).act("function"));
      expect(error.message).toContain("a function at done.deep.0");
    });

    test("an input that is no plain data is refused before it is sent", async () => {
      const { run, seen } = await open(way);
      expect(await failure(run("echo.say", { value: () => {} }))).toMatchObject({ code: "internal", effect: "none" });
      expect(await seen()).toEqual([]);
    });

    test("open that throws, and a host that has no hooks", async () => {
      const refused = open(way, { connection: { id: "chat", url: null, settings: { refuse: true } } });
      expect(await failure(refused)).toMatchObject({ code: "unauthenticated", message: "the token is refused" });
      const hooks = {
        url: () => {
          throw new BotyardError("operator_required", "no address", { fix: "set one" });
        },
      };
      expect(await failure((await open(way, { hooks })).act("world"))).toMatchObject({
        code: "operator_required",
        details: { fix: "set one" },
      });
    });

    test("what the core throws reaches the plugin", async () => {
      const commit = () => Promise.reject(new BotyardError("too_large", "disk full"));
      const { session } = await open(way, { commit });
      const hook = session.receive?.http?.({
        method: "PUT",
        path: "/",
        query: {},
        headers: {},
        body: new Uint8Array(),
      });
      expect(await failure(hook ?? Promise.resolve())).toMatchObject({ code: "too_large", message: "disk full" });
    });
  });

  test("an abort crosses with its reason, and the handler's own answer to it comes back", async () => {
    const { run, seen, controller } = await open(way);
    const waiting = run("echo.look", {}, { attempt: 0 });
    await vi.waitFor(async () => expect(await seen()).toEqual(["waiting"]));
    controller.abort(new BotyardError("timeout", "too late"));
    expect(await failure(waiting)).toMatchObject({
      code: "cancelled",
      message: "stopped by its signal",
      effect: "unknown",
    });
    expect(await seen()).toEqual(["waiting", "aborted timeout"]);
  });

  describe("streams of items", () => {
    test("come in order, and end", async () => {
      const { run, seen } = await open(way);
      const got: number[] = [];
      for await (const { n } of await run("echo.ticks", { upTo: 100 })) got.push(n);
      expect(got).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
      expect((await seen()).at(-1)).toBe("finally");
    });

    test("nothing is made before the first read; an early end runs finally on the other side", async () => {
      const { run, seen } = await open(way);
      const items = await run("echo.ticks", { upTo: 1_000_000 });
      expect(await seen()).toEqual([]);
      for await (const { n } of items) if (n === 3) break;
      await vi.waitFor(async () => expect(await seen()).toContain("finally"));
      // 16 may be under way, 3 are taken, at most 3 of those are given back.
      expect((await seen()).filter((line) => line.startsWith("tick")).length).toBeLessThanOrEqual(20);
    });

    test("a failure comes after what was sent before it", async () => {
      const { run } = await open(way);
      const got: number[] = [];
      const reading = (async () => {
        for await (const { n } of await run("echo.ticks", { upTo: 9, failAt: 4 })) got.push(n);
      })();
      expect(await failure(reading)).toMatchObject({ code: "gone", message: "no more ticks" });
      expect(got).toEqual([1, 2, 3]);
    });
  });

  describe("streams of bytes", () => {
    const source = (size: number, given: { bytes: number; left: boolean }): ReadableStream<Uint8Array> =>
      new ReadableStream(
        {
          pull(controller) {
            if (given.bytes >= size) return controller.close();
            const length = Math.min(size - given.bytes, 200_000);
            given.bytes += length;
            return controller.enqueue(new Uint8Array(length).fill(given.bytes % 251));
          },
          cancel: () => void (given.left = true),
        },
        { highWaterMark: 0 },
      );
    const file = (body: ReadableStream<Uint8Array>): Bytes => ({ body, type: "a/b" });

    test("64 MiB up", async () => {
      const { run } = await open(way);
      const answer = await run("echo.upload", { file: file(source(64 * MiB, { bytes: 0, left: false })) });
      expect(answer.size).toBe(64 * MiB);
      expect(answer.sum).toBeGreaterThan(0);
    });

    test("64 MiB down, with type and name", async () => {
      const { run } = await open(way);
      const answer: Bytes = await run("echo.download", { size: 64 * MiB });
      expect(answer).toMatchObject({ type: "a/b", name: "n", size: 64 * MiB });
      let size = 0;
      for await (const piece of answer.body) size += piece.byteLength;
      expect(size).toBe(64 * MiB);
    });

    test("up: what the handler does not take is not read; when it fails the source is let go", async () => {
      const { run, seen, controller } = await open(way);
      const given = { bytes: 0, left: false };
      const body = source(64 * MiB, given);
      const working = run("echo.upload", { hold: true, file: file(body) });
      await vi.waitFor(async () => expect(await seen()).toEqual(["waiting"]));
      expect(given.bytes).toBe(0);
      controller.abort();
      expect((await working).size).toBe(64 * MiB);
      const unread = { bytes: 0, left: false };
      expect(await run("echo.upload", { ignore: true, file: file(source(MiB, unread)) })).toEqual({ size: 0, sum: 0 });
      await vi.waitFor(() => expect(unread.left).toBe(true));
      expect(unread.bytes).toBe(0);
    });

    test("down: at most the window is under way; leaving cancels the source over there", async () => {
      const { run, seen } = await open(way);
      const answer: Bytes = await run("echo.download", { size: 64 * MiB });
      const reader = answer.body.getReader();
      expect((await reader.read()).value).toHaveLength(65_536);
      const given = async (): Promise<number> => Number((await seen())[0]?.split(" ")[1]);
      await vi.waitFor(async () => expect(await given()).toBeGreaterThanOrEqual(MiB));
      // 16 pieces of 64 KiB, and the rest of the chunk of 256 KiB they were cut from.
      expect(await given()).toBeLessThanOrEqual(MiB + 262_144);
      await reader.cancel();
      await vi.waitFor(async () => expect(await seen()).toContain("download left"));
    });

    test("a break over there reaches the reader", async () => {
      const { run } = await open(way);
      const answer: Bytes = await run("echo.download", { size: 64 * MiB, breakAt: MiB });
      const reading = (async () => {
        for await (const _ of answer.body);
      })();
      expect(await failure(reading)).toMatchObject({ code: "upstream", message: "the file server broke" });
    });
  });

  test("the line breaks: calls under way are unknown, reading ones none, streams break, later calls none", async () => {
    const { run, seen, session, remote, controller } = await open(way);
    const sending = failure(run("echo.upload", { hold: true, file: { body: new ReadableStream(), type: "a/b" } }));
    const reading = failure(run("echo.look", {}, { attempt: 0 }));
    const items = await run("echo.ticks", { upTo: 1_000_000 });
    await items.next();
    await vi.waitFor(async () => expect((await seen()).filter((line) => line === "waiting")).toHaveLength(2));
    remote.link.close("test over");
    expect(await sending).toMatchObject({
      code: "plugin_failed",
      effect: "unknown",
      message: expect.stringContaining("test over"),
    });
    expect(await reading).toMatchObject({ code: "plugin_failed", effect: "none" });
    const rest = (async () => {
      for await (const _ of items);
    })();
    expect(await failure(rest)).toMatchObject({ code: "plugin_failed", effect: "unknown" });
    expect(await failure(run("echo.say", { value: 1 }))).toMatchObject({ code: "plugin_failed", effect: "none" });
    controller.abort();
    await session.close();
  });

  test("the connection's end aborts the plugin's signal; a closed session answers nothing", async () => {
    const { session, run, told, abort } = await open(way);
    abort();
    await vi.waitFor(() => expect(told).toContainEqual(["debug", "signal", undefined]));
    await session.close();
    expect(told).toContainEqual(["info", "closed", undefined]);
    expect(await failure(run("echo.say", { value: 1 }))).toMatchObject({ code: "plugin_failed", effect: "none" });
  });

  test("two sessions over one line do not mix", async () => {
    const remote = way();
    const one = createRecordingHost();
    const two = createRecordingHost({ connection: { id: "other", url: null, settings: {} } });
    const [first, second] = [await remote.open(one.host), await remote.open(two.host)];
    await first.close();
    expect(one.told).toContainEqual(["info", "closed", undefined]);
    expect(await second.resolveRoom("r", null)).toBe("r as undefined");
    expect(two.told).toEqual([]);
  });
});
