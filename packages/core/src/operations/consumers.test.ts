import type { BotyardError, Consumer, Event } from "@botyard/sdk";
import { expect, test } from "vitest";
import { systemClock } from "../host/clock.ts";
import { tinyRuntime } from "../fixtures/tiny-runtime.ts";

type Page = { readonly items: readonly Event[]; readonly cursor: string };

let messages = 0;

async function world(now: () => number = Date.now) {
  const tiny = await tinyRuntime({ clock: { ...systemClock, now } });
  await tiny.call("bots.create", { connection: "chat", handle: "helper" });
  await tiny.call("bots.create", { connection: "chat", handle: "other" });
  const say = async (text: string, more: { bots?: string[]; room?: string; time?: string } = {}): Promise<void> => {
    messages += 1;
    await tiny.world.host?.commit({
      via: "frame",
      bots: more.bots ?? ["helper"],
      events: [
        {
          key: { kind: "message", id: `m${messages}` },
          type: "message.created",
          time: more.time ?? new Date(now()).toISOString(),
          room: { id: more.room ?? "r1" },
          actor: { id: "u-alice", kind: "user" },
          message: { id: `m${messages}` },
          content: { text, format: "plain", plain: text, mentions: [], files: [] },
        },
      ],
    });
  };
  const pull = (consumer: string, more: object = {}, call: object = {}): Promise<Page> =>
    tiny.value<Page>("consumers.events", { consumer, ...more }, call);
  const texts = async (consumer: string): Promise<readonly (string | undefined)[]> =>
    (await pull(consumer)).items.map((event) => event.content?.text);
  return { ...tiny, say, pull, texts };
}

test("put is harmless to repeat: the place stays, the filter is replaced", async () => {
  const { call, value, say, pull, texts } = await world();
  const put = (more: object = {}) => call("consumers.put", { consumer: "py", start: "now", ...more });
  expect((await put()).status).toBe(201);
  await say("one");
  const { cursor } = await pull("py");
  await value("consumers.ack", { consumer: "py", cursor });
  await say("two");
  expect((await put()).status).toBe(200);
  expect(await texts("py")).toEqual(["two"]);
  await put({ start: "oldest", type: ["reaction.*"] });
  expect(await texts("py")).toEqual([]);
  await put();
  expect(await texts("py")).toEqual(["two"]);
});

test("a page comes again until it is acknowledged; a late acknowledgement takes nothing back", async () => {
  const { value, say, pull, texts } = await world();
  await value("consumers.put", { consumer: "py" });
  await say("one");
  const first = await pull("py");
  expect(await pull("py")).toEqual(first);
  await say("two");
  const both = await pull("py");
  await value("consumers.ack", { consumer: "py", cursor: both.cursor });
  await value("consumers.ack", { consumer: "py", cursor: first.cursor });
  expect(await texts("py")).toEqual([]);
  await expect(value("consumers.ack", { consumer: "py", cursor: "12" })).rejects.toMatchObject({ code: "invalid" });
});

test("what was never given cannot be acknowledged: a cursor of another reader skips nothing", async () => {
  const { value, say, pull, texts } = await world();
  for (const consumer of ["py", "fast", "stream"]) await value("consumers.put", { consumer });
  await say("one");
  await say("two");
  const first = await pull("py", { limit: 1 });
  const { cursor } = await pull("fast");
  await expect(value("consumers.ack", { consumer: "py", cursor })).rejects.toMatchObject({ code: "invalid" });
  await value("consumers.ack", { consumer: "py", cursor: first.cursor });
  expect(await texts("py")).toEqual(["two"]);
  // One that reads by a stream says itself how far it came.
  await value("consumers.ack", { consumer: "stream", cursor });
  expect(await texts("stream")).toEqual([]);
});

test("begins now, at the oldest, at a time, after a cursor, or at a seq", async () => {
  let now = Date.parse("2026-11-20T08:00:00Z");
  const { value, say, texts } = await world(() => now);
  const starts: string[] = [];
  for (const text of ["one", "two", "three"]) {
    now += 60_000;
    await say(text);
  }
  const { items } = await value<Page>("events.list", { type: ["message.*"] });
  const two = items[1];
  starts.push("now", "oldest", "2026-11-20T08:01:30Z", two?.cursor ?? "", String(two?.seq));
  const seen: unknown[] = [];
  for (const [n, start] of starts.entries()) {
    await value("consumers.put", { consumer: `c${n}`, start, type: ["message.*"] });
    seen.push(await texts(`c${n}`));
  }
  expect(seen).toEqual([[], ["one", "two", "three"], ["two", "three"], ["three"], ["two", "three"]]);
  await expect(value("consumers.put", { consumer: "ahead", start: "999999" })).rejects.toMatchObject({
    code: "invalid",
  });
  await expect(value("consumers.put", { consumer: "odd", start: "yesterday" })).rejects.toMatchObject({
    code: "invalid",
  });
});

test("filters by connection, bot, room and type; own echoes only where asked for", async () => {
  const { call, value, say, texts } = await world();
  const put = (consumer: string, more: object) => value("consumers.put", { consumer, ...more });
  await put("bot", { bot: "chat/other" });
  await put("room", { room: "chat/ops" });
  await put("type", { type: ["message.*"], connection: "chat" });
  await put("own", { own: true, type: ["message.*"] });
  await say("for helper");
  await say("for other", { bots: ["other"], room: "r2" });
  expect(await texts("bot")).toEqual(["for other"]);
  expect(await texts("room")).toEqual(["for other"]);
  expect(await texts("type")).toEqual(["for helper", "for other"]);
  await call("bots.create", { connection: "chat", handle: "echo" });
  expect((await texts("own")).length).toBe(2);
});

