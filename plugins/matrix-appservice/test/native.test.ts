import { beforeEach, describe, expect, test } from "vitest";
import type { BotTarget, Call } from "@botyard/sdk";
import { createWorld, call, run, type Person, type TestWorld } from "./world.ts";

type Answer = Readonly<Record<string, unknown>>;
type AnyHandler = (input: object, made: Call) => Promise<Answer>;

/** A room of alice's with the bridge bot in it, and a helper bot. */
interface Scene {
  readonly world: TestWorld;
  readonly alice: Person;
  readonly helper: BotTarget;
  readonly room: string;
  /** Runs an operation as the helper, or as somebody else. */
  use(name: string, input?: object, as?: BotTarget | string): Promise<Answer>;
}

async function scene(options: Parameters<typeof createWorld>[0] = {}, power = 100): Promise<Scene> {
  const world = await createWorld(options);
  const alice = world.person("alice");
  const helper = await world.bot("helper");
  const { room_id: id } = await alice.call("POST", "/createRoom", {
    preset: "private_chat",
    name: "Ops",
    invite: ["@botyard:hs.test"],
    power_level_content_override: {
      users: { [alice.id]: 100, "@bot_helper:hs.test": power, "@botyard:hs.test": 100 },
    },
  });
  const room = String(id);
  const handlers = world.session.operations as unknown as Readonly<Record<string, AnyHandler>>;
  return {
    world,
    alice,
    helper,
    room,
    use: (name, input = {}, as = helper) => {
      const handler = handlers[name];
      if (handler === undefined) throw new Error(`no handler ${name}`);
      return run(handler, { connection: "matrix", ...input }, call({ as }));
    },
  };
}

let now: Scene;
beforeEach(async () => {
  now = await scene();
});

const state = (type: string, key = ""): unknown =>
  now.world.hs.world.rooms.get(now.room)?.state.get(`${type}\u0000${key}`)?.content;

