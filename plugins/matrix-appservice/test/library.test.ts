import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import {
  createAppService,
  createRegistration,
  fileStore,
  memoryStore,
  type AppEvent,
  type AppService,
  type AppServiceOptions,
} from "../src/index.ts";
import { addHuman, createHomeserver, type Homeserver, type HomeserverOptions } from "../src/simulator/index.ts";
import { objectOf, type JsonObject } from "../src/wire.ts";

const registration = {
  ...createRegistration({
    id: "bridge",
    url: "http://bridge.test",
    serverName: "hs.test",
    bot: "bridgebot",
    users: ["_remote_.*"],
    aliases: ["_remote_.*"],
  }),
  protocols: ["remote"],
};
const ghostId = "@_remote_42:hs.test";

interface Scene {
  readonly as: AppService;
  readonly hs: Homeserver;
  readonly alice: { readonly id: string; readonly token: string };
  readonly requests: string[];
  readonly room: string;
  ask(method: string, path: string, body?: object): Promise<JsonObject>;
}

const open: AppService[] = [];
afterEach(async () => {
  for (const as of open.splice(0)) await as.close();
});

/** A homeserver with alice's room, to which the bridge bot is invited, and an application service on it. */
async function scene(
  options: Partial<AppServiceOptions> & { readonly homeserver?: Partial<HomeserverOptions> } = {},
): Promise<Scene> {
  const { homeserver, ...more } = options;
  const requests: string[] = [];
  const hs: Homeserver = createHomeserver({
    serverName: "hs.test",
    registration,
    push: (request) => as.handle(request),
    ...homeserver,
  });
  const as = createAppService({
    registration,
    homeserverUrl: "http://hs.test",
    retryMs: [1, 1],
    fetch: (request) => {
      requests.push(`${request.method} ${decodeURIComponent(request.url.slice("http://hs.test".length))}`);
      return hs.fetch(request);
    },
    ...more,
  });
  open.push(as);
  const alice = addHuman(hs, "alice");
  const ask = async (method: string, path: string, body?: object): Promise<JsonObject> => {
    const headers = { authorization: `Bearer ${alice.token}` };
    const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
    const response = await hs.fetch(new Request(`http://hs.test/_matrix/client/v3${path}`, init));
    await hs.settled();
    return objectOf(await response.json());
  };
  const wish = {
    preset: "private_chat",
    invite: ["@bridgebot:hs.test"],
    power_level_content_override: { users: { [alice.id]: 100, [ghostId]: 100, "@bridgebot:hs.test": 100 } },
  };
  const { room_id: room } = await ask("POST", "/createRoom", wish);
  return { as, hs, alice, requests, room: String(room), ask };
}

