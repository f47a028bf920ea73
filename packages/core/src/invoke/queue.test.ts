import { BotyardError } from "@botyard/sdk";
import { expect, test } from "vitest";
import { tinyRuntime } from "../fixtures/tiny-runtime.ts";
import { createCallQueue } from "./queue.ts";

/** Works that end when they are told to. */
function works() {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  return {
    begun,
    work: (name: string) => (): Promise<void> => {
      begun.push(name);
      return new Promise((resolve) => ends.set(name, resolve));
    },
    async end(name: string): Promise<void> {
      ends.get(name)?.();
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}
function begunQueue(limits?: Parameters<typeof createCallQueue>[0]) {
  const queue = createCallQueue(limits);
  queue.begin();
  return queue;
}
const place = (actor: string, room = "r", connection = "chat") => ({ connection, actor, room });

test("one room of one bot is served in order, one at a time", async () => {
  const queue = begunQueue();
  const { begun, work, end } = works();
  for (const name of ["a1", "a2", "a3"]) queue.add(place("a"), work(name));
  queue.add(place("a", "other"), work("other"));
  expect(begun).toEqual(["a1", "other"]);
  await end("a1");
  expect(begun).toEqual(["a1", "other", "a2"]);
  expect(queue.waiting).toBe(1);
});

test("bots take turns, whoever came first with however many", async () => {
  const queue = begunQueue({ running: 1 });
  const { begun, work, end } = works();
  for (let n = 1; n <= 50; n += 1) queue.add(place("many", `r${n}`), work(`many${n}`));
  queue.add(place("one"), work("one1"));
  queue.add(place("two"), work("two1"));
  await end("many1");
  await end("many2");
  await end("one1");
  await end("two1");
  expect(begun).toEqual(["many1", "many2", "one1", "two1", "many3"]);
});

test("a connection that does not get on holds up no other", () => {
  const queue = begunQueue({ running: 2 });
  const { begun, work } = works();
  for (let n = 1; n <= 9; n += 1) queue.add(place("a", `r${n}`, "wedged"), work(`wedged${n}`));
  queue.add(place("a", "r", "well"), work("well"));
  expect(begun).toEqual(["wedged1", "wedged2", "well"]);
});

test("refuses more than may wait", () => {
  const queue = begunQueue({ running: 1, waiting: 2 });
  const { work } = works();
  for (const name of ["1", "2", "3"]) queue.add(place("a"), work(name));
  expect(() => queue.add(place("a"), work("4"))).toThrow(/too many/);
});

test("begins with what waited in an earlier process, then what came before it was ready", async () => {
  const queue = createCallQueue({ running: 1 });
  const { begun, work, end } = works();
  queue.add(place("a"), work("new1"));
  queue.add(place("a"), work("new2"));
  expect(begun).toEqual([]);
  queue.begin([
    [place("a"), work("old1")],
    [place("a"), work("old2")],
  ]);
  for (const name of ["old1", "old2", "new1"]) await end(name);
  expect(begun).toEqual(["old1", "old2", "new1", "new2"]);
});

test("begins nothing more once it is told to end, and says when the last one is done", async () => {
  const queue = begunQueue();
  const { begun, work, end } = works();
  for (const name of ["1", "2"]) queue.add(place("a"), work(name));
  let idle = false;
  const ended = queue.end().then(() => (idle = true));
  await new Promise((resolve) => setImmediate(resolve));
  expect(idle).toBe(false);
  await end("1");
  await ended;
  expect(begun).toEqual(["1"]);
});

const send = { connection: "chat", room: "lobby", text: "hello" };
const soon = { timeout: 5_000, interval: 5 };

async function withBot() {
  const tiny = await tinyRuntime({ receive: true });
  await tiny.call("bots.create", { connection: "chat", handle: "helper" });
  const state = async (operation: string) =>
    tiny.value<{ state: string; error?: { code: string }; effect: string }>("ledger.get", { operation });
  return { ...tiny, state };
}
type Accepted = { readonly operation: string; readonly state: string };

test("a call that is not waited for is answered 202, and its row tells how it ended", async () => {
  const { call, world, state } = await withBot();
  let go = (): void => {};
  world.send = (text) => new Promise((resolve) => (go = () => resolve({ message: `m-${text}` })));
  const { status, value, location } = await call("messages.send", send, { wait: false });
  const { operation } = value as Accepted;
  expect({ status, value, location }).toEqual({
    status: 202,
    value: { operation, state: "accepted" },
    location: `/v1/ledger/${operation}`,
  });
  await expect.poll(async () => (await state(operation)).state, soon).toBe("attempting");
  go();
  await expect.poll(() => state(operation), soon).toMatchObject({ state: "done", result: { message: "m-hello" } });
});

test("the same key is the same row, waited for or not", async () => {
  const { call, state } = await withBot();
  const { operation } = (await call("messages.send", send, { wait: false, idempotencyKey: "k" })).value as Accepted;
  await expect.poll(async () => (await state(operation)).state, soon).toBe("done");
  const again = await call("messages.send", send, { wait: false, idempotencyKey: "k" });
  expect(again).toMatchObject({ replayed: true, value: { operation, message: "m1" } });
});

test("what waits when its key is revoked is cancelled, and nothing was done", async () => {
  const { call, world, state, key } = await withBot();
  const principal = await key({ name: "agent", preset: "bot" });
  let sent = 0;
  let go = (): void => {};
  world.send = (text) => {
    sent += 1;
    return new Promise((resolve) => (go = () => resolve({ message: text })));
  };
  const rows: string[] = [];
  for (const text of ["one", "two", "three"])
    rows.push(
      ((await call("messages.send", { ...send, text }, { principal, wait: false })).value as Accepted).operation,
    );
  await expect.poll(() => sent, soon).toBe(1);
  await call("keys.revoke", { key: "agent" });
  go();
  await expect.poll(async () => (await state(rows[0] ?? "")).state, soon).toBe("done");
  for (const row of rows.slice(1))
    await expect
      .poll(() => state(row), soon)
      .toMatchObject({ state: "failed", effect: "none", error: { code: "cancelled" } });
  expect(sent).toBe(1);
});

test("a queued call that fails says so in its row, and the next one goes on", async () => {
  const { call, world, state } = await withBot();
  world.send = async (text) => {
    if (text === "bad") throw new BotyardError("forbidden", "not here");
    return { message: text };
  };
  const bad = (await call("messages.send", { ...send, text: "bad" }, { wait: false })).value as Accepted;
  const good = (await call("messages.send", { ...send, text: "good" }, { wait: false })).value as Accepted;
  await expect.poll(() => state(good.operation), soon).toMatchObject({ state: "done" });
  expect(await state(bad.operation)).toMatchObject({ state: "failed", error: { code: "forbidden" } });
});

test("what has no row to follow cannot be queued", async () => {
  const { call } = await withBot();
  for (const [name, input] of [
    ["messages.list", { connection: "chat", room: "lobby" }],
    ["consumers.put", { consumer: "reader" }],
  ] as const)
    await expect(call(name, input, { wait: false })).rejects.toMatchObject({ code: "unsupported_param" });
});