describe("a room", () => {
  test("name, topic, picture and join rule are set, with time and link", async () => {
    const { use, room } = now;
    const { event } = await use("matrix.set-room-name", { room, name: "Lab", timestampMs: 1_500_000_000_000 });
    expect(event).toMatch(/^\$/);
    expect(now.world.hs.world.rooms.get(room)?.events.at(-1)?.origin_server_ts).toBe(1_500_000_000_000);
    await use("matrix.set-room-topic", { room, topic: "all", externalUrl: "https://x.test/1" });
    await use("matrix.set-room-avatar", { room, url: "mxc://hs.test/abc" });
    await use("matrix.set-join-rule", { room, rule: "knock" });
    expect(state("m.room.name")).toEqual({ name: "Lab" });
    expect(state("m.room.topic")).toEqual({ topic: "all", external_url: "https://x.test/1" });
    expect(state("m.room.avatar")).toEqual({ url: "mxc://hs.test/abc" });
    expect(state("m.room.join_rules")).toEqual({ join_rule: "knock" });
    await use("matrix.set-room-avatar", { room });
    expect(state("m.room.avatar")).toEqual({});
  });

  test("power levels are read from memory, and replaced as a whole", async () => {
    const { use, room, world } = now;
    const { levels } = await use("matrix.get-power-levels", { room });
    world.requests.length = 0;
    expect(await use("matrix.get-power-levels", { room })).toEqual({ levels });
    expect(world.requests).toEqual([]);
    const next = { ...(levels as object), kick: 75 };
    await use("matrix.set-power-levels", { room, levels: next });
    expect(state("m.room.power_levels")).toEqual(next);
    expect(await use("matrix.get-power-levels", { room })).toEqual({ levels: next });
  });

  test("pins are kept apart: two at once both stay, and nothing is written for nothing", async () => {
    const { use, room } = now;
    expect(await use("matrix.get-pinned-messages", { room })).toEqual({ events: [] });
    const done = await Promise.all(["$a", "$b"].map((event) => use("matrix.pin-message", { room, event })));
    expect(done).toEqual([{ pinned: true }, { pinned: true }]);
    expect(await use("matrix.get-pinned-messages", { room })).toEqual({ events: ["$a", "$b"] });
    expect(await use("matrix.pin-message", { room, event: "$a" })).toEqual({ pinned: false });
    expect(await use("matrix.unpin-message", { room, event: "$a" })).toEqual({ unpinned: true });
    expect(await use("matrix.unpin-message", { room, event: "$a" })).toEqual({ unpinned: false });
    await use("matrix.set-pinned-messages", { room, events: ["$c"] });
    expect(state("m.room.pinned_events")).toEqual({ pinned: ["$c"] });
  });

  test("any state is written and read", async () => {
    const { use, room } = now;
    await use("matrix.send-state-event", { room, type: "org.x", stateKey: "k/1", content: { v: 1 } });
    expect(await use("matrix.get-state-event", { room, type: "org.x", stateKey: "k/1" })).toEqual({
      content: { v: 1 },
    });
    await expect(use("matrix.get-state-event", { room, type: "org.none" })).rejects.toMatchObject({
      code: "not_found",
    });
    const { events } = await use("matrix.get-state", { room });
    expect((events as Answer[]).map(({ type }) => type)).toContain("org.x");
  });

  test("a room is made with all that Matrix knows", async () => {
    const { room } = await now.use("matrix.create-room", {
      name: "New",
      preset: "public_chat",
      version: "12",
      creationContent: { type: "m.space" },
      initialState: [{ type: "org.x", content: { v: 2 } }],
      powerLevels: { kick: 10 },
    });
    const made = now.world.hs.world.rooms.get(String(room));
    expect(made?.version).toBe("12");
    expect(made?.state.get("org.x\u0000")?.content).toEqual({ v: 2 });
    await expect(now.use("matrix.create-room", { initialState: [{ type: 5 }] })).rejects.toMatchObject({
      code: "invalid",
    });
    // Creators of version 12 stand above every level, and in no list of levels.
    await now.use("matrix.set-room-name", { room, name: "by its creator" });
  });

  test("aliases and the directory", async () => {
    const aliased = await scene();
    const { use, room, world } = aliased;
    const alias = "#bot_ops:hs.test";
    await expect(use("matrix.add-alias", { room, alias })).rejects.toMatchObject({ code: "invalid" });
    world.hs.world.aliases.set(alias, room);
    expect(await use("matrix.resolve-alias", { alias })).toEqual({ room });
    await use("matrix.ensure-joined", { room });
    expect(await use("matrix.get-aliases", { room })).toEqual({ aliases: [alias] });
    expect(await use("matrix.remove-alias", { alias })).toEqual({ removed: true });
    await expect(use("matrix.resolve-alias", { alias })).rejects.toMatchObject({ code: "not_found" });
    expect(await use("matrix.get-visibility", { room })).toEqual({ visibility: "private" });
    await use("matrix.set-visibility", { room, visibility: "public" });
    expect(await use("matrix.get-visibility", { room })).toEqual({ visibility: "public" });
    expect(await use("matrix.set-visibility", { room, visibility: "public", network: "net" })).toEqual({
      visibility: "public",
    });
  });
});

