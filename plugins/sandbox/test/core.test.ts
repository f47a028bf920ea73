import { createDisk, createWorld, eventually, head, type World } from "@botyard/testing";
import { afterEach, describe, expect, test } from "vitest";
import type * as v from "valibot";
import platform from "../src/index.ts";
import type { settings } from "../src/settings.ts";
import { sandboxPlace } from "./place.ts";

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function open(given: v.InferInput<typeof settings> = {}): Promise<World> {
  const world = await createWorld({ platform, place: sandboxPlace(given) });
  cleanups.push(() => world.close());
  return world;
}

async function makeBot(world: World, handle: string): Promise<void> {
  await world.doSteps((await world.call("bots.create", { handle })).opened);
  await world.call("rooms.add-bot", { room: "lobby", bot: handle });
}

const say = (world: World, text: string) => world.invoke("sandbox.say", { room: "lobby", text });

async function texts(world: World): Promise<string[]> {
  const { items } = (await world.invoke("sandbox.transcript", { room: "lobby" })).value as {
    items: { text: string }[];
  };
  return items.map(({ text }) => text);
}

describe("Botyard stops and starts again beside a server that goes on", () => {
  test.each([[[]], [["no-message-id"]], [["detect-only-keys", "per-bot-copies"]]] as const)(
    "with profiles %j: a send cut off in the middle is settled, and what was said meanwhile comes",
    async (profiles) => {
      const disk = await createDisk();
      cleanups.push(() => disk.remove());
      const place = sandboxPlace({ server: `outlives-${crypto.randomUUID()}`, profiles: [...profiles] });
      const first = await createWorld({ platform, place, ...(await disk.open()) });
      await makeBot(first, "helper");
      const from = await head(first);
      // the server does it and is silent; Botyard stops while it waits
      await first.invoke("sandbox.fault", { kind: "lose-answer", delayMs: 60_000 });
      const input = { room: "lobby", as: "helper", text: "cut off" };
      const sending = first.invoke("messages.send", input, { idempotencyKey: "once" }).catch((error: unknown) => error);
      await until(async () => (await texts(first)).includes("cut off"));
      await first.close();
      expect(await sending).toMatchObject({ effect: "unknown" });

      const other = await createWorld({ platform, place });
      await say(other, "meanwhile");
      await other.close();

      const second = await createWorld({ platform, place, ...(await disk.open()) });
      cleanups.push(() => second.close());
      const { items } = await second.call("ledger.list", {});
      const row = items.find(({ operation }) => operation === "messages.send");
      await until(async () => {
        const looked = await second.call("ledger.reconcile", { operation: row?.id ?? "" });
        return looked.state === "done";
      });
      const again = await second.invoke("messages.send", input, { idempotencyKey: "once" });
      expect(again.replayed).toBe(true);
      await eventually(second, from, ({ content }) => content?.text === "meanwhile");
      expect(await texts(second)).toEqual(["cut off", "meanwhile"]);
      const { items: gaps } = await second.call("gaps.list", {});
      expect(gaps.filter(({ state }) => state !== "filled")).toEqual([]);
    },
  );

  test("a server of its own is a new one; its bots are there again, in their rooms", async () => {
    const disk = await createDisk();
    cleanups.push(() => disk.remove());
    const first = await createWorld({ platform, place: sandboxPlace(), ...(await disk.open()) });
    await makeBot(first, "helper");
    const { nativeId } = await first.call("bots.get", { bot: "helper" });
    await first.close();
    const second = await createWorld({ platform, place: sandboxPlace(), ...(await disk.open()) });
    cleanups.push(() => second.close());
    expect(await second.call("bots.get", { bot: "helper" })).toMatchObject({ nativeId, state: "ready" });
    const from = await head(second);
    await say(second, "back?");
    const event = await eventually(second, from, ({ content }) => content?.text === "back?");
    await second.call("messages.reply", { event: event.id, text: "back" });
    expect(await texts(second)).toEqual(["back?", "back"]);
    expect((await second.call("gaps.list", { state: "lost" })).items).toEqual([]);
  });
});