describe("objects", () => {
  test("children and real users are kept, intents are new, misuse is an error", async () => {
    const { as, alice } = await scene();
    expect(as.botUserId).toBe("@bridgebot:hs.test");
    expect(as.user(ghostId)).toBe(as.user(ghostId));
    expect([...as.children.keys()]).toEqual([ghostId]);
    expect(as.botIntent()).toBe(as.botIntent());
    expect(as.intent(ghostId)).not.toBe(as.intent(ghostId));
    expect(as.user(ghostId).parent).toBe(as);
    const real = as.realUser(alice.id, alice.token);
    expect(real).toMatchObject({ real: true, userId: alice.id });
    expect([...as.realUsers.keys()]).toEqual([alice.id]);
    expect(() => real.user(ghostId)).toThrow(/no users of its own/);
    expect(() => real.realUser(alice.id, "t")).toThrow(/no users of its own/);
    expect(() => as.user("_remote_42")).toThrow(/starts with @/);
    expect(() => as.user("@stranger:hs.test")).toThrow(/outside the users namespace/);
    expect(() => as.intent("@stranger:hs.test")).toThrow(/no token of theirs/);
    expect(as.intent("@bob:hs.test", { token: "t" }).userId).toBe("@bob:hs.test");
    expect(as.botIntent().user(ghostId).userId).toBe(ghostId);
    expect(as.owns(ghostId)).toBe(true);
  });

  test("the server's name is needed where the registration does not tell it", () => {
    const odd = { ...registration, users: [{ regex: "^@_remote_.*", exclusive: true }] };
    expect(() => createAppService({ registration: odd, homeserverUrl: "http://hs.test" })).toThrow(/serverName/);
  });

  test("transaction ids are unique over users and over restarts", async () => {
    const [first, second] = [await scene(), await scene()];
    const ids = [first.as.nextTxnId(), first.as.nextTxnId(), second.as.nextTxnId()];
    expect(new Set(ids).size).toBe(3);
    // The same id of a program, by two users: Synapse would answer the second with the first's event.
    const { as, room, hs } = first;
    const [one, two] = [as.intent(ghostId), as.intent("@_remote_43:hs.test")];
    const sent = await one.sendMessageEvent(room, "m.room.message", { msgtype: "m.text", body: "a" }, { txnId: "1" });
    const other = await two.sendMessageEvent(room, "m.room.message", { msgtype: "m.text", body: "b" }, { txnId: "1" });
    expect(other).not.toBe(sent);
    const again = await one.sendMessageEvent(room, "m.room.message", { msgtype: "m.text", body: "a" }, { txnId: "1" });
    expect(again).toBe(sent);
    expect(hs.world.rooms.get(room)?.events.filter(({ type }) => type === "m.room.message").length).toBe(2);
  });

  test("any call carries the user, whatever was given", async () => {
    const { as, requests, room } = await scene();
    await as.intent(ghostId).ensureJoined(room);
    requests.length = 0;
    const answer = await as.user(ghostId).request("GET", "/_matrix/client/v3/account/whoami", {
      query: { user_id: "@alice:hs.test" },
      timestampMs: 5,
    });
    expect(answer).toMatchObject({ user_id: ghostId });
    expect(requests).toEqual([`GET /_matrix/client/v3/account/whoami?user_id=${ghostId}&ts=5`]);
    await expect(as.request("GET", "/_matrix/nowhere")).rejects.toMatchObject({ code: "unsupported" });
  });

  test("a 502 is tried again as often as asked, a 500 never", async () => {
    const clock = { now: () => Date.now(), sleep: async () => {} };
    const { as, hs, requests } = await scene({ clock });
    const path = "/_matrix/client/v3/account/whoami";
    hs.faults.add({ kind: "html", status: 502, times: 2 });
    await expect(as.request("GET", path, { retryCount: 2 })).resolves.toMatchObject({ user_id: as.botUserId });
    hs.faults.add({ kind: "error", status: 500, times: 2 });
    requests.length = 0;
    await expect(as.request("GET", path, { retryCount: 2 })).rejects.toMatchObject({ code: "upstream" });
    expect(requests.length).toBe(1);
  });

  test("slowed down, it waits the larger of header and body, and sends the same again", async () => {
    const slept: number[] = [];
    const clock = { now: () => Date.now(), sleep: async (ms: number) => void slept.push(ms) };
    const { as, hs, requests, room } = await scene({ clock });
    const ghost = as.intent(ghostId);
    await ghost.ensureJoined(room);
    await ghost.getPowerLevels(room);
    hs.faults.add({ kind: "limit", retryAfterMs: 4157, match: ({ url }) => url.includes("/send/") });
    requests.length = 0;
    await ghost.sendText(room, "slow");
    const sends = requests.filter((line) => line.includes("/send/"));
    expect(slept).toEqual([5000]);
    expect(sends.length).toBe(2);
    expect(sends[0]).toBe(sends[1]);
  });
});

