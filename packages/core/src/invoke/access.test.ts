import type { BotyardError, KeyView, RevokedKey } from "@botyard/sdk";
import { describe, expect, test } from "vitest";
import { tinyPlatform, tinyWorld } from "../fixtures/tiny-platform.ts";
import { tinyRuntime } from "../fixtures/tiny-runtime.ts";

async function withBot() {
  const tiny = await tinyRuntime();
  await tiny.call("bots.create", { connection: "chat", handle: "helper" });
  return tiny;
}

describe("keys.create", () => {
  test("a dry run says in words what the key might do, and makes nothing", async () => {
    const { value, call, runtime } = await withBot();
    const wish = {
      name: "agent",
      bot: ["chat/helper"],
      room: ["chat/lobby", "chat/ops"],
      allow: ["events.read", "messages.send", "messages.reply"],
      ratePerMinute: 20,
      expiresMs: 86_400_000,
    };
    const planned = await value<KeyView & { secret: null }>("keys.create", { ...wish, dryRun: true });
    expect(planned.secret).toBeNull();
    expect(planned.may).toEqual([
      "read events of these 2 rooms",
      "send and reply there as chat/helper, at most 20 calls a minute",
    ]);
    expect(planned.mayNot).toEqual(
      expect.arrayContaining([
        "direct messages",
        "other rooms",
        "files",
        "edits",
        "deletions",
        "@channel/@all",
        "bots",
        "keys",
      ]),
    );
    expect(runtime.core.registry.list("key")).toEqual([]);
    const { secret } = await value<{ secret: string }>("keys.create", wish);
    const principal = await runtime.authenticate(secret);
    const me = await value<KeyView>("keys.whoami", {}, { principal });
    expect({ may: me.may, mayNot: me.mayNot }).toEqual({ may: planned.may, mayNot: planned.mayNot });
    await expect(call("events.list", {}, { principal })).resolves.toBeDefined();
    await expect(call("rooms.list", { connection: "chat" }, { principal })).rejects.toMatchObject({
      code: "forbidden",
    });
  });

  test("noun.read takes what only reads, noun.write the rest; natives count by their own effect", async () => {
    const { key, runtime } = await withBot();
    const principal = await key({ name: "reads", allow: ["bots.read", "rooms.write", "!rooms.create"] });
    const may = async (name: string): Promise<boolean> =>
      runtime
        .invoke(name, {}, { principal, request: "req_1" })
        .then(() => true)
        .catch((error: BotyardError) => error.code !== "forbidden");
    const held = ["bots.list", "bots.get", "bots.get-icon", "rooms.add-bot"];
    const refused = ["bots.create", "bots.delete", "rooms.list", "rooms.create", "events.list"];
    for (const name of held) expect([name, await may(name)]).toEqual([name, true]);
    for (const name of refused) expect([name, await may(name)]).toEqual([name, false]);
  });

  test("a pattern that means nothing is refused with what was probably meant", async () => {
    const { call } = await withBot();
    await expect(call("keys.create", { name: "x", allow: ["messages.sned"] })).rejects.toThrow(
      "did you mean messages.send?",
    );
    await expect(call("keys.create", { name: "x", allow: ["nothing.read"] })).rejects.toMatchObject({
      code: "invalid",
    });
  });

  test("a key makes none that lasts longer or calls more often than itself", async () => {
    const { call, key } = await withBot();
    const principal = await key({
      name: "maker",
      allow: ["keys.create", "messages.*"],
      ratePerMinute: 10,
      expiresMs: 60_000,
    });
    const make = (more: object) => call("keys.create", { name: "x", allow: ["messages.send"], ...more }, { principal });
    await expect(make({ ratePerMinute: 5 })).rejects.toThrow("end no later");
    await expect(make({ expiresMs: 1000 })).rejects.toThrow("may make no more");
    await expect(make({ ratePerMinute: 5, expiresMs: 1000 })).resolves.toMatchObject({ status: 201 });
  });
});