describe("accounts and logins", () => {
  test("a person's password reads the history as that person", async () => {
    const world = await open();
    await makeBot(world, "helper");
    await say(world, "mine");
    await world.refused("not_found", "messages.list", { room: "lobby", as: "account:alice" });
    await world.call("credentials.import", { kind: "account-password", account: "alice", secret: "password-alice" });
    const { items } = await world.call("messages.list", { room: "lobby", as: "account:alice" });
    expect(items.map(({ content }) => content.text)).toEqual(["mine"]);
  });

  test("an owner logs in by name and password; a wrong one is asked for again", async () => {
    const world = await createWorld({
      platform,
      place: { ...sandboxPlace({ profiles: ["two-credentials"] }), credentials: {} },
    });
    cleanups.push(() => world.close());
    expect(await world.call("connections.get", {})).toMatchObject({ state: "auth_required" });
    const asked = await world.call("credentials.login", { kind: "owner-session" });
    expect(asked).toMatchObject({
      state: "ask",
      fields: [
        { name: "user", secret: false },
        { name: "password", secret: true },
      ],
    });
    const answer = (password: string) =>
      world.call("credentials.login", {
        kind: "owner-session",
        dialogue: asked.dialogue,
        answers: { user: "bob", password },
      });
    expect(await answer("guess")).toMatchObject({ state: "ask", title: expect.stringContaining("wrong") });
    expect(await answer("password-bob")).toMatchObject({ state: "done" });
    expect(await world.call("connections.get", {})).toMatchObject({ state: "ready" });
    await makeBot(world, "helper");
    expect((await world.call("bots.get", { bot: "helper" })).owner).toBe("bob");
  });
});

describe("what the server makes of a wish", () => {
  test("a name in capitals comes back in small letters, and is said", async () => {
    const world = await open();
    const made = await world.call("bots.create", { handle: "helper", username: "Helper", options: { badge: "beta" } });
    expect(made).toMatchObject({
      username: "helper",
      changed: [{ field: "username", asked: "Helper", given: "helper" }],
      native: { badge: "beta", hookUrl: null },
    });
    await world.refused("invalid", "bots.create", { handle: "other", options: { bagde: "x" } });
    const other = await open({ profiles: ["operator-install"] });
    await other.refused("unsupported_param", "bots.create", { handle: "helper", options: { badge: "beta" } });
  });

  test("what holds for a bot in a room: outside of it nothing, inside a closed one no history", async () => {
    const world = await open({ closedHistory: ["eng:alerts"] });
    await makeBot(world, "helper");
    const target = { bot: "helper", room: "eng:alerts" };
    expect(await world.capability("messages.send", target)).toMatchObject({
      support: "none",
      reason: "not-a-member",
      remedy: "botyard rooms add-bot sandbox/eng:alerts helper",
    });
    await world.call("rooms.add-bot", { room: "eng:alerts", bot: "helper" });
    expect(await world.capability("messages.send", target)).toMatchObject({ support: "native" });
    expect(await world.capability("messages.list", target)).toMatchObject({
      support: "none",
      reason: "history-closed",
    });
  });
});

async function until(done: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 500; tries += 1) {
    if (await done()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error("it did not happen");
}

test.each([[[]], [["per-bot-copies"]], [["operator-install"]]] as const)(
  "with profiles %j: kept intakes decode again to what the log has already",
  async (profiles) => {
    const world = await open({ profiles: [...profiles] });
    await makeBot(world, "helper");
    await makeBot(world, "other");
    const from = await head(world);
    for (const text of ["one", "two"]) await say(world, text);
    await eventually(world, from, ({ content }) => content?.text === "two");
    const before = await head(world);
    const decoded = await world.call("connections.decode", {});
    expect(decoded).toMatchObject({ events: 0, failed: 0 });
    expect(decoded.intakes).toBeGreaterThan(0);
    expect(await head(world)).toBe(before);
  },
);