describe("every intent method", () => {
  test("rooms", async () => {
    const { as, room } = await scene();
    const ghost = as.intent(ghostId);
    expect(await ghost.ensureRegistered()).toBe(true);
    expect(await ghost.ensureJoined(room)).toBe(true);
    expect(await ghost.ensureJoined(room)).toBe(false);
    await expect(ghost.ensureJoined("")).rejects.toMatchObject({ code: "invalid" });
    for (const event of [
      await ghost.setRoomName(room, "n"),
      await ghost.setRoomTopic(room, "t"),
      await ghost.setRoomAvatar(room, null),
      await ghost.setJoinRule(room, "public", { timestampMs: 1 }),
      await ghost.sendStateEvent(room, "org.x", { v: 1 }, "k"),
    ])
      expect(event).toMatch(/^\$/);
    expect(await ghost.getStateEvent(room, "org.x", "k")).toEqual({ v: 1 });
    expect(await ghost.getStateEvent(room, "org.y")).toBeUndefined();
    expect((await ghost.getState(room)).length).toBeGreaterThan(5);
    const levels = await ghost.getPowerLevels(room);
    await ghost.setPowerLevels(room, { ...levels, invite: 1 });
    expect(await ghost.getPowerLevels(room, { ignoreCache: true })).toMatchObject({ invite: 1 });
    expect(await ghost.pinMessage(room, "$a")).toBe(true);
    expect(await ghost.getPinnedMessages(room)).toEqual(["$a"]);
    expect(await ghost.unpinMessage(room, "$a")).toBe(true);
    await ghost.setPinnedMessages(room, ["$b"]);
    expect(await ghost.getPinnedMessages(room)).toEqual(["$b"]);
    const other = await ghost.createRoom({ preset: "public_chat" });
    const { room: direct, made } = await ghost.openDirect("@alice:hs.test");
    expect(made).toBe(true);
    expect([...(await ghost.getJoinedRooms())].sort()).toEqual([room, other, direct].sort());
    const alias = "#_remote_x:hs.test";
    expect(await ghost.addAlias(room, alias)).toBe(true);
    expect(await ghost.addAlias(room, alias)).toBe(false);
    await expect(ghost.addAlias(other, alias)).rejects.toMatchObject({ code: "conflict" });
    expect(await ghost.addAlias(other, alias, { override: true })).toBe(true);
    expect(await ghost.resolveAlias(alias)).toBe(other);
    expect(await ghost.getAliases(other)).toEqual([alias]);
    expect(await ghost.removeAlias(alias)).toBe(true);
    await expect(ghost.resolveAlias("nonsense")).rejects.toMatchObject({ code: "invalid" });
    await ghost.setVisibility(other, "public");
    expect(await ghost.getVisibility(other)).toBe("public");
  });

  test("members", async () => {
    const { as, room, alice, hs } = await scene();
    const ghost = as.intent(ghostId);
    await ghost.ensureJoined(room);
    const bob = addHuman(hs, "bob").id;
    expect(await ghost.inviteUser(room, bob)).toBe(true);
    expect(await ghost.inviteUser(room, alice.id)).toBe(false);
    await ghost.kickUser(room, bob);
    await ghost.banUser(room, bob, "spam");
    expect(await ghost.unbanUser(room, bob)).toBe(true);
    expect((await ghost.getRoomMembers(room)).map(({ user }) => user).sort()).toEqual([
      ghostId,
      alice.id,
      as.botUserId,
    ]);
    expect((await ghost.getRoomMembers(room, ["leave"])).map(({ user }) => user)).toEqual([bob]);
    expect(await ghost.getRoomMemberInfo(room, alice.id)).toMatchObject({ membership: "join", displayname: "alice" });
    expect(await ghost.getRoomDisplayname(room, alice.id)).toBe("alice");
    expect(await ghost.getRoomAvatarUrl(room, alice.id)).toBeNull();
    await ghost.errorAndLeave(room, "sorry");
    await ghost.forgetRoom(room);
    await expect(ghost.joinRoom(room)).rejects.toMatchObject({ code: "forbidden" });
    expect(await ghost.leaveRoom(room)).toBe(false);
  });

  test("messages", async () => {
    const { as, room, hs } = await scene();
    const ghost = as.intent(ghostId);
    const text = await ghost.sendText(room, "hi", { html: "<b>hi</b>", externalUrl: "https://x.test" });
    await ghost.sendNotice(room, "note", { replyTo: text });
    await ghost.sendEmote(room, "waves");
    await ghost.sendFile(room, "mxc://hs.test/a", { mediaType: "image/png" });
    expect(await ghost.react(room, text, "👍")).toMatch(/^\$/);
    expect(await ghost.react(room, text, "👍")).toBeNull();
    expect(await ghost.getEvent(room, text)).toMatchObject({ content: { external_url: "https://x.test" } });
    expect((await ghost.getContext(room, text)).event).toMatchObject({ event_id: text });
    expect((await ghost.getMessages(room, { limit: 3 })).events.length).toBe(3);
    expect(await ghost.markRead(room, text)).toBe(true);
    await ghost.sendReceipt(room, text);
    await ghost.redact(room, text, "no");
    expect(hs.world.rooms.get(room)?.events.at(-1)).toMatchObject({ type: "m.room.redaction", redacts: text });
    await expect(ghost.batchSend(room, text, [])).rejects.toMatchObject({ code: "unsupported" });
  });

  test("people and the server", async () => {
    const { as, room } = await scene();
    const ghost = as.intent(ghostId);
    await ghost.ensureJoined(room);
    expect(await ghost.setPresence("online", { status: "x" })).toBe(true);
    expect(await ghost.setPresence("online", { status: "x" })).toBe(false);
    expect(await ghost.getPresence(ghostId)).toEqual({ presence: "online", status: "x" });
    await ghost.setTyping(room);
    expect(await ghost.setDisplayname("Forty-two")).toBe(true);
    expect(await ghost.setAvatarUrl(null)).toBe(false);
    expect(await ghost.getProfile()).toMatchObject({ displayname: "Forty-two" });
    expect((await ghost.searchUsers("forty")).users).toEqual([{ user: ghostId, displayname: "Forty-two" }]);
    const uri = await ghost.uploadMedia({ body: new Blob(["x"]).stream(), type: "text/plain", size: 1 });
    expect((await ghost.downloadMedia(uri)).type).toBe("text/plain");
    expect(await ghost.whoami()).toEqual({ user: ghostId, device: null });
    expect(await ghost.ping()).toBeGreaterThanOrEqual(0);
    expect(await ghost.request("GET", "/_matrix/client/v3/joined_rooms")).toEqual({ joined_rooms: [room] });
  });
});