describe("members", () => {
  test("a user is registered and brought in, and says by whom", async () => {
    const { use, room } = now;
    const ghost = "@bot_ghost:hs.test";
    expect(await use("matrix.ensure-registered", {}, ghost)).toEqual({ user: ghost, registered: true });
    expect(await use("matrix.ensure-registered", {}, ghost)).toEqual({ user: ghost, registered: false });
    expect(await use("matrix.ensure-joined", { room }, ghost)).toEqual({
      user: ghost,
      room,
      joined: true,
      via: "invited by @botyard:hs.test, joined",
    });
    expect(await use("matrix.ensure-joined", { room }, ghost)).toMatchObject({ joined: false });
  });

  test("another user of ours may invite, whom the bridge bot brings in", async () => {
    const { use, room } = now;
    const answer = await use("matrix.ensure-joined", { room, by: "@bot_helper:hs.test" }, "@bot_ghost:hs.test");
    expect(answer).toMatchObject({ via: "registered, invited by @bot_helper:hs.test, joined" });
    await expect(use("matrix.ensure-joined", { room, by: null }, "@bot_alone:hs.test")).rejects.toMatchObject({
      code: "forbidden",
    });
  });

  test("joining without help, leaving, forgetting", async () => {
    const { use, room, alice } = now;
    await expect(use("matrix.join-room", { room })).rejects.toMatchObject({ code: "forbidden" });
    await alice.call("POST", `/rooms/${encodeURIComponent(room)}/invite`, { user_id: "@bot_helper:hs.test" });
    expect(await use("matrix.join-room", { room, reason: "asked" })).toEqual({ room });
    expect(await use("matrix.leave-room", { room, reason: "done" })).toEqual({ left: true });
    expect(await use("matrix.leave-room", { room })).toEqual({ left: false });
    expect(await use("matrix.forget-room", { room })).toEqual({});
    await use("matrix.ensure-joined", { room });
    expect(await use("matrix.leave-room", { room, extraContent: { why: 1 } })).toEqual({ left: true });
    expect(state("m.room.member", "@bot_helper:hs.test")).toMatchObject({ membership: "leave", why: 1 });
  });

  test("inviting, kicking, banning and letting back", async () => {
    const { use, room, world } = now;
    const bob = world.person("bob");
    expect(await use("matrix.invite-user", { room, user: bob.id, extraContent: { note: "x" } })).toEqual({
      invited: true,
    });
    expect(state("m.room.member", bob.id)).toMatchObject({ membership: "invite", note: "x", is_direct: false });
    expect(await use("matrix.invite-user", { room, user: bob.id, checkCache: true })).toEqual({ invited: false });
    await bob.call("POST", `/join/${encodeURIComponent(room)}`, {});
    expect(await use("matrix.invite-user", { room, user: bob.id })).toEqual({ invited: false });
    await use("matrix.kick-user", { room, user: bob.id, reason: "r" });
    expect(state("m.room.member", bob.id)).toMatchObject({ membership: "leave", reason: "r" });
    expect(await use("matrix.unban-user", { room, user: bob.id })).toEqual({ unbanned: false });
    await use("matrix.ban-user", { room, user: bob.id });
    await expect(use("matrix.invite-user", { room, user: bob.id })).rejects.toMatchObject({ code: "forbidden" });
    expect(await use("matrix.unban-user", { room, user: bob.id })).toEqual({ unbanned: true });
  });

  test("members are listed and shown", async () => {
    const { use, room, alice } = now;
    const { members } = await use("matrix.get-room-members", { room });
    expect((members as Answer[]).map(({ user }) => String(user)).sort((a, b) => (a < b ? -1 : 1))).toEqual([
      alice.id,
      "@bot_helper:hs.test",
      "@botyard:hs.test",
    ]);
    const gone = await use("matrix.get-room-members", { room, membership: ["leave", "ban"] });
    expect(gone).toEqual({ members: [] });
    expect(await use("matrix.get-room-member-info", { room, user: alice.id })).toEqual({
      user: alice.id,
      membership: "join",
      displayname: "alice",
      avatarUrl: null,
    });
    expect(await use("matrix.get-room-displayname", { room, user: alice.id, ignoreCache: true })).toEqual({
      displayname: "alice",
    });
    expect(await use("matrix.get-room-avatar-url", { room, user: alice.id })).toEqual({ avatarUrl: null });
    await expect(use("matrix.get-room-member-info", { room, user: "@nobody:hs.test" })).rejects.toMatchObject({
      code: "not_found",
    });
  });

  test("says what went wrong and leaves", async () => {
    const { use, room } = now;
    await use("matrix.error-and-leave", { room, html: "<b>bad</b> luck" });
    const events = now.world.hs.world.rooms.get(room)?.events ?? [];
    expect(events.at(-2)?.content).toMatchObject({
      msgtype: "m.notice",
      body: "bad luck",
      formatted_body: "<b>bad</b> luck",
    });
    expect(state("m.room.member", "@bot_helper:hs.test")).toMatchObject({ membership: "leave" });
    await expect(use("matrix.error-and-leave", { room })).rejects.toMatchObject({ code: "invalid" });
  });
});

