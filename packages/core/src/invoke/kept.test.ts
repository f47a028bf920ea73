import { BotyardError } from "@botyard/sdk";
import { expect, test } from "vitest";
import { tinyWorld } from "../fixtures/tiny-platform.ts";
import { tinyRuntime } from "../fixtures/tiny-runtime.ts";
import { createFakeClock } from "../limits/fake-clock.ts";
import { createMemorySealer } from "../secrets/seal.ts";
import { openStore } from "../store/open-store.ts";
import type { Store } from "../store/types.ts";

const soon = { timeout: 5_000, interval: 5 };
const send = { connection: "chat", room: "lobby" };
type Accepted = { readonly operation: string };

/** One data directory that several processes use, one after the other; `crash` leaves what is written and no more. */
async function directory() {
  const store = await openStore({ memory: true });
  const sealer = createMemorySealer();
  const world = tinyWorld();
  const sent: string[] = [];
  /** Texts that the server takes and does not answer. */
  const slow = new Set<string>();
  world.send = (text, call) => {
    sent.push(text);
    const answer = { message: `m-${text}` };
    if (!slow.has(text)) return Promise.resolve(answer);
    return new Promise((_, reject) => {
      call.signal.addEventListener("abort", () => reject(new BotyardError("cancelled", "stopped", { effect: "none" })));
    });
  };
  const start = async () => {
    let dead = false;
    const forever = new Promise<never>(() => {});
    const view = Object.fromEntries(
      Object.entries(store).map(([name, method]) => [
        name,
        async (...given: unknown[]) => {
          if (name === "close") return;
          if (dead) return forever;
          return (method as (...args: unknown[]) => unknown)(...given);
        },
      ]),
    ) as unknown as Store;
    const tiny = await tinyRuntime({ receive: true, store: view, sealer, world });
    const state = (operation: string) =>
      tiny.value<{ state: string; effect: string; error?: { code: string } }>("ledger.get", { operation });
    const queue = async (text: string, more: object = {}) =>
      ((await tiny.call("messages.send", { ...send, text }, { wait: false, ...more })).value as Accepted).operation;
    return { ...tiny, state, queue, crash: () => void (dead = true) };
  };
  return { store, sealer, world, sent, slow, start };
}

test("what waited when the process was killed is done by the next one, in order, and once", async () => {
  const { start, sent, slow, store } = await directory();
  const first = await start();
  await first.call("bots.create", { connection: "chat", handle: "helper" });
  slow.add("one");
  const rows = [];
  for (const text of ["one", "two", "three"]) rows.push(await first.queue(text));
  await expect.poll(() => sent, soon).toEqual(["one"]);
  const kept = (await store.getEffect(rows[1] ?? ""))?.call?.input ?? "";
  expect(kept).not.toBe("");
  expect(Buffer.from(kept, "base64").toString("latin1")).not.toContain("two");
  first.crash();

  slow.clear();
  const second = await start();
  const last = await second.queue("four");
  await expect.poll(async () => (await second.state(last)).state, soon).toBe("done");
  // Nobody knows what became of the one that was under way: it is not sent again.
  expect(await second.state(rows[0] ?? "")).toMatchObject({ state: "unknown", effect: "unknown" });
  for (const row of rows.slice(1)) expect(await second.state(row)).toMatchObject({ state: "done" });
  expect(sent).toEqual(["one", "two", "three", "four"]);
  // An input that is not needed any more is not kept.
  expect((await store.getEffect(rows[1] ?? ""))?.call).toBeNull();

  const third = await start();
  await third.queue("five");
  await expect.poll(() => sent, soon).toEqual(["one", "two", "three", "four", "five"]);
  await second.runtime.close({ drainMs: 0 });
  await third.runtime.close({ drainMs: 0 });
});

