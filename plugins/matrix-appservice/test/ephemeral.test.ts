import { describe, expect, test } from "vitest";
import { decodeEdu, withoutPrivate } from "../src/decode-edu.ts";
import { createWorld, registration } from "./world.ts";

const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const owns = (user: string): boolean => user.startsWith("@bot_");
const fresh = () => ({ owns, typing: new Map<string, ReadonlySet<string>>(), nowMs: 5 });

describe("what a homeserver tells and does not keep", () => {
  test("typing tells who began and who ended; ours are no news", () => {
    const context = fresh();
    const typing = (...users: unknown[]) =>
      decodeEdu({ type: "m.typing", room_id: "!a:hs.test", content: { user_ids: users } }, context).map((event) => [
        event.type,
        event.actor?.id,
        event.native?.["typing"],
      ]);
    expect(typing("@alice:hs.test", "@bot_x:hs.test", 5)).toEqual([["typing", "@alice:hs.test", true]]);
    expect(typing("@alice:hs.test")).toEqual([]);
    expect(typing("@bob:hs.test")).toEqual([
      ["typing", "@bob:hs.test", true],
      ["typing", "@alice:hs.test", false],
    ]);
    expect(typing()).toEqual([["typing", "@bob:hs.test", false]]);
    expect(context.typing.size).toBe(0);
  });

  test("presence and receipts, without private ones", () => {
    const presence = decodeEdu({ type: "m.presence", sender: "@a:hs.test", content: { presence: "online" } }, fresh());
    expect(presence).toMatchObject([
      {
        key: null,
        type: "presence",
        room: null,
        actor: { id: "@a:hs.test" },
        native: { presence: "online", status: null },
      },
    ]);
    expect(
      decodeEdu({ type: "m.presence", sender: "@bot_x:hs.test", content: { presence: "online" } }, fresh()),
    ).toEqual([]);
    const content = {
      $1: {
        "m.read": { "@a:hs.test": { ts: 1 }, "@bot_x:hs.test": { ts: 1 } },
        "m.read.private": { "@b:hs.test": { ts: 1 } },
      },
    };
    const [receipt] = decodeEdu({ type: "m.receipt", room_id: "!a:hs.test", content }, fresh());
    expect(receipt).toMatchObject({
      type: "platform.unknown",
      native: { type: "m.receipt", content: { $1: { "m.read": { "@a:hs.test": { ts: 1 } } } } },
    });
    expect(JSON.stringify(receipt)).not.toContain("private");
    const kept = new TextDecoder().decode(
      withoutPrivate(bytes({ events: [], ephemeral: [{ type: "m.receipt", content }] })),
    );
    expect(kept).toContain("@a:hs.test");
    expect(kept).not.toContain("@b:hs.test");
  });

  test.each([
    { type: "m.typing", content: {} },
    { type: "m.typing", room_id: "!a:hs.test", content: { user_ids: "x" } },
    { type: "m.presence", content: {} },
    { type: "m.receipt", room_id: "!a:hs.test", content: { $1: null, $2: { "m.read": 5 } } },
    { type: "org.other", content: {} },
  ])("odd ones are nothing: %j", (edu) => {
    expect(decodeEdu(edu, fresh())).toEqual([]);
  });

  test("they become events, the kept intake has no private receipt, and a setting leaves them out", async () => {
    const body = bytes({
      events: [],
      ephemeral: [
        { type: "m.typing", room_id: "!a:hs.test", content: { user_ids: ["@alice:hs.test"] } },
        {
          type: "m.receipt",
          room_id: "!a:hs.test",
          content: { $1: { "m.read.private": { "@alice:hs.test": { ts: 1 } } } },
        },
      ],
    });
    const world = await createWorld();
    const path = "/_matrix/app/v1/transactions/1";
    expect((await world.hook({ path, body })).json).toEqual({});
    expect((await world.hook({ path, body })).json).toEqual({});
    expect(world.host.events.map(({ type }) => type)).toEqual(["typing"]);
    expect(new TextDecoder().decode(world.host.intakes[0]?.raw as Uint8Array)).not.toContain("m.read.private");
    const quiet = await createWorld({ settings: { ephemeral: false } });
    await quiet.hook({ path, body });
    expect(quiet.host.events).toEqual([]);
  });

  test("a person's typing comes through a homeserver", async () => {
    const world = await createWorld();
    const alice = world.person("alice");
    await world.bot("helper");
    const { room_id: room } = await alice.call("POST", "/createRoom", { preset: "public_chat" });
    await alice.call("POST", `/rooms/${encodeURIComponent(String(room))}/invite`, { user_id: "@bot_helper:hs.test" });
    const handlers = world.session.operations;
    const { call, run } = await import("./world.ts");
    await run(
      handlers["matrix.ensure-joined"],
      { connection: "matrix", room: String(room) },
      call({ as: "@bot_helper:hs.test" }),
    );
    await alice.call("PUT", `/rooms/${encodeURIComponent(String(room))}/typing/${alice.id}`, {
      typing: true,
      timeout: 1000,
    });
    await world.hs.settled();
    expect(world.host.events.at(-1)).toMatchObject({ type: "typing", actor: { id: alice.id } });
  });
});

