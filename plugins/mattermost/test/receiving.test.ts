import { createWorld, eventually, head } from "@botyard/testing";
import { expect, test, vi } from "vitest";
import platform from "../src/index.ts";
import { addPost, addToken } from "../src/simulator/index.ts";
import { mattermostPlace } from "./place.ts";
import { scene as opened, worlds, type Place } from "./scene.ts";

/** A bot that has heard something in eng:ops. */
async function scene(options: Parameters<typeof opened>[0] = {}) {
  const { place, world, self } = await opened(options);
  const texts = async (from: string): Promise<string[]> =>
    (await world.call("events.list", { from, type: ["message.created"], limit: 500 })).items.flatMap(
      ({ content }) => content?.text ?? [],
    );
  await say(place, "first");
  await eventually(world, "oldest", ({ content }) => content?.text === "first");
  return { place, world, self, texts };
}

const say = async (place: Place, text: string): Promise<string> => {
  const { world } = place.sim;
  const [channel, alice] = [world.channels.get(place.room), world.users.get(place.alice.id)];
  if (!channel || !alice) throw new Error("the place has no channel");
  return addPost(world, channel, alice, { message: text }).id;
};

/** As an administrator of the server, past Botyard. */
const asAdmin = async (place: Place, method: string, path: string, body?: object): Promise<void> => {
  const response = await place.sim.fetch(
    new Request(`http://x/api/v4${path}`, {
      method,
      headers: { authorization: `Bearer ${place.adminToken}` },
      ...(body ? { body: JSON.stringify(body) } : {}),
    }),
  );
  expect(response.status).toBe(200);
};

/** Waits until nothing is asked of the server any more: what was said before the first hello is looked up meanwhile. */
const settled = async (place: Place): Promise<void> => {
  for (let seen = -1; seen !== place.sim.faults.served.length;) {
    seen = place.sim.faults.served.length;
    await new Promise((over) => setTimeout(over, 200));
  }
};

const tokenOf = (place: Place, user: string): string =>
  [...place.sim.world.tokens.values()].find(({ user_id: of }) => of === user)?.id ?? "";

test("a short cut is resumed by the server: nothing is missing, and no history is read", async () => {
  const { place, world, texts } = await scene();
  const from = await head(world);
  await settled(place);
  place.sim.hub.cut();
  const before = place.sim.faults.served.filter((line) => line.includes("/posts")).length;
  for (const text of ["a", "b", "c"]) await say(place, text);
  await eventually(world, from, ({ content }) => content?.text === "c");
  expect(await texts(from)).toEqual(["a", "b", "c"]);
  expect(place.sim.faults.served.filter((line) => line.includes("/posts"))).toHaveLength(before);
  await eventually(world, from, ({ type }) => type === "gap.filled");
  const { items } = await world.call("gaps.list", {});
  expect(items.map(({ state, certainty }) => [state, certainty])).toEqual([["filled", "possible"]]);
  expect(place.sim.faults.served.filter((line) => line.includes("/posts"))).toHaveLength(before);
});

test("a clock that is ten minutes ahead of the server's loses nothing of a gap", async () => {
  const { place, world } = await scene({ now: () => Date.now() - 600_000 });
  const from = await head(world);
  place.sim.faults.takeSockets(false);
  place.sim.restart();
  await say(place, "missed");
  place.sim.faults.takeSockets(true);
  await eventually(world, from, ({ content }) => content?.text === "missed");
});

