import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Webhook as WebhookView, WebhookAttempt } from "@botyard/sdk";
import { Webhook } from "standardwebhooks";
import { afterEach, expect, test } from "vitest";
import { tinyRuntime } from "../fixtures/tiny-runtime.ts";
import { draft } from "../log/test-log.ts";
import { createRuntime } from "../runtime.ts";

interface Got {
  readonly headers: Record<string, string>;
  readonly body: string;
}
type Created = WebhookView & { readonly secret: string };

let closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.toReversed()) await close();
  closing = [];
});

/** A receiver of webhooks on this machine. */
async function sink(answer: (got: Got) => number = () => 200) {
  const got: Got[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (part: Buffer) => (body += part.toString()));
    request.on("end", () => {
      const item = { headers: request.headers as Record<string, string>, body };
      got.push(item);
      response.writeHead(answer(item)).end("thanks whsec_c2VjcmV0c2VjcmV0c2VjcmV0");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { got, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook` };
}

async function serving(receive = true) {
  const tiny = await tinyRuntime({ receive });
  closing.push(() => tiny.runtime.close({ drainMs: 0 }));
  await tiny.call("bots.create", { connection: "chat", handle: "helper" });
  let n = 0;
  const say = (room = "r1") =>
    tiny.runtime.core.log.commit(
      { id: "chat", platform: "tiny" },
      {
        via: "frame",
        bots: ["helper"],
        events: [draft(`m${(n += 1)}`, { room: { id: room, kind: "channel" }, time: new Date().toISOString() })],
      },
    );
  const create = (url: string, more = {}, options = {}) =>
    tiny.value<Created>("webhooks.create", { name: "hook", url, ...more }, options);
  const show = () => tiny.value<WebhookView>("webhooks.get", { webhook: "hook" });
  return { ...tiny, say, create, show };
}
const soon = { timeout: 5_000, interval: 10 };
const messages = (got: readonly Got[]) =>
  got.map(({ body }) => (JSON.parse(body) as { message?: { id: string } }).message?.id);

test("an event arrives signed, the same JSON as by pull, with its id", async () => {
  const { got, url } = await sink();
  const { say, create, value, show } = await serving();
  const { secret } = await create(url, { type: ["message.*"] });
  await say();
  await expect.poll(() => got.length, soon).toBe(1);
  const [first] = got;
  const event = new Webhook(secret).verify(first?.body ?? "", first?.headers ?? {});
  const { items } = await value<{ items: unknown[] }>("events.list", { from: "oldest", type: ["message.created"] });
  expect(event).toEqual(items[0]);
  expect(first?.headers["webhook-id"]).toBe((items[0] as { id: string }).id);
  expect(() => new Webhook("whsec_AAAA").verify(first?.body ?? "", first?.headers ?? {})).toThrow();
  await expect.poll(async () => (await show()).lastDeliveredAt, soon).not.toBeNull();
  const attempts = async () =>
    (await value<{ items: WebhookAttempt[] }>("webhooks.attempts", { webhook: "hook" })).items;
  await expect
    .poll(attempts, soon)
    .toMatchObject([{ outcome: "delivered", status: 200, snippet: "thanks [redacted]" }]);
});

test("two secrets sign while one replaces the other, and neither is ever shown again", async () => {
  const { got, url } = await sink();
  const { say, create, value, call, show, store, lines } = await serving();
  const { secret } = await create(url);
  const { secret: next } = await value<Created>("webhooks.rotate", { webhook: "hook" });
  expect(next).not.toBe(secret);
  await say();
  await expect.poll(() => got.length, soon).toBe(1);
  for (const one of [secret, next])
    expect(new Webhook(one).verify(got[0]?.body ?? "", got[0]?.headers ?? {})).toMatchObject({
      type: "message.created",
    });
  await call("webhooks.rotate", { webhook: "hook", overlapMs: 0 });
  await say();
  await expect.poll(() => got.length, soon).toBe(2);
  for (const one of [secret, next])
    expect(() => new Webhook(one).verify(got[1]?.body ?? "", got[1]?.headers ?? {})).toThrow();
  const kept = JSON.stringify([await show(), await store.listRecords("webhook"), lines]);
  for (const one of [secret, next]) expect(kept).not.toContain(one);
});

test("a created secret comes again for its idempotency key only", async () => {
  const { url } = await sink();
  const { create } = await serving();
  const first = await create(url, {}, { idempotencyKey: "k" });
  expect((await create(url, {}, { idempotencyKey: "k" })).secret).toBe(first.secret);
  await expect(create(url)).rejects.toMatchObject({ code: "conflict" });
});

test("a limited key's webhook sees what the key sees, goes to no private address, and ends with the key", async () => {
  const { got, url } = await sink();
  const { say, create, value, key, show, call } = await serving();
  const limited = await key({ name: "limited", allow: ["webhooks.*"], room: ["chat/lobby"] });
  await create(url, {}, { principal: limited });
  expect(await value<WebhookAttempt>("webhooks.test", { webhook: "hook" }, { principal: limited })).toMatchObject({
    outcome: "failed",
    status: null,
    reason: expect.stringContaining("may not go there"),
  });
  await call("webhooks.delete", { webhook: "hook" });
  const granted = await key({ name: "granted", allow: ["webhooks.*", "webhooks.private"], room: ["chat/lobby"] });
  await create(url, {}, { principal: granted });
  await say("r2");
  await say("r1");
  await expect.poll(() => messages(got), soon).toEqual(["m2"]);
  await call("keys.revoke", { key: "granted" });
  await expect.poll(async () => (await show()).state, soon).toBe("ended");
  await say("r1");
  const { url: other, got: marker } = await sink();
  await call("webhooks.create", { name: "marker", url: other });
  await say("r1");
  await expect.poll(() => marker.length, soon).toBe(1);
  expect(messages(got)).toEqual(["m2"]);
});

test("another key sees neither the webhook nor that there is one", async () => {
  const { url } = await sink();
  const { create, value, call, key } = await serving();
  await create(url);
  const other = await key({ name: "other", allow: ["webhooks.*"] });
  expect(await value("webhooks.list", {}, { principal: other })).toEqual({ items: [] });
  for (const name of ["webhooks.get", "webhooks.delete", "webhooks.test", "webhooks.replay", "webhooks.rotate"])
    await expect(call(name, { webhook: "hook" }, { principal: other })).rejects.toMatchObject({ code: "not_found" });
});

test("410 switches it off; enabled again it goes on where it was", async () => {
  let status = 410;
  const { got, url } = await sink(() => status);
  const { say, create, show, call } = await serving();
  await create(url);
  await say();
  await expect.poll(async () => (await show()).state, soon).toBe("disabled");
  await say();
  status = 200;
  await call("webhooks.update", { webhook: "hook", enabled: true });
  await expect.poll(() => messages(got), soon).toEqual(["m1", "m1", "m2"]);
  expect(await show()).toMatchObject({ state: "ready" });
});

test("a test event arrives at once, signed, and is in no log", async () => {
  const { got, url } = await sink(() => 500);
  const { create, value, store } = await serving(false);
  const { secret } = await create(url);
  const head = (await store.info()).headSeq;
  expect(await value("webhooks.test", { webhook: "hook" })).toMatchObject({ outcome: "failed", status: 500 });
  expect(new Webhook(secret).verify(got[0]?.body ?? "", got[0]?.headers ?? {})).toMatchObject({ type: "webhook.test" });
  expect((await store.info()).headSeq).toBe(head);
});

test("replays one event, a range, and what waits at once", async () => {
  let status = 200;
  const { got, url } = await sink(() => status);
  const { say, create, value, call } = await serving();
  await create(url, { type: ["message.*"] });
  for (let n = 0; n < 3; n += 1) await say();
  await expect.poll(() => got.length, soon).toBe(3);
  const event = got[1]?.headers["webhook-id"];
  expect(await value("webhooks.replay", { webhook: "hook", event })).toEqual({ queued: 1 });
  await expect.poll(() => messages(got), soon).toEqual(["m1", "m2", "m3", "m2"]);
  await call("webhooks.replay", { webhook: "hook", from: "oldest" });
  await expect.poll(() => messages(got).slice(4), soon).toEqual(["m1", "m2", "m3"]);
  status = 503;
  await say();
  const waiting = () => value<{ items: { nextAt: string | null }[] }>("webhooks.deliveries", { webhook: "hook" });
  await expect.poll(async () => (await waiting()).items.length, soon).toBe(1);
  // What waits behind it has no time of its own.
  await say();
  await expect
    .poll(async () => (await waiting()).items.map(({ nextAt }) => nextAt?.slice(0, 2) ?? null), soon)
    .toEqual(["20", null]);
  status = 200;
  await call("webhooks.replay", { webhook: "hook", now: true });
  await expect.poll(async () => (await waiting()).items.length, soon).toBe(0);
  expect(messages(got).slice(-2)).toEqual(["m4", "m5"]);
  await expect(call("webhooks.replay", { webhook: "hook", event, from: "oldest" })).rejects.toMatchObject({
    code: "invalid",
  });
});

test("one that never answers holds up nobody else", async () => {
  const hanging = createServer(() => {});
  await new Promise<void>((resolve) => hanging.listen(0, "127.0.0.1", () => resolve()));
  closing.push(() => (hanging.closeAllConnections(), hanging.close()));
  const { got, url } = await sink();
  const { say, create, call } = await serving();
  await create(`http://127.0.0.1:${(hanging.address() as AddressInfo).port}/`, { name: "hanging" });
  await call("webhooks.create", { name: "quick", url });
  for (let n = 0; n < 200; n += 1) await say(`r${n % 50}`);
  await expect.poll(() => got.length, soon).toBe(200);
});

test("a new process goes on where the last one was", async () => {
  let status = 503;
  const { got, url } = await sink(() => status);
  const { say, create, runtime, store } = await serving();
  await create(url, { type: ["message.*"] });
  await say("r1");
  await expect.poll(() => got.length, soon).toBe(1);
  const { core } = runtime;
  await core.webhooks.close();
  await say("r1");
  await say("r2");
  status = 200;
  const close = store.close.bind(store);
  const later = await createRuntime({
    version: "test",
    platforms: [...core.platforms.values()],
    store,
    sealer: core.sealer,
    logger: { ...core.logger, child: () => later.core.logger as never, wants: () => false },
    redactor: { add() {}, text: (text) => text, data: (data) => ({ ...data }) },
    receive: true,
  });
  closing.push(() => later.close({ drainMs: 0 }), close);
  await later.start();
  const tail = () => messages(got).slice(1);
  await expect.poll(() => tail(), soon).toContain("m3");
  await later.invoke("webhooks.replay", { webhook: "hook", now: true }, { principal: later.local, request: "req_x" });
  await expect.poll(() => new Set(tail()), soon).toEqual(new Set(["m1", "m2", "m3"]));
  expect(tail().indexOf("m1")).toBeLessThan(tail().indexOf("m2"));
});

test("addresses with user and password, and other schemes, are refused", async () => {
  const { create } = await serving(false);
  for (const url of [
    "http://user:word@127.0.0.1/",
    "ftp://127.0.0.1/",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "http://",
  ])
    await expect(create(url)).rejects.toMatchObject({ code: "invalid" });
});