describe("questions of a homeserver", () => {
  const aliased = { ...registration };

  test("an alias of the namespace is made where the setting says so, and only there", async () => {
    const service = {
      id: "botyard",
      url: "http://bots.test/hooks/matrix",
      sender: "botyard",
      users: [...registration.users],
      aliases: [{ regex: "^#bot_.*:hs\\.test$", exclusive: true }],
      rooms: [],
      rateLimited: false,
      receiveEphemeral: true,
      protocols: ["proto"],
    };
    const hsRegistration = { ...aliased, aliases: service.aliases };
    const world = await createWorld({
      settings: { service, queries: "namespace" },
      homeserver: { registration: hsRegistration },
    });
    const ask = (alias: string) =>
      world.hook({ path: `/_matrix/app/v1/rooms/${encodeURIComponent(alias)}`, method: "GET" });
    expect((await ask("#bot_lab:hs.test")).status).toBe(200);
    expect(world.hs.world.aliases.has("#bot_lab:hs.test")).toBe(true);
    expect((await ask("#bot_lab:hs.test")).status).toBe(200);
    expect((await ask("#other:hs.test")).status).toBe(404);
    expect((await ask("#bot_lab:elsewhere.test")).status).toBe(404);
    expect((await ask("nonsense")).status).toBe(404);
    const managed = await createWorld({
      settings: { service, queries: "managed" },
      homeserver: { registration: hsRegistration },
    });
    const answer = await managed.hook({
      path: `/_matrix/app/v1/rooms/${encodeURIComponent("#bot_lab:hs.test")}`,
      method: "GET",
    });
    expect(answer.status).toBe(404);
    const look = (path: string) => world.hook({ path: `/_matrix/app/v1/thirdparty/${path}`, method: "GET" });
    expect(await look("protocol/proto")).toMatchObject({ status: 200, json: { instances: [] } });
    expect(await look("user/proto")).toEqual({ status: 200, json: [] });
    expect(await look("location")).toEqual({ status: 200, json: [] });
    expect(await look("user/other")).toMatchObject({ status: 404, json: { errcode: "M_NOT_FOUND" } });
    expect(await look("nonsense/proto")).toMatchObject({ status: 404, json: { errcode: "M_UNRECOGNIZED" } });
    expect((await look("protocol/%E0%A4%A")).status).toBe(404);
  });

  test("a state event that is too large to remember blocks nothing", async () => {
    const world = await createWorld();
    const event = (id: string, type: string, content: object) => ({
      event_id: id,
      type,
      room_id: "!a:hs.test",
      sender: "@alice:hs.test",
      origin_server_ts: 1,
      state_key: "",
      content,
    });
    const events = [
      event("$n", "m.room.name", { name: "n".repeat(60_000) }),
      event("$t", "m.room.topic", { topic: "t".repeat(60_000) }),
      event("$p", "m.room.power_levels", {
        users: Object.fromEntries(Array.from({ length: 9000 }, (_, at) => [`@u${at}:hs.test`, 1])),
      }),
      event("$x", "__proto__", { "": null }),
    ];
    const answer = await world.hook({ path: "/_matrix/app/v1/transactions/1", body: bytes({ events }) });
    expect(answer).toMatchObject({ status: 200 });
    expect(world.host.events.length).toBe(4);
  });
});

describe("a port of the connection's own", () => {
  test("answers at the root once anything is to be received, and ends with the connection", async () => {
    const { createServer } = await import("node:net");
    const port = await new Promise<number>((resolve) => {
      const probe = createServer().listen(0, "127.0.0.1", () => {
        const address = probe.address();
        probe.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
      });
    });
    const world = await createWorld({ settings: { listen: `127.0.0.1:${port}` } });
    const stop = new AbortController();
    const started: unknown[] = [];
    const running = world.session.receive?.run?.({ signal: stop.signal, started: (resumed) => started.push(resumed) });
    await expect.poll(() => started.length).toBe(1);
    const answer = await fetch(`http://127.0.0.1:${port}/_matrix/app/v1/ping`, {
      method: "POST",
      headers: { authorization: `Bearer ${registration.hsToken}` },
      body: "{}",
    });
    expect([answer.status, await answer.text()]).toEqual([200, "{}"]);
    const second = await createWorld({ settings: { listen: `127.0.0.1:${port}` } });
    await expect(second.session.receive?.run?.({ signal: stop.signal, started: () => {} })).rejects.toMatchObject({
      code: "conflict",
    });
    stop.abort();
    await running;
    await world.session.close();
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
  });
});