describe("notifying a whole room", () => {
  const texts: readonly (readonly [string, boolean])[] = [
    ["@all", true],
    ["hello @All!", true],
    ["see @channel-news", true],
    ["me@all.example", false],
    ["@allison", false],
    ["all of you", false],
  ];
  async function speaking() {
    const world = tinyWorld();
    const tiny = await tinyRuntime({ world, platform: { ...tinyPlatform(world), massMentions: ["@all", "@channel"] } });
    await tiny.call("bots.create", { connection: "chat", handle: "helper" });
    return tiny;
  }
  test.each(texts)("%s", async (text, mass) => {
    const { call, key } = await speaking();
    const input = { connection: "chat", room: "lobby", text };
    const plain = call("messages.send", input, { principal: await key({ name: "plain" }) });
    if (mass)
      await expect(plain).rejects.toMatchObject({
        code: "forbidden",
        details: { instead: expect.stringContaining("act.mention-room") },
      });
    else await expect(plain).resolves.toMatchObject({ status: 201 });
    const granted = await key({ name: "loud", allow: ["messages.send", "act.mention-room"] });
    await expect(call("messages.send", input, { principal: granted })).resolves.toMatchObject({ status: 201 });
  });

  test("a mention of the room counts without any word; a reply is no way round", async () => {
    const { call, key, world, value } = await speaking();
    const principal = await key({ name: "plain", bot: ["chat/helper"] });
    const mentions = [{ kind: "room", offset: 0, length: 2 }];
    await expect(
      call("messages.send", { connection: "chat", room: "lobby", text: "hi", mentions }, { principal }),
    ).rejects.toMatchObject({ code: "forbidden" });
    await world.host?.commit({
      via: "frame",
      bots: ["helper"],
      events: [
        {
          key: { kind: "message", id: "1" },
          type: "message.created",
          time: "2026-11-20T08:00:00.000Z",
          room: { id: "r1" },
          actor: { id: "u-alice", kind: "user" },
          message: { id: "1" },
        },
      ],
    });
    const { items } = await value<{ items: { id: string; type: string }[] }>("events.list", { type: ["message.*"] });
    await expect(call("messages.reply", { event: items[0]?.id, text: "@all" }, { principal })).rejects.toMatchObject({
      code: "forbidden",
    });
  });
});

describe("keys.revoke", () => {
  test("says what it ended: streams, what waited, what had left", async () => {
    const { call, key, world, value } = await withBot();
    const principal = await key({ name: "agent", bot: ["chat/helper"] });
    const never = new AbortController();
    const { value: stream } = await call("events.stream", {}, { principal, signal: () => never.signal });
    const reading = (async () => {
      for await (const _ of stream as AsyncIterable<unknown>);
    })().catch(() => undefined);
    let release = (): void => {};
    const left = new Promise<void>((resolve) => (release = resolve));
    const begun = new Promise<void>((resolve) => {
      world.send = async () => {
        resolve();
        await left;
        return { message: "m1" };
      };
    });
    const send = (text: string) => call("messages.send", { connection: "chat", room: "lobby", text }, { principal });
    const inFlight = send("left already");
    await begun;
    // Waits for its turn before a second try: nothing of it has left.
    const { BotyardError: Failure } = await import("@botyard/sdk");
    const tried = new Promise<void>((resolve) => {
      world.send = async () => {
        resolve();
        throw new Failure("rate_limited", "slow down", { retryAfterMs: 20_000 });
      };
    });
    const queued = send("waits").catch((error: BotyardError) => error);
    await tried;
    const revoking = value<RevokedKey>("keys.revoke", { key: "agent" });
    const refused = (await queued) as BotyardError;
    expect(refused).toMatchObject({ code: "cancelled", message: expect.stringContaining("nothing was sent") });
    expect(refused.effect).toBe("none");
    release();
    const ended = await revoking;
    const { value: sent } = await inFlight;
    expect(ended).toMatchObject({ streams: 1, cancelled: 1 });
    expect(ended.inFlight).toEqual([{ operation: (sent as { operation: string }).operation, state: "done" }]);
    await reading;
    await expect(value<RevokedKey>("keys.revoke", { key: "agent" })).resolves.toMatchObject({
      streams: 0,
      cancelled: 0,
      inFlight: [],
    });
  });
});

describe("audit.list", () => {
  test("who, what, where, answer; filtered; what was refused too; never a text", async () => {
    const { call, key, value } = await withBot();
    const principal = await key({ name: "agent", bot: ["chat/helper"], room: ["chat/lobby"], ratePerMinute: 2 });
    const send = (room: string) =>
      call("messages.send", { connection: "chat", room, text: "the-content" }, { principal }).catch(() => undefined);
    for (const room of ["lobby", "ops", "lobby"]) await send(room);
    const { items } = await value<{ items: Record<string, unknown>[] }>("audit.list", { key: "agent" });
    const rows = items.map(({ operation, connection, room, answer }) => [operation, connection, room, answer]);
    expect(rows).toEqual([
      ["messages.send", "chat", "lobby", "rate_limited"],
      ["messages.send", "chat", "ops", "forbidden"],
      ["messages.send", "chat", "lobby", "ok"],
    ]);
    expect(JSON.stringify(items)).not.toContain("the-content");
    const count = async (filter: object) =>
      (await value<{ items: unknown[] }>("audit.list", { key: "agent", ...filter })).items.length;
    expect(await count({ answer: "error" })).toBe(2);
    expect(await count({ operation: "keys.*" })).toBe(0);
    expect(await count({ sinceMs: 3_600_000 })).toBe(3);
    expect(await count({ sinceMs: 0 })).toBe(0);
  });
});