test("a server that was restarted forgets the socket: the gap is filled from history, edits and deletions too", async () => {
  const { place, world, self } = await scene();
  const kept = await say(place, "to be edited");
  const gone = await say(place, "to be deleted");
  await eventually(world, "oldest", ({ content }) => content?.text === "to be deleted");
  const from = await head(world);
  place.sim.faults.takeSockets(false);
  place.sim.restart();
  await say(place, "missed");
  const ask = (method: string, path: string, body?: object): Promise<Response> =>
    place.sim.fetch(
      new Request(`http://x/api/v4${path}`, {
        method,
        headers: { authorization: `Bearer ${place.alice.token}` },
        ...(body ? { body: JSON.stringify(body) } : {}),
      }),
    );
  expect((await ask("PUT", `/posts/${kept}/patch`, { message: "edited" })).status).toBe(200);
  expect((await ask("DELETE", `/posts/${gone}`)).status).toBe(200);
  expect((await ask("POST", "/reactions", { user_id: place.alice.id, post_id: kept, emoji_name: "eyes" })).status).toBe(
    200,
  );
  place.sim.faults.takeSockets(true);
  const missed = await eventually(world, from, ({ content }) => content?.text === "missed");
  expect(missed).toMatchObject({ backfilled: true, bots: ["helper"] });
  await eventually(world, from, ({ type }) => type === "gap.filled");
  const { items } = await world.call("events.list", { from, own: true });
  expect(items.find(({ type }) => type === "message.updated")).toMatchObject({
    message: { id: kept },
    content: { text: "edited" },
  });
  expect(items.find(({ type }) => type === "message.deleted")).toMatchObject({ message: { id: gone } });
  expect(items.find(({ type }) => type === "reaction.added")).toMatchObject({ reaction: { emoji: "👀" } });
  expect(items.filter(({ content }) => content?.text === "missed")).toHaveLength(1);
  expect(self).not.toBe("");
});

test("a hole in the stream is asked for again; what the server does not give is a gap, filled from history", async () => {
  const { place, world, self, texts } = await scene();
  const from = await head(world);
  place.sim.hub.dropNext(self);
  await say(place, "never sent");
  await say(place, "after the hole");
  await eventually(world, from, ({ content }) => content?.text === "never sent");
  await vi.waitFor(async () => expect((await texts(from)).toSorted()).toEqual(["after the hole", "never sent"]), 5_000);
});

test("frames that are no JSON and events of unknown kinds break nothing", async () => {
  const { place, world, self } = await scene();
  const from = await head(world);
  place.sim.hub.raw(self, "{not json");
  place.sim.hub.raw(self, "[]");
  place.sim.hub.tell("custom_com.example_thing", { answer: 42 }, { user: self, channel: place.room });
  await say(place, "still here");
  await eventually(world, from, ({ content }) => content?.text === "still here");
  const { items } = await world.call("events.list", { from });
  expect(items.find(({ type }) => type === "platform.unknown")?.native).toEqual({
    event: "custom_com.example_thing",
    data: { answer: 42 },
  });
});

test("a revoked token is one refused login and a state with its cause; a new one mends it", async () => {
  const { place, world, self } = await scene();
  for (const [secret, token] of place.sim.world.tokens)
    if (token.user_id === self) place.sim.world.tokens.delete(secret);
  place.sim.hub.restart();
  await vi.waitFor(
    async () => expect((await world.call("bots.get", { bot: "helper" })).state).toBe("auth_required"),
    5_000,
  );
  const bot = await world.call("bots.get", { bot: "helper" });
  expect(bot.reason).toMatch(/no longer has token [a-z0-9]{26} \(asked with the admin token\): revoked/);
  expect(bot.remedy).toBe("botyard credentials issue mattermost/helper");
  await world.call("credentials.issue", { bot: "helper" });
  const from = await head(world);
  await vi.waitFor(() => expect(place.sim.hub.count()).toBe(1), 5_000);
  await say(place, "hello again");
  await eventually(world, from, ({ content }) => content?.text === "hello again");
  expect(await world.call("bots.get", { bot: "helper" })).toMatchObject({ state: "ready" });
});

test("a send that is refused is the bot's state at once, also where its room had to be looked up first", async () => {
  const { place, world, self } = await scene();
  await world.call("bots.create", { handle: "other" });
  await asAdmin(place, "POST", "/users/tokens/revoke", { token_id: tokenOf(place, self) });
  await world.refused("unauthenticated", "messages.send", { room: "eng:ops", as: "helper", text: "x" });
  const { items } = await world.call("bots.list", {});
  expect(items.map(({ handle, state }) => [handle, state])).toEqual([
    ["helper", "auth_required"],
    ["other", "ready"],
  ]);
});