test("says how much waits for it: what its filter keeps out does not", async () => {
  const { value, say, pull } = await world();
  await value("consumers.put", { consumer: "py", bot: "chat/other" });
  const waiting = () => value<Consumer>("consumers.get", { consumer: "py" });
  for (const text of ["one", "two"]) await say(text);
  expect(await waiting()).toMatchObject({ waiting: 0, oldestAt: null });
  await say("for other", { bots: ["other"] });
  expect(await waiting()).toMatchObject({ waiting: 1, oldestAt: expect.any(String) as string });
  await value("consumers.ack", { consumer: "py", cursor: (await pull("py")).cursor });
  expect(await waiting()).toMatchObject({ waiting: 0, oldestAt: null });
  // What is too far behind to be looked at is counted.
  for (let n = 0; n < 150; n += 1) await say(`noise ${n}`);
  expect(await waiting()).toMatchObject({ waiting: 50 });
});

test("maxAgeMs leaves old events out, counts each once, and never hides a gap", async () => {
  let now = Date.parse("2026-11-20T08:00:00Z");
  const { value, say, pull, texts, runtime, lines } = await world(() => now);
  await value("consumers.put", { consumer: "py", maxAgeMs: 60_000, type: ["message.*"] });
  await say("stale");
  await say("stale too");
  await runtime.core.supervisor.gaps.open({ connection: "chat", from: "2026-11-20T07:00:00.000Z", cause: "test" });
  now += 120_000;
  await say("fresh");
  const page = await pull("py");
  expect(page.items.map((event) => event.type)).toEqual(["gap.opened", "message.created"]);
  expect(await texts("py")).toHaveLength(2);
  expect(await value<Consumer>("consumers.get", { consumer: "py" })).toMatchObject({ skipped: 2 });
  expect(lines.filter((line) => line.includes("older than its maxAgeMs"))).toHaveLength(1);
  await value("consumers.ack", { consumer: "py", cursor: page.cursor });
  expect(await value<Consumer>("consumers.get", { consumer: "py" })).toMatchObject({
    skipped: 2,
    waiting: 0,
    oldestAt: null,
  });
});

test("a long poll ends with the first event, and ends when its key is revoked", async () => {
  const { call, key, say, pull } = await world();
  const principal = await key({ name: "py", bot: ["chat/helper"] });
  const never = new AbortController();
  const as = { principal, signal: () => never.signal };
  await call("consumers.put", { consumer: "py" }, { principal });
  const waiting = pull("py", { waitMs: 60_000 }, as);
  await say("there");
  expect((await waiting).items).toHaveLength(1);
  const { cursor } = await pull("py");
  await call("consumers.ack", { consumer: "py", cursor }, { principal });
  const idle = pull("py", { waitMs: 60_000 }, as).then(
    (page) => page.items,
    (error: BotyardError) => error.code,
  );
  const { value } = await call("keys.revoke", { key: "py" });
  expect(value).toMatchObject({ streams: 1 });
  expect([[], "cancelled", "unauthenticated"]).toContainEqual(await idle);
});

test("ends with its key, and is taken over with its place by another", async () => {
  const { call, key, say, pull, texts, value } = await world();
  const principal = await key({ name: "old", bot: ["chat/helper"] });
  await call("consumers.put", { consumer: "py", bot: "chat/helper" }, { principal });
  await expect(
    call("consumers.put", { consumer: "py" }, { principal: await key({ name: "thief" }) }),
  ).rejects.toMatchObject({
    code: "conflict",
  });
  await say("while nobody read");
  await call("keys.revoke", { key: "old" });
  await expect(pull("py")).rejects.toMatchObject({ code: "forbidden" });
  const next = await key({ name: "new", bot: ["chat/helper"] });
  await call("consumers.put", { consumer: "py", bot: "chat/helper" }, { principal: next });
  expect((await pull("py", {}, { principal: next })).items).toHaveLength(1);
  expect(await texts("py")).toEqual(["while nobody read"]);
  expect(await value("consumers.get", { consumer: "py" })).toMatchObject({ waiting: expect.any(Number) as number });
});

test("a reader that does not read holds neither memory nor others", async () => {
  const { call, say, value, runtime } = await world();
  const never = new AbortController();
  const open = async () =>
    (
      (await call("events.stream", { from: "now", type: ["message.*"] }, { signal: () => never.signal }))
        .value as AsyncIterable<Event>
    )[Symbol.asyncIterator]();
  const [slow, quick] = [await open(), await open()];
  const first = slow.next();
  const read = runtime.core.store.readPositions;
  let asked = 0;
  (runtime.core.store as { readPositions: typeof read }).readPositions = (query) => {
    asked += 1;
    return read(query);
  };
  for (let n = 0; n < 300; n += 1) await say(`n${n}`);
  for (let n = 0; n < 300; n += 1) expect((await quick.next()).value?.content?.text).toBe(`n${n}`);
  expect((await first).value?.content?.text).toBe("n0");
  // What nobody took was never read from the log.
  const before = asked;
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(asked).toBe(before);
  expect((await slow.next()).value?.content?.text).toBe("n1");
  never.abort();
  expect((await value<Page>("events.list", { type: ["message.*"], limit: 500, from: "oldest" })).items).toHaveLength(
    300,
  );
});