test("whatever a user does that the homeserver has forgotten, it is made again", async () => {
  const { as, hs, requests } = await scene();
  const ghost = as.intent(ghostId);
  await ghost.ensureRegistered();
  const doings: readonly (() => Promise<unknown>)[] = [
    () => ghost.setPresence("online", { ignoreCache: true }),
    () => ghost.setDisplayname("forty-two"),
    () => ghost.getJoinedRooms(),
    () => ghost.createRoom(),
    () => ghost.searchUsers("alice"),
    () => ghost.request("GET", "/_matrix/client/v3/joined_rooms"),
  ];
  for (const work of doings) {
    hs.reset();
    requests.length = 0;
    await work();
    expect(requests.filter((line) => line.includes("/register")).length).toBe(1);
  }
  // Who exists and is refused is refused.
  const leave = `/_matrix/client/v3/rooms/${encodeURIComponent("!no:hs.test")}/leave`;
  await expect(ghost.request("POST", leave, { content: {} })).rejects.toMatchObject({ details: { effect: "none" } });
});

describe("what comes in", () => {
  const texts = (events: readonly AppEvent[]) => events.flatMap(({ content }) => content?.text ?? []);

  test("is stored before the answer, handed out in order, own ones only where wanted", async () => {
    const { as, room, ask, alice } = await scene();
    const seen: AppEvent[] = [];
    const all: AppEvent[] = [];
    as.on("message.created", (event) => void seen.push(event));
    as.on("*", (event) => void all.push(event), { own: true });
    await as.start();
    await as.botIntent().ensureJoined(room);
    await ask("PUT", `/rooms/${encodeURIComponent(room)}/send/m.room.message/1`, { msgtype: "m.text", body: "hello" });
    await as.botIntent().sendText(room, "answer");
    // A person's message that we wrote is known as ours when it comes back.
    await as.realUser(alice.id, alice.token).intent().sendText(room, "as alice");
    await ask("GET", "/joined_rooms");
    await as.settled();
    expect(texts(seen)).toEqual(["hello"]);
    expect(texts(all)).toEqual(["hello", "answer", "as alice"]);
  });

  test("what we do in a person's name comes back as our own, whatever it is", async () => {
    const { as, hs, alice, room } = await scene();
    await as.botIntent().ensureJoined(room);
    const written = await as.intent(ghostId).sendText(room, "of the other side");
    const other = "@_remote_43:hs.test";
    await as.intent(other).ensureJoined(room);
    await as.start();
    await as.settled();
    const seen: [string, boolean][] = [];
    as.on("*", ({ type, own, actor }) => void (actor?.id === alice.id && seen.push([type, own])), { own: true });
    const person = as.realUser(alice.id, alice.token).intent();
    await person.sendText(room, "hello");
    await person.react(room, written, "👍");
    await person.redact(room, written, "gone there");
    expect(await person.inviteUser(room, "@_remote_77:hs.test")).toBe(true);
    // As state, lifting a ban and kicking are the same: who is no longer banned must not be kicked by it.
    expect(await person.unbanUser(room, other)).toBe(false);
    await person.kickUser(room, other, "left there");
    await person.banUser(room, other);
    await expect(person.kickUser(room, other)).rejects.toMatchObject({ code: "forbidden" });
    expect(await person.unbanUser(room, other)).toBe(true);
    expect(await person.leaveRoom(room)).toBe(true);
    await hs.settled();
    await as.settled();
    expect(seen.map(([, own]) => own)).toEqual(seen.map(() => true));
    expect(seen.map(([type]) => type)).toEqual([
      "message.created",
      "reaction.added",
      "message.deleted",
      "member.invited",
      "member.kicked",
      "member.banned",
      "member.left",
      "member.left",
    ]);
    expect(hs.world.rooms.get(room)?.events.findLast(({ type }) => type === "m.room.redaction")?.content).toMatchObject(
      {
        reason: "gone there",
        "fi.mau.double_puppet_source": "bridge",
      },
    );
  });

  test("a handler that fails is tried again, then the event is a dead letter and may be revived", async () => {
    const { as, room, ask } = await scene();
    await as.botIntent().ensureJoined(room);
    let failing = true;
    const seen: string[] = [];
    as.on("message.created", ({ content }) => {
      seen.push(content?.text ?? "");
      if (failing) throw new Error("not today");
    });
    await as.start();
    await ask("PUT", `/rooms/${encodeURIComponent(room)}/send/m.room.message/1`, { msgtype: "m.text", body: "x" });
    await as.settled();
    expect(seen).toEqual(["x", "x", "x"]);
    const [letter] = await as.deadLetters();
    expect(letter).toMatchObject({ error: "not today", event: { content: { text: "x" }, attempts: 3 } });
    failing = false;
    expect(await as.revive(letter?.event.seq ?? 0)).toBe(true);
    await as.settled();
    expect(await as.deadLetters()).toEqual([]);
    expect(seen.length).toBe(4);
  });

  test("what waited when the program ended is handed out by the next one, once", async () => {
    const folder = mkdtempSync(join(tmpdir(), "botyard-matrix-"));
    const path = join(folder, "bridge.db");
    const first = await scene({ store: fileStore(path) });
    await first.as.botIntent().ensureJoined(first.room);
    const at = `/rooms/${encodeURIComponent(first.room)}/send/m.room.message/1`;
    await first.ask("PUT", at, { msgtype: "m.text", body: "kept" });
    await first.as.close();
    open.splice(0);
    const second = createAppService({
      registration,
      homeserverUrl: "http://hs.test",
      store: path,
      fetch: (request) => first.hs.fetch(request),
    });
    const seen: AppEvent[] = [];
    second.on("message.created", (event) => void seen.push(event));
    await second.start();
    await second.settled();
    expect(texts(seen)).toEqual(["kept"]);
    // A membership that was remembered costs no request: a join again would reset what is special to the room.
    expect(await second.state.membership(first.room, second.botUserId)).toBe("join");
    await second.close();
    rmSync(folder, { recursive: true });
  });

  test("after an outage what the homeserver lost is read from the rooms' history, by itself", async () => {
    const { promise: broken, reject: breakOff } = Promise.withResolvers<Response>();
    let push: "good" | "slow" | "deaf" = "good";
    const { as, hs, alice, room, requests } = await scene({
      proveEveryMs: 5,
      homeserver: {
        push: (request) =>
          push === "good"
            ? as.handle(request)
            : push === "slow"
              ? broken
              : Promise.reject(new TypeError("connection refused")),
      },
    });
    const seen: AppEvent[] = [];
    as.on("message.created", (event) => void seen.push(event));
    await as.botIntent().ensureJoined(room);
    await hs.settled();
    await as.start();
    // The second waits in the homeserver's memory behind the first, and dies with it: only the room still has it.
    push = "slow";
    for (const body of ["in flight", "lost"]) {
      const path = `/rooms/${encodeURIComponent(room)}/send/m.room.message/${body.replace(" ", "-")}`;
      await hs.fetch(
        new Request(`http://hs.test/_matrix/client/v3${path}`, {
          method: "PUT",
          headers: { authorization: `Bearer ${alice.token}` },
          body: JSON.stringify({ msgtype: "m.text", body }),
        }),
      );
    }
    hs.restart();
    push = "deaf";
    breakOff(new TypeError("connection reset"));
    const before = requests.length;
    await expect.poll(() => requests.slice(before).filter((line) => line.includes("/ping")).length).toBeGreaterThan(1);
    expect(texts(seen)).toEqual([]);
    push = "good";
    await expect.poll(() => texts(seen)).toContain("lost");
    expect(texts(seen).length).toBe(2);
  });

  test("a user and an alias exist before the answer; lookups are lists", async () => {
    const { as, ask, hs } = await scene();
    as.onUserQuery((id) => id !== "@_remote_no:hs.test");
    as.onAliasQuery((alias) => alias === "#_remote_room:hs.test" && { preset: "public_chat", name: "Remote" });
    as.onThirdParty(({ kind, fields }) =>
      kind === "user"
        ? [{ userid: ghostId, protocol: "remote", fields }]
        : kind === "protocol"
          ? { user_fields: ["n"] }
          : {},
    );
    const { room_id: room } = await ask("POST", "/createRoom", {});
    const invite = `/rooms/${encodeURIComponent(String(room))}/invite`;
    await ask("POST", invite, { user_id: "@_remote_yes:hs.test" });
    await ask("POST", invite, { user_id: "@_remote_no:hs.test" });
    expect(hs.world.accounts.has("@_remote_yes:hs.test")).toBe(true);
    expect(hs.world.accounts.has("@_remote_no:hs.test")).toBe(false);
    const found = await ask("GET", `/directory/room/${encodeURIComponent("#_remote_room:hs.test")}`);
    expect(found["room_id"]).toMatch(/^!/);
    expect(await ask("GET", `/directory/room/${encodeURIComponent("#_remote_none:hs.test")}`)).toMatchObject({
      errcode: "M_NOT_FOUND",
    });
    expect(await ask("GET", "/thirdparty/protocol/remote")).toMatchObject({ user_fields: ["n"] });
    const response = await hs.fetch(
      new Request("http://hs.test/_matrix/client/v3/thirdparty/user/remote?n=1", {
        headers: { authorization: `Bearer ${registration.asToken}` },
      }),
    );
    expect(await response.json()).toEqual([{ userid: ghostId, protocol: "remote", fields: { n: "1" } }]);
  });

  test("it listens by itself, at the root", async () => {
    const { as } = await scene();
    const listening = await as.listen({ port: 0 });
    const answer = await fetch(`${listening.url}/_matrix/app/v1/ping`, {
      method: "POST",
      headers: { authorization: `Bearer ${registration.hsToken}` },
      body: "{}",
    });
    expect([answer.status, await answer.json()]).toEqual([200, {}]);
    expect((await fetch(`${listening.url}/_matrix/app/v1/ping`, { method: "POST", body: "{}" })).status).toBe(401);
    await listening.close();
  });

  test("a store by the path of a registration, and its faults", () => {
    expect(() => createAppService({ registration: "/nowhere/x.yaml", homeserverUrl: "http://hs.test" })).toThrow();
    expect(memoryStore().close).toBeUndefined();
  });

  test("ten thousand ghosts are known without a request each", async () => {
    const { as, room, requests } = await scene();
    await as.state.setRegistered(ghostId, true);
    for (let at = 0; at < 10_000; at++) {
      const user = `@_remote_g${at}:hs.test`;
      await as.state.setRegistered(user, true);
      await as.state.setMembership(room, user, "join");
    }
    requests.length = 0;
    for (let at = 0; at < 10_000; at++) await as.intent(`@_remote_g${at}:hs.test`).ensureJoined(room);
    expect(requests).toEqual([]);
    expect(as.children.size).toBe(0);
  });
});