test("a deactivated owner takes the bots along: said with the cause, and enabling is enough", async () => {
  const { place, world } = await scene();
  await world.call("bots.assign", { bot: "helper", owner: place.alice.id });
  const alice = place.sim.world.users.get(place.alice.id);
  const response = await place.sim.fetch(
    new Request(`http://x/api/v4/users/${place.alice.id}/active`, {
      method: "PUT",
      headers: { authorization: `Bearer ${place.adminToken}` },
      body: JSON.stringify({ active: false }),
    }),
  );
  expect([response.status, alice?.delete_at]).not.toEqual([200, 0]);
  place.sim.hub.restart();
  await vi.waitFor(async () => {
    const { items } = await world.call("bots.list", {});
    expect(items[0]).toMatchObject({
      state: "disabled",
      reason: expect.stringContaining("owner alice was deactivated"),
    });
  }, 5_000);
  await world.call("bots.assign", { bot: "helper", owner: "ops-admin" });
  await world.call("bots.enable", { bot: "helper" });
  await vi.waitFor(() => expect(place.sim.hub.count()).toBe(1), 5_000);
});

test("rotation loses no event: the new socket hears before the old token ends", async () => {
  const { place, world, self, texts } = await scene();
  const from = await head(world);
  const before = [...place.sim.world.tokens.values()].filter(({ user_id: user }) => user === self).map(({ id }) => id);
  const rotated = await world.call("credentials.rotate", { bot: "helper" });
  const wanted: string[] = [];
  for (let n = 0; n < 20; n += 1) {
    wanted.push(`during ${n}`);
    await say(place, `during ${n}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await vi.waitFor(() => {
    const after = [...place.sim.world.tokens.values()].filter(({ user_id: user }) => user === self).map(({ id }) => id);
    expect(after).toEqual([rotated.nativeId]);
  }, 5_000);
  expect(before).not.toContain(rotated.nativeId);
  await eventually(world, from, ({ content }) => content?.text === "during 19");
  expect(await texts(from)).toEqual(wanted);
  expect((await world.call("gaps.list", {})).items).toEqual([]);
});

test("two bots in one room see each message once, with both named", async () => {
  const { place, world } = await scene();
  await world.call("bots.create", { handle: "second" });
  await vi.waitFor(() => expect(place.sim.hub.count()).toBe(2));
  await world.call("rooms.add-bot", { room: "eng:ops", bot: "second" });
  const from = await head(world);
  await say(place, "for both");
  await vi.waitFor(async () => {
    const { items } = await world.call("events.list", { from, bot: "mattermost/second" });
    expect(items.filter(({ content }) => content?.text === "for both")).toHaveLength(1);
  }, 5_000);
  const { items } = await world.call("events.list", { from, type: ["message.created"] });
  expect(new Set(items.map(({ id }) => id)).size).toBe(1);
});

test("a socket that is open and hears nothing is found by its own ping; what it missed comes from history", async () => {
  const { place, world, self } = await scene();
  const from = await head(world);
  const switchToken = (verb: string, id: string): Promise<Response> =>
    place.sim.fetch(
      new Request(`http://x/api/v4/users/tokens/${verb}`, {
        method: "POST",
        headers: { authorization: `Bearer ${place.adminToken}` },
        body: JSON.stringify({ token_id: id }),
      }),
    );
  const token = [...place.sim.world.tokens.values()].find(({ user_id: user }) => user === self)?.id ?? "";
  expect((await switchToken("disable", token)).status).toBe(200);
  expect((await switchToken("enable", token)).status).toBe(200);
  await say(place, "unheard");
  expect(place.sim.hub.count()).toBe(1);
  expect((await world.call("events.list", { from, waitMs: 200 })).items).toEqual([]);
  // Looks at once, as it does by itself every 30 seconds.
  await world.call("credentials.enable", { bot: "helper" });
  expect(await eventually(world, from, ({ content }) => content?.text === "unheard")).toMatchObject({
    backfilled: true,
  });
  const filled = await eventually(world, from, ({ type }) => type === "gap.filled");
  expect(filled.gap).toMatchObject({ bots: ["helper"], certainty: "proven", messages: 1 });
});

test("who reads too slowly is cut off: the gap is filled from history, each message once", async () => {
  const { place, world, texts } = await scene();
  const from = await head(world);
  const wanted = Array.from({ length: 400 }, (_, n) => `flood ${n}`);
  // More than the server's queue of 256 before anybody can read.
  for (const text of wanted) await say(place, text);
  expect(place.sim.hub.count()).toBe(0);
  await vi.waitFor(() => expect(place.sim.hub.count()).toBe(1), 5_000);
  await vi.waitFor(async () => expect((await texts(from)).length).toBe(400), 5_000);
  expect((await texts(from)).toSorted()).toEqual(wanted.toSorted());
  const { items } = await world.call("gaps.list", {});
  expect(items).toMatchObject([{ state: "filled", certainty: "proven", cause: expect.stringContaining("closed") }]);
});