describe("messages", () => {
  const last = (): unknown => now.world.hs.world.rooms.get(now.room)?.events.at(-1);

  test("any event, dated, linked and once over its attempts", async () => {
    const { world, room, helper } = now;
    const handler = world.session.operations["matrix.send-message-event"];
    const input = {
      connection: "matrix",
      room,
      type: "org.x",
      content: { v: 1 },
      timestampMs: 1_500_000_000_000,
      externalUrl: "https://x.test/1",
    };
    const effectId = "01KBNATIVE0000000000000001";
    const first = await run(handler, input, call({ as: helper, effectId }));
    expect(last()).toMatchObject({
      type: "org.x",
      sender: helper.nativeId,
      origin_server_ts: 1_500_000_000_000,
      content: { v: 1, external_url: "https://x.test/1" },
    });
    // Synapse forgets transaction ids when it restarts.
    world.hs.world.sent.clear();
    const second = await run(handler, input, call({ as: helper, effectId, attempt: 2 }));
    expect(second).toEqual(first);
  });

  test("texts, notices, emotes and files", async () => {
    const { use, room } = now;
    await use("matrix.send-text", { room, text: "hi", html: "<b>hi</b>" });
    expect(last()).toMatchObject({ content: { msgtype: "m.text", body: "hi", formatted_body: "<b>hi</b>" } });
    const { event } = await use("matrix.send-notice", { room, text: "note" });
    expect(last()).toMatchObject({ content: { msgtype: "m.notice", body: "note" } });
    await use("matrix.send-emote", { room, text: "waves", replyTo: event });
    expect(last()).toMatchObject({
      content: { msgtype: "m.emote", "m.relates_to": { "m.in_reply_to": { event_id: event } } },
    });
    await use("matrix.send-file", { room, url: "mxc://hs.test/a", name: "a.png", mediaType: "image/png", size: 3 });
    expect(last()).toMatchObject({
      content: { msgtype: "m.image", url: "mxc://hs.test/a", info: { mimetype: "image/png", size: 3 } },
    });
  });

  test("reactions count once, a redaction takes away", async () => {
    const { use, room } = now;
    const { event } = await use("matrix.send-text", { room, text: "hi" });
    expect(await use("matrix.react", { room, event, emoji: "👍" })).toMatchObject({
      event: expect.stringMatching(/^\$/) as string,
    });
    expect(await use("matrix.react", { room, event, emoji: "👍" })).toEqual({ event: null });
    await use("matrix.redact", { room, event, reason: "no" });
    expect(last()).toMatchObject({ type: "m.room.redaction", redacts: event, content: { reason: "no" } });
  });

  test("what is read is marked once", async () => {
    const { use, room } = now;
    const { event } = await use("matrix.send-text", { room, text: "hi" });
    expect(await use("matrix.mark-read", { room, event })).toEqual({ sent: true });
    expect(await use("matrix.mark-read", { room, event })).toEqual({ sent: false });
    expect(await use("matrix.send-receipt", { room, event, thread: "main" })).toEqual({});
    await expect(use("matrix.mark-read", { room, event: "$none" })).rejects.toMatchObject({ code: "not_found" });
  });

  test("history, around an event, and one event", async () => {
    const { use, room } = now;
    const sent: unknown[] = [];
    for (const text of ["one", "two", "three"]) sent.push((await use("matrix.send-text", { room, text }))["event"]);
    const page = await use("matrix.get-messages", { room, limit: 2 });
    expect((page["events"] as Answer[]).map(({ event_id: id }) => id)).toEqual([sent[2], sent[1]]);
    const more = await use("matrix.get-messages", { room, limit: 1, from: page["end"] });
    expect((more["events"] as Answer[]).map(({ event_id: id }) => id)).toEqual([sent[0]]);
    const around = await use("matrix.get-context", { room, event: sent[1], limit: 2 });
    expect((around["before"] as Answer[]).map(({ event_id: id }) => id)).toEqual([sent[0]]);
    expect((around["after"] as Answer[]).map(({ event_id: id }) => id)).toEqual([sent[2]]);
    expect(await use("matrix.get-event", { room, event: sent[0] })).toMatchObject({ event: { event_id: sent[0] } });
  });

  test("a batch is unsupported, emulated, or real where the server has it", async () => {
    const batch = {
      prevEventId: "$x",
      events: [
        {
          type: "m.room.message",
          sender: "@bot_old:hs.test",
          timestampMs: 5,
          content: { msgtype: "m.text", body: "then" },
        },
      ],
    };
    const { use, room } = now;
    await expect(use("matrix.batch-send", { room, ...batch })).rejects.toMatchObject({ code: "unsupported" });
    const emulated = await use("matrix.batch-send", { room, ...batch, emulate: true });
    expect(emulated).toMatchObject({ emulated: true, eventIds: [expect.any(String) as string] });
    expect(last()).toMatchObject({
      sender: "@bot_old:hs.test",
      origin_server_ts: 5,
      content: { body: "then", "dev.botyard.emulated": true },
    });
    const old = await scene({ homeserver: { dialect: { batchSend: true } } });
    const { event } = await old.use("matrix.send-text", { room: old.room, text: "anchor" });
    const real = await old.use("matrix.batch-send", { room: old.room, ...batch, prevEventId: event });
    expect(real).toMatchObject({
      emulated: false,
      nextBatchId: expect.any(String) as string,
      eventIds: [expect.any(String) as string],
    });
  });
});