test("a service that is stopped gives up what has not left, and the next one does it", async () => {
  const { start, sent, slow } = await directory();
  const first = await start();
  await first.call("bots.create", { connection: "chat", handle: "helper" });
  slow.add("one");
  const rows = [await first.queue("one"), await first.queue("two")];
  await expect.poll(() => sent, soon).toEqual(["one"]);
  await first.runtime.close({ drainMs: 0 });

  slow.clear();
  const second = await start();
  for (const row of rows) await expect.poll(async () => (await second.state(row)).state, soon).toBe("done");
  expect(sent).toEqual(["one", "one", "two"]);
  await second.runtime.close({ drainMs: 0 });
});

test("what waited longer than its deadline, or whose key has ended, is not sent", async () => {
  const { start, sent, slow } = await directory();
  const first = await start();
  await first.call("bots.create", { connection: "chat", handle: "helper" });
  const principal = await first.key({ name: "agent", preset: "bot" });
  slow.add("one");
  await first.queue("one");
  const late = await first.queue("late", { deadlineMs: 20 });
  const foreign = await first.queue("foreign", { principal });
  const after = await first.queue("after");
  await first.call("keys.revoke", { key: "agent" });
  expect(await first.state(foreign)).toMatchObject({ state: "accepted" });
  first.crash();
  await new Promise((resolve) => setTimeout(resolve, 30));

  const second = await start();
  await expect.poll(async () => (await second.state(after)).state, soon).toBe("done");
  expect(await second.state(late)).toMatchObject({ state: "failed", effect: "none", error: { code: "timeout" } });
  expect(await second.state(foreign)).toMatchObject({ state: "failed", effect: "none", error: { code: "cancelled" } });
  expect(sent).toEqual(["one", "after"]);
  await second.runtime.close({ drainMs: 0 });
});

test("the same key finds the call that waits still, also after the restart", async () => {
  const { start, slow, sent } = await directory();
  const first = await start();
  await first.call("bots.create", { connection: "chat", handle: "helper" });
  slow.add("one");
  await first.queue("one");
  const row = await first.queue("two", { idempotencyKey: "k" });
  first.crash();
  slow.clear();
  const second = await start();
  await expect.poll(async () => (await second.state(row)).state, soon).toBe("done");
  expect(await second.call("messages.send", { ...send, text: "two" }, { idempotencyKey: "k" })).toMatchObject({
    replayed: true,
    value: { operation: row },
  });
  expect(sent).toEqual(["one", "two"]);
  await second.runtime.close({ drainMs: 0 });
});

test("a single command leaves what waits to the service", async () => {
  const { start, sent, slow, store, sealer } = await directory();
  const first = await start();
  await first.call("bots.create", { connection: "chat", handle: "helper" });
  slow.add("one");
  await first.queue("one");
  const row = await first.queue("two");
  first.crash();
  const command = await tinyRuntime({ store, sealer });
  expect(await store.getEffect(row)).toMatchObject({ state: "accepted" });
  expect(sent).toEqual(["one"]);
  await command.runtime.close({ drainMs: 0 });
});

test("a reply can be queued, and is the same row when it comes again", async () => {
  const { start, sent } = await directory();
  const { call, value, world, state, runtime } = await start();
  await call("bots.create", { connection: "chat", handle: "helper" });
  await world.host?.commit({
    via: "frame",
    bots: ["helper"],
    events: [
      {
        key: { kind: "message", id: "m9" },
        type: "message.created",
        time: "2026-11-20T08:00:00.000Z",
        room: { id: "r1" },
        actor: { id: "u-alice", kind: "user" },
        message: { id: "m9" },
        content: { text: "hello?", format: "plain", plain: "hello?", mentions: [], files: [] },
      },
    ],
  });
  const { items } = await value<{ items: { id: string; type: string }[] }>("events.list", { from: "oldest" });
  const event = items.find(({ type }) => type === "message.created")?.id;
  const queued = await call("messages.reply", { event, text: "yes" }, { wait: false });
  const { operation } = queued.value as Accepted;
  expect(queued).toMatchObject({ status: 202, value: { state: "accepted" }, location: `/v1/ledger/${operation}` });
  await expect.poll(async () => (await state(operation)).state, soon).toBe("done");
  expect(await call("messages.reply", { event, text: "yes" }, { wait: false })).toMatchObject({
    replayed: true,
    value: { operation },
  });
  expect(sent).toEqual(["yes"]);
  await runtime.close({ drainMs: 0 });
});