test("what was said between the making of a bot and its first hello is found, and a refused history is asked again", async () => {
  const place = await mattermostPlace();
  const world = await createWorld({ platform, place });
  worlds.push(world);
  const from = await head(world);
  place.sim.faults.takeSockets(false);
  await world.call("bots.create", { handle: "helper" });
  await world.call("rooms.add-bot", { room: "eng:ops", bot: "helper" });
  await say(place, "are you there?");
  // The first look at history fails; the next socket looks again.
  place.sim.faults.add({ kind: "answer", method: "GET", path: /\/posts$/ });
  place.sim.faults.takeSockets(true);
  await vi.waitFor(() => expect(place.sim.hub.count()).toBe(1), 5_000);
  await vi.waitFor(() => expect(place.sim.faults.served.some((line) => line.endsWith("/channels"))).toBe(true));
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect((await world.call("events.list", { from, type: ["message.created"] })).items).toEqual([]);
  place.sim.hub.cut();
  const found = await eventually(world, from, ({ content }) => content?.text === "are you there?");
  expect(found).toMatchObject({ backfilled: true, bots: ["helper"] });
  place.sim.hub.cut();
  await say(place, "yes");
  await eventually(world, from, ({ content }) => content?.text === "yes");
  const { items } = await world.call("events.list", { from, type: ["message.created"] });
  expect(items.flatMap(({ content }) => content?.text ?? [])).toEqual(["are you there?", "yes"]);
});

test("a bot that is in no room yet has no history to look at: nothing fails", async () => {
  const place = await mattermostPlace();
  const world = await createWorld({ platform, place });
  worlds.push(world);
  await world.call("bots.create", { handle: "helper" });
  // Its direct message with its owner, which the server opens by itself.
  for (const [id, { type }] of place.sim.world.channels) if (type === "D") place.sim.world.channels.delete(id);
  await vi.waitFor(() => expect(place.sim.hub.count()).toBe(1));
  expect((await world.call("rooms.list", { as: "helper" })).items).toEqual([]);
  place.sim.restart();
  await vi.waitFor(async () => {
    const { items } = await world.call("gaps.list", {});
    expect(items.map(({ state }) => state)).toEqual(["filled"]);
  }, 5_000);
});

test("a refused token is tried once; switched on again on the server, a probe finds it and the socket opens", async () => {
  const { place, world, self } = await scene();
  // A token that was brought along: nobody can tell which of the bot's tokens it is.
  const brought = addToken(place.sim.world, self, "brought along");
  await world.call("credentials.import", { kind: "bot-token", bot: "helper", secret: brought.token });
  place.sim.hub.cut();
  await vi.waitFor(() => expect(place.sim.hub.count()).toBe(1), 5_000);
  await asAdmin(place, "POST", "/users/tokens/disable", { token_id: brought.id });
  place.sim.restart();
  const state = async (): Promise<string> => (await world.call("bots.get", { bot: "helper" })).state;
  await vi.waitFor(async () => expect(await state()).toBe("auth_required"), 5_000);
  const knocks = place.sim.faults.knocks();
  await world.call("connections.probe", {});
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(place.sim.faults.knocks()).toBe(knocks);
  expect(await state()).toBe("auth_required");
  const from = await head(world);
  await asAdmin(place, "POST", "/users/tokens/enable", { token_id: brought.id });
  await say(place, "unheard");
  await world.call("connections.probe", {});
  await vi.waitFor(() => expect(place.sim.hub.count()).toBe(1), 5_000);
  expect(place.sim.faults.knocks()).toBe(knocks + 1);
  await eventually(world, from, ({ content }) => content?.text === "unheard");
  expect(await state()).toBe("ready");
});