describe("people", () => {
  test("presence is sent where it changed", async () => {
    const { use, room } = now;
    await use("matrix.ensure-joined", { room });
    expect(await use("matrix.set-presence", { presence: "online", status: "here" })).toEqual({ sent: true });
    expect(await use("matrix.set-presence", { presence: "online", status: "here" })).toEqual({ sent: false });
    // The same text with another state is another presence.
    expect(await use("matrix.set-presence", { presence: "offline", status: "here" })).toEqual({ sent: true });
    expect(await use("matrix.get-presence", { user: "@bot_helper:hs.test" })).toEqual({
      presence: "offline",
      status: "here",
    });
  });

  test("typing begins and ends", async () => {
    const { use, room, world } = now;
    expect(await use("matrix.set-typing", { room })).toEqual({ typing: true });
    expect(world.hs.world.typing.get(room)).toEqual(new Set(["@bot_helper:hs.test"]));
    expect(await use("matrix.set-typing", { room, timeoutMs: 0 })).toEqual({ typing: false });
    expect(world.hs.world.typing.get(room)?.size).toBe(0);
  });

  test("profiles change only where they differ", async () => {
    const { use } = now;
    expect(await use("matrix.set-displayname", { displayname: "Help" })).toEqual({ changed: true });
    expect(await use("matrix.set-displayname", { displayname: "Help" })).toEqual({ changed: false });
    expect(await use("matrix.set-avatar-url", { url: "mxc://hs.test/a" })).toEqual({ changed: true });
    expect(await use("matrix.get-profile", { user: "@bot_helper:hs.test" })).toEqual({
      displayname: "Help",
      avatarUrl: "mxc://hs.test/a",
    });
    expect(await use("matrix.set-avatar-url")).toEqual({ changed: true });
    expect(await use("matrix.search-users", { term: "ali" })).toEqual({
      limited: false,
      users: [{ user: "@alice:hs.test", displayname: "alice" }],
    });
  });

  test("media go up and come down", async () => {
    const { use } = now;
    const file = { body: new Blob(["bytes"]).stream(), type: "text/plain" };
    const { url } = await use("matrix.upload-media", { name: "a.txt", file });
    const down = await use("matrix.download-media", { url });
    expect(await new Response(down["body"] as ReadableStream<Uint8Array<ArrayBuffer>>).text()).toBe("bytes");
  });

  test("the rooms of a user, and who it is", async () => {
    const { use, room } = now;
    await use("matrix.ensure-joined", { room });
    expect(await use("matrix.get-joined-rooms")).toEqual({ rooms: [room] });
    expect(await use("matrix.whoami")).toEqual({ user: "@bot_helper:hs.test", device: null });
    expect(await use("matrix.ping")).toEqual({ durationMs: expect.any(Number) as number });
  });

  test("any call, whatever it answers", async () => {
    const { use } = now;
    const answer = await use("matrix.request", {
      method: "GET",
      path: "/_matrix/client/v3/account/whoami",
      query: { user_id: "@alice:hs.test" },
    });
    expect(answer).toMatchObject({ status: 200, body: { user_id: "@bot_helper:hs.test" } });
    expect(await use("matrix.request", { method: "GET", path: "/_matrix/nowhere" })).toMatchObject({ status: 404 });
    await expect(use("matrix.request", { method: "GET", path: "/_matrix/../x" })).rejects.toMatchObject({
      code: "invalid",
    });
  });
});

