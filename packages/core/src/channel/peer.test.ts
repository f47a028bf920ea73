import { BotyardError } from "@botyard/sdk";
import { expect, test } from "vitest";
import { createPeer, type Serve } from "./peer.ts";
import { createPortPair, type Port } from "./port.ts";

function pair(serve: Serve) {
  const [left, right] = createPortPair();
  const wrap = (method: string): BotyardError => new BotyardError("internal", method);
  const parts = { wrap, serve };
  return { caller: createPeer({ ...parts, port: left }), server: createPeer({ ...parts, port: right }) };
}

/** A peer whose other end is played by the test, message by message. */
function alone(serve: Serve = () => null) {
  const [mine, theirs] = createPortPair();
  const got: { type: string; id: number }[] = [];
  theirs.onMessage((message) => got.push(message as { type: string; id: number }));
  const peer = createPeer({ port: mine, serve, wrap: () => new BotyardError("internal", "broken") });
  const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));
  return { peer, got, theirs, turn };
}

test("calls and notifications are served in the order they were made, both ways", async () => {
  const served: unknown[] = [];
  const { caller, server } = pair((method, args) => void served.push([method, ...args]));
  caller.notify("a", [1]);
  const answer = caller.call("b", [2]);
  caller.notify("c", []);
  await answer;
  await server.call("d", []);
  expect(served).toEqual([["a", 1], ["b", 2], ["c"], ["d"]]);
});

test("an abort after the answer still stops a stream in it", async () => {
  let reason: unknown;
  const { caller } = pair(async (_method, _args, signal) => {
    signal.addEventListener("abort", () => (reason = signal.reason));
    return (async function* () {
      for (let n = 0; ; n++) {
        if (signal.aborted) throw signal.reason as Error;
        yield n;
      }
    })();
  });
  const controller = new AbortController();
  const items = (await caller.call("items", [], { signal: controller.signal })) as AsyncIterable<number>;
  const reading = (async () => {
    for await (const n of items) if (n === 5) controller.abort(new DOMException("late", "TimeoutError"));
  })();
  await expect(reading).rejects.toMatchObject({ code: "timeout" });
  expect(reason).toMatchObject({ code: "timeout" });
});

test("a reader that leaves while the other side waits aborts the call's signal, so that nothing waits for ever", async () => {
  let ended = (): void => {};
  const end = new Promise<void>((resolve) => (ended = resolve));
  const { caller } = pair(async (_method, _args, signal) =>
    (async function* () {
      try {
        yield 1;
        await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
      } finally {
        ended();
      }
    })(),
  );
  const items = ((await caller.call("items", [])) as AsyncIterable<number>)[Symbol.asyncIterator]();
  await items.next();
  const pending = items.next();
  await items.return?.();
  expect(await pending).toMatchObject({ done: true });
  await end;
});

test("more chunks than were asked for end the stream", async () => {
  const { peer, theirs, turn } = alone();
  const answer = peer.call("items", []);
  await turn();
  theirs.send({ type: "ok", id: 1, answer: { value: null, streams: [{ path: [], id: 1, kind: "items" }] } });
  const items = ((await answer) as AsyncIterable<number>)[Symbol.asyncIterator]();
  for (let n = 0; n < 20; n++) theirs.send({ type: "chunk", id: 1, value: n });
  await turn();
  await expect(items.next()).rejects.toMatchObject({
    code: "plugin_failed",
    message: expect.stringContaining("more than"),
  });
});

test("a reader that does not read gives no credits", async () => {
  const { peer, theirs, got, turn } = alone();
  const answer = peer.call("items", []);
  await turn();
  theirs.send({ type: "ok", id: 1, answer: { value: null, streams: [{ path: [], id: 1, kind: "items" }] } });
  const items = ((await answer) as AsyncIterable<number>)[Symbol.asyncIterator]();
  expect(got.filter(({ type }) => type === "pull")).toEqual([]);
  const first = items.next();
  for (let n = 0; n < 16; n++) theirs.send({ type: "chunk", id: 1, value: n });
  await first;
  await turn();
  expect(got.filter(({ type }) => type === "pull")).toEqual([{ type: "pull", id: 1, credits: 16 }]);
  for (let n = 0; n < 3; n++) await items.next();
  await turn();
  expect(got.filter(({ type }) => type === "pull")).toHaveLength(2);
});