test("a secret that the server made and that was never saved is replaced by a new one, and its row ends", async () => {
  const { start, store } = await directory();
  const first = await start();
  await first.call("bots.create", { connection: "chat", handle: "helper" });
  let made = 0;
  let answered = (): void => {};
  first.world.rotate = () => {
    made += 1;
    const credential = { kind: "bot-token", secret: `token-${made}` };
    if (made > 1) return Promise.resolve({ credential });
    return new Promise((resolve) => (answered = () => resolve({ credential })));
  };
  const lost = first.call("credentials.rotate", { connection: "chat", bot: "helper" }).catch(() => {});
  await expect.poll(() => made, soon).toBe(1);
  first.crash();
  answered();
  void lost;

  const second = await start();
  const [row] = await store.listEffects({ limit: 1 });
  expect(row).toMatchObject({ operation: "credentials.rotate", state: "unknown" });
  await expect.poll(async () => (await store.getEffect(row?.id ?? ""))?.state, soon).toBe("done");
  expect(made).toBe(2);
  const vault = second.runtime.core.vault;
  expect(vault.find("chat", { kind: "bot-token", bot: "helper" })?.secret).toBe("token-2");
  await second.runtime.close({ drainMs: 0 });
});

test("where the server shows its secret again, it is asked for and not replaced", async () => {
  const { start, store, world } = await directory();
  world.recover = "refetch";
  const first = await start();
  await first.call("bots.create", { connection: "chat", handle: "helper" });
  let rotated = 0;
  world.rotate = () => {
    rotated += 1;
    return new Promise(() => {});
  };
  world.issue = async () => ({ credential: { kind: "bot-token", secret: `the-${rotated}` } });
  void first.call("credentials.rotate", { connection: "chat", bot: "helper" }).catch(() => {});
  await expect.poll(() => rotated, soon).toBe(1);
  first.crash();

  const second = await start();
  const [row] = await store.listEffects({ limit: 1 });
  await expect.poll(async () => (await store.getEffect(row?.id ?? ""))?.state, soon).toBe("done");
  expect(rotated).toBe(1);
  expect(second.runtime.core.vault.find("chat", { kind: "bot-token", bot: "helper" })?.secret).toBe("the-1");
  await second.runtime.close({ drainMs: 0 });
});

test("what was done and cannot be written down is told as done, not sent again, and written when it can be", async () => {
  const inner = await openStore({ memory: true });
  let full = false;
  const store: Store = {
    ...inner,
    async updateEffect(id, patch) {
      if (full && patch.state !== "attempting")
        throw new BotyardError("internal", "the disk is full", { effect: "none" });
      return inner.updateEffect(id, patch);
    },
  };
  const clock = createFakeClock();
  const { call, runtime, world } = await tinyRuntime({ receive: true, store, clock });
  let sent = 0;
  world.send = async () => ({ message: `m${(sent += 1)}` });
  await call("bots.create", { connection: "chat", handle: "helper" });
  full = true;
  const first = call("messages.send", { ...send, text: "once" }, { idempotencyKey: "k" });
  await expect(first).rejects.toMatchObject({ code: "internal", details: { effect: "applied" } });
  await expect(call("messages.send", { ...send, text: "once" }, { idempotencyKey: "k" })).rejects.toMatchObject({
    code: "conflict",
  });
  full = false;
  await clock.advance(5_000);
  await expect
    .poll(async () => (await call("messages.send", { ...send, text: "once" }, { idempotencyKey: "k" })).value, soon)
    .toMatchObject({ status: "sent", message: "m1" });
  expect(sent).toBe(1);
  await runtime.close({ drainMs: 0 });
});