test("a socket that is upgraded and says nothing is a refused login after six seconds", async () => {
  const { place, world, self } = await scene();
  // Nor does the server cut it: only our own waiting ends.
  place.sim.faults.setLoginCut(60_000);
  for (const [secret, token] of place.sim.world.tokens)
    if (token.user_id === self) place.sim.world.tokens.delete(secret);
  const begun = Date.now();
  place.sim.hub.restart();
  await vi.waitFor(
    async () => expect((await world.call("bots.get", { bot: "helper" })).state).toBe("auth_required"),
    15_000,
  );
  expect(Date.now() - begun).toBeGreaterThan(5_500);
  expect((await world.call("bots.get", { bot: "helper" })).reason).toMatch(/revoked/);
}, 20_000);

test("an end of tokens that the server ignores is said and not believed", async () => {
  const { world } = await scene({ settings: { tokenDays: 30 } });
  const { items } = await world.call("credentials.list", {});
  expect(items.find(({ of }) => of === "helper")).toMatchObject({ expiresAt: null });
  const { checks } = await world.call("connections.probe", {});
  expect(checks.find(({ name }) => name === "token expiry")).toMatchObject({ state: "warn" });
});

test("where tokens end and are rotated in place, as documented, the socket moves along", async () => {
  const { place, world, self, texts } = await scene({ config: { tokenLife: true }, settings: { tokenDays: 30 } });
  const before = (await world.call("credentials.list", {})).items.find(({ of }) => of === "helper");
  expect(Math.round((Date.parse(before?.expiresAt ?? "") - Date.now()) / 86_400_000)).toBe(30);
  const from = await head(world);
  const rotated = await world.call("credentials.rotate", { bot: "helper" });
  expect(rotated.nativeId).toBe(tokenOf(place, self));
  expect(rotated).toMatchObject({ nativeId: before?.nativeId, expiresAt: expect.any(String) });
  await vi.waitFor(() => expect(place.sim.faults.knocks()).toBe(2), 5_000);
  await vi.waitFor(() => expect(place.sim.hub.count()).toBe(1), 5_000);
  await say(place, "with the new secret");
  await eventually(world, from, ({ content }) => content?.text === "with the new secret");
  expect(await texts(from)).toEqual(["with the new secret"]);
});

test("a resumed socket that was deaf in between is not believed: what it did not hear comes from history", async () => {
  const { place, world, self } = await scene();
  const from = await head(world);
  // Off and on again between two pings, and then a cut: the server goes on as if nothing had been missed.
  await asAdmin(place, "POST", "/users/tokens/disable", { token_id: tokenOf(place, self) });
  await say(place, "unheard");
  await asAdmin(place, "POST", "/users/tokens/enable", { token_id: tokenOf(place, self) });
  place.sim.hub.cut();
  expect(await eventually(world, from, ({ content }) => content?.text === "unheard")).toMatchObject({
    backfilled: true,
  });
  const filled = await eventually(world, from, ({ type }) => type === "gap.filled");
  expect(filled.gap).toMatchObject({ bots: ["helper"], certainty: "proven", messages: 1 });
});

test("a gap reaches direct messages of a bot without a team, and channels that were archived meanwhile", async () => {
  const { place, world, self } = await scene();
  const from = await head(world);
  const { world: server, hub, faults } = place.sim;
  const [bot, alice, ops] = [server.users.get(self), server.users.get(place.alice.id), server.channels.get(place.room)];
  if (!bot || !alice || !ops) throw new Error("the place is not whole");
  faults.takeSockets(false);
  hub.restart();
  server.openDirect(alice.id, bot.id);
  const direct = [...server.channels.values()].find(({ type, members }) => type === "D" && members.has(alice.id));
  if (!direct) throw new Error("no direct message");
  addPost(server, direct, alice, { message: "in private" });
  await say(place, "last words");
  await asAdmin(place, "DELETE", `/channels/${ops.id}`);
  await asAdmin(place, "DELETE", `/teams/${place.team}/members/${self}`);
  // Left with the team, and put back as who was in there until it was archived.
  ops.members.set(self, { roles: "channel_user" });
  // A history that cannot be read just now is not lost.
  faults.add({ kind: "answer", method: "GET", path: /\/posts$/ });
  faults.takeSockets(true);
  await eventually(world, from, ({ content }) => content?.text === "in private");
  await eventually(world, from, ({ content }) => content?.text === "last words");
  await vi.waitFor(async () => {
    const { items } = await world.call("gaps.list", {});
    expect(items.map(({ state }) => state)).toEqual(["filled"]);
  }, 5_000);
});