test.each([
  [
    "a stream whose place does not exist",
    { type: "ok", id: 1, answer: { value: {}, streams: [{ path: ["__proto__", "x"], id: 1, kind: "bytes" }] } },
  ],
  ["an answer without its value", { type: "ok", id: 1 }],
  ["an error without a code", { type: "no", id: 1, error: null }],
  ["a known code among unknown ones", { type: "no", id: 1, error: { code: "toString", detail: "x", details: {} } }],
])("%s fails the call, and nothing else", async (_, message) => {
  const { peer, theirs, turn } = alone();
  const answer = peer.call("x", []);
  const failed = expect(answer).rejects.toMatchObject({ code: "plugin_failed" });
  await turn();
  theirs.send(message);
  await failed;
  expect(({} as Record<string, unknown>)["x"]).toBeUndefined();
});

test("messages that are none, and ids nobody knows, are ignored", async () => {
  const { peer, theirs, turn } = alone(() => 7);
  for (const message of [
    null,
    1,
    "x",
    {},
    { type: "what", id: 1 },
    { type: "ok", id: 99, answer: {} },
    { type: "chunk", id: 99 },
    { type: "abort", id: 99, reason: {} },
  ])
    theirs.send(message);
  await turn();
  const answer = peer.call("x", []);
  await turn();
  theirs.send({ type: "ok", id: 1, answer: { value: "fine" } });
  expect(await answer).toBe("fine");
});

test("what cannot be cloned fails the call and leaves the line up", async () => {
  const { caller } = pair((_method, [value]) => value);
  await expect(
    caller.call("x", [
      new (class {
        f = (): void => {};
      })(),
    ]),
  ).rejects.toMatchObject({ code: "internal", effect: "none" });
  expect(await caller.call("x", ["fine"])).toBe("fine");
});

test("a cycle is refused, not followed", async () => {
  const { caller } = pair(() => null);
  const cycle: Record<string, unknown> = {};
  cycle["self"] = cycle;
  await expect(caller.call("x", [cycle])).rejects.toMatchObject({
    message: expect.stringContaining("nested too deep"),
  });
});

test("an own key named __proto__ stays a key", async () => {
  const { caller } = pair((_method, [value]) => value);
  const value = JSON.parse('{"__proto__":{"polluted":true}}') as unknown;
  const answer = (await caller.call("x", [value])) as Record<string, unknown>;
  expect(Object.hasOwn(answer, "__proto__")).toBe(true);
  expect(answer["polluted"]).toBeUndefined();
});

test("a port keeps messages until somebody listens", async () => {
  const [left, right] = createPortPair();
  left.send("early");
  await new Promise((resolve) => setTimeout(resolve, 5));
  const first = await new Promise((resolve) => (right as Port).onMessage(resolve));
  expect(first).toBe("early");
});

test("close tells both sides why, once", async () => {
  const { caller, server } = pair(() => new Promise(() => {}));
  const reasons: string[] = [];
  server.onClose((reason) => reasons.push(reason));
  const call = caller.call("x", []);
  caller.close("enough");
  await expect(call).rejects.toMatchObject({ code: "plugin_failed", effect: "unknown" });
  await new Promise((resolve) => setTimeout(resolve, 5));
  caller.close("again");
  expect(reasons).toEqual(["enough"]);
  expect(caller.notify("x", [])).toBe(false);
});

test("abandon gives the reason to calls under way on the other side", async () => {
  const { caller, server } = pair(() => new Promise(() => {}));
  const call = caller.call("x", []);
  await new Promise((resolve) => setTimeout(resolve, 5));
  server.abandon(new BotyardError("plugin_failed", "it ran out of memory"));
  await expect(call).rejects.toMatchObject({ message: expect.stringContaining("it ran out of memory") });
});