describe("algorithms", () => {
  test("too low a level is refused before anything is sent, and only after a fresh reading", async () => {
    const low = await scene({}, 0);
    const { use, room, world, alice } = low;
    await use("matrix.ensure-joined", { room });
    world.requests.length = 0;
    await expect(use("matrix.set-room-name", { room, name: "x" })).rejects.toMatchObject({ code: "forbidden" });
    expect(world.requests.filter((line) => line.startsWith("PUT"))).toEqual([]);
    const levels = world.hs.world.rooms.get(room)?.state.get("m.room.power_levels\u0000")?.content;
    await alice.call("PUT", `/rooms/${encodeURIComponent(room)}/state/m.room.power_levels`, {
      ...levels,
      users: { [alice.id]: 100, "@bot_helper:hs.test": 50 },
    });
    await use("matrix.set-room-name", { room, name: "now" });
  });

  test("after the homeserver's refusal stale levels are dropped", async () => {
    const { use, room, world, alice } = now;
    await use("matrix.set-room-name", { room, name: "first" });
    const levels = world.hs.world.rooms.get(room)?.state.get("m.room.power_levels\u0000")?.content;
    world.hs.faults.add({
      kind: "error",
      status: 403,
      errcode: "M_FORBIDDEN",
      times: Infinity,
      match: ({ url }) => url.includes("m.room.name"),
    });
    await alice
      .call("PUT", `/rooms/${encodeURIComponent(room)}/state/m.room.power_levels`, { ...levels, kick: 60 })
      .catch(() => {});
    await expect(use("matrix.set-room-name", { room, name: "second" })).rejects.toMatchObject({ code: "forbidden" });
    expect(await use("matrix.get-power-levels", { room })).toMatchObject({ levels: { kick: 60 } });
  });

  test("a person acts by their own token, marked, and is no namespace's business", async () => {
    const { world, room, alice } = now;
    const token = [...world.hs.world.tokens].find(([, { user }]) => user === alice.id)?.[0] ?? "";
    const as = {
      kind: "account",
      id: "alice",
      credential: { id: "c", kind: "puppet-token", secret: token, nativeId: null },
    } as const;
    const handler = world.session.operations["matrix.send-text"];
    await run(handler, { connection: "matrix", room, text: "me" }, { ...call(), as });
    const event = world.hs.world.rooms.get(room)?.events.at(-1);
    expect(event).toMatchObject({
      sender: alice.id,
      content: { body: "me", "fi.mau.double_puppet_source": "botyard" },
    });
    await expect(
      run(handler, { connection: "matrix", room, text: "me" }, call({ as: alice.id })),
    ).rejects.toMatchObject({ code: "forbidden" });
  });

  test("a direct room is found again, also by name", async () => {
    const { use, alice, world, helper } = now;
    const first = await use("rooms.open-direct", { user: alice.id });
    expect(first).toMatchObject({ kind: "direct" });
    expect((await use("rooms.open-direct", { user: alice.id }))["id"]).toBe(first["id"]);
    const as = { kind: "bot", id: helper.nativeId ?? "", handle: "helper", credential: null } as const;
    expect(await world.session.resolveRoom(`user:${alice.id}`, as)).toBe(first["id"]);
    expect(await world.session.resolveRoom("user:@nobody:hs.test", as)).toBeNull();
  });

  test("common operations for presence, typing and users", async () => {
    const { use, room, alice } = now;
    expect(await use("typing.set", { room })).toEqual({ typing: true });
    expect(await use("presence.set", { presence: "away" })).toEqual({ presence: "away", text: null });
    expect(await use("presence.get", { user: "@bot_helper:hs.test" })).toEqual({ presence: "away", text: null });
    await expect(use("presence.set", { presence: "busy" })).rejects.toMatchObject({ code: "unsupported_param" });
    const { items } = await use("users.list", {});
    expect((items as Answer[]).map(({ id }) => id)).toContain(alice.id);
    expect(await use("users.list", { search: "ali" })).toMatchObject({ items: [{ id: alice.id, kind: "user" }] });
  });
});
