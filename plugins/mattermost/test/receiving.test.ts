import { createWorld, eventually, head, type World } from "@botyard/testing";
import { afterEach, expect, test, vi } from "vitest";
import platform from "../src/index.ts";
import { addPost } from "../src/simulator/index.ts";
import { mattermostPlace } from "./place.ts";

type Place = Awaited<ReturnType<typeof mattermostPlace>>;

const worlds: World[] = [];
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close();
});

/** A bot that hears in eng:ops. */
async function scene(options: Parameters<typeof mattermostPlace>[0] = {}) {
  const place = await mattermostPlace(options);
  const world = await createWorld({ platform, place });
  worlds.push(world);
  const { nativeId } = await world.call("bots.create", { handle: "helper" });
  await vi.waitFor(() => expect(place.sim.hub.count()).toBe(1));
  await world.call("rooms.add-bot", { room: "eng:ops", bot: "helper" });
  const self = nativeId ?? "";
  const texts = async (from: string): Promise<string[]> =>
    (await world.call("events.list", { from, type: ["message.created"] })).items.flatMap(
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

test("a short cut is resumed by the server: nothing is missing, and no history is read", async () => {
  const { place, world, texts } = await scene();
  const from = await head(world);
  place.sim.hub.cut();
  const before = place.sim.faults.served.filter((line) => line.includes("/posts")).length;
  for (const text of ["a", "b", "c"]) await say(place, text);
  await eventually(world, from, ({ content }) => content?.text === "c");
  expect(await texts(from)).toEqual(["a", "b", "c"]);
  expect(place.sim.faults.served.filter((line) => line.includes("/posts"))).toHaveLength(before);
  const { items } = await world.call("gaps.list", {});
  expect(items.map(({ state, certainty }) => [state, certainty])).toEqual([["filled", "possible"]]);
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
