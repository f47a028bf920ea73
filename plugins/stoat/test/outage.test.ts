import { createWorld, eventually, head, type World } from "@botyard/testing";
import { afterEach, describe, expect, test } from "vitest";
import platform from "../src/index.ts";
import { bitsOf } from "../src/rules.ts";
import { makeChannel } from "../src/simulator/servers.ts";
import { stoatPlace, type StoatPlace } from "./place.ts";

let world: World | undefined;
afterEach(() => world?.close());

async function start(): Promise<{ world: World; place: StoatPlace; room: string; say(text: string): Promise<string> }> {
  const place = await stoatPlace();
  const made = await createWorld({ platform, place });
  world = made;
  await made.call("bots.create", { handle: "helper" });
  const { room } = await made.call("rooms.add-bot", { room: "community:general", bot: "helper" });
  const say = (text: string): Promise<string> =>
    made.drive.say?.(room, text) ?? Promise.reject(new Error("nobody speaks"));
  await said(made, say, "the first");
  return { world: made, place, room, say };
}

/** Says it, and waits until it is in the log. */
async function said(on: World, say: (text: string) => Promise<string>, text: string): Promise<void> {
  const from = await head(on);
  await say(text);
  await eventually(on, from, ({ content }) => content?.text === text);
}

/** What the log holds of these texts, in its order. */
async function logged(on: World, fits: (text: string) => boolean): Promise<string[]> {
  const texts: string[] = [];
  let cursor: string | undefined;
  for (;;) {
    const page = await on.call("events.list", {
      ...(cursor === undefined ? {} : { from: cursor }),
      type: ["message.created"],
      limit: 500,
    });
    texts.push(...page.items.flatMap(({ content }) => (content && fits(content.text) ? [content.text] : [])));
    if (page.items.length === 0) return texts;
    cursor = page.cursor;
  }
}

async function settled(
  on: World,
): Promise<{ state: string; rooms?: string[] | undefined; messages: number; reason?: string | undefined }[]> {
  for (let wait = 0; wait < 200; wait++) {
    const { items } = await on.call("gaps.list", {});
    if (items.length > 0 && items.every(({ state }) => state !== "open")) return items;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error("the gap was not settled in 5 s");
}

describe("the worst day of session (d): the token was pasted into a public channel", () => {
  test("rotated, old token refused, reconnected, gap filled, and lost where history may not be read", async () => {
    const { world: on, place, room, say } = await start();
    const { sim } = place;
    const server = [...sim.world.servers.values()][0];
    if (!server) throw new Error("there is no server");
    const staff = makeChannel(sim.world, server, "staff");
    staff.default_permissions = { a: 0, d: bitsOf(["ReadMessageHistory"]) };
    const bot = [...sim.world.bots.values()][0];
    const before = bot?.token ?? "";
    const from = await head(on);
    const rotated = await on.call("credentials.rotate", { bot: "helper" });
    await say("while it was away");
    expect(JSON.stringify(rotated)).not.toContain(bot?.token);
    expect(bot?.token).not.toBe(before);
    const missed = await eventually(on, from, ({ content }) => content?.text === "while it was away");
    expect(missed.room?.id).toBe(room);
    const gaps = await settled(on);
    expect(gaps.find(({ state }) => state === "filled")).toBeDefined();
    expect(gaps.find(({ state }) => state === "lost")).toMatchObject({
      rooms: [staff._id],
      reason: expect.stringContaining("history") as string,
    });
    await on.call("messages.send", { room, as: "helper", text: "with the new one" });
    await said(on, say, "live again");
    expect((await on.call("bots.get", { bot: "helper" })).state).toBe("ready");
  });
});

test("cut again and again: nothing lost, nothing doubled, each gap recorded", async () => {
  const { world: on, place, say } = await start();
  const cuts = 6;
  const expected: string[] = [];
  for (let round = 0; round < cuts; round++) {
    await said(on, say, `live ${round}`);
    place.sim.gateway.cut();
    const away = [`away ${round} a`, `away ${round} b`];
    const from = await head(on);
    for (const text of away) await say(text);
    for (const text of away) await eventually(on, from, ({ content }) => content?.text === text);
    expected.push(`live ${round}`, ...away);
  }
  expect(await logged(on, (text) => /^(?:live|away)/.test(text))).toEqual(expected);
  expect(await settled(on)).toHaveLength(cuts);
});

test("two bots in one room: one event, seen by both; a reaction counts once", async () => {
  const { world: on, place, room, say } = await start();
  const { nativeId } = await on.call("bots.create", { handle: "second" });
  for (let wait = 0; wait < 200 && place.sim.gateway.count(nativeId ?? "") === 0; wait++)
    await new Promise((resolve) => setTimeout(resolve, 25));
  await on.call("rooms.add-bot", { room: "community:general", bot: "second" });
  const from = await head(on);
  const message = await say("hello both");
  await eventually(on, from, ({ content }) => content?.text === "hello both", { bot: `${on.connection}/second` });
  await eventually(on, from, ({ content }) => content?.text === "hello both", { bot: `${on.connection}/helper` });
  const seen = await on.call("events.list", { from });
  expect(seen.items.filter(({ content }) => content?.text === "hello both")).toHaveLength(1);
  const alice = [...place.sim.world.users.values()].find(({ username }) => username === "alice")?._id;
  const hearers = [...place.sim.world.bots.keys()];
  place.sim.world.sent.emit(hearers, {
    type: "MessageReact",
    id: message,
    channel_id: room,
    user_id: alice,
    emoji_id: "👍",
  });
  await eventually(on, from, ({ type }) => type === "reaction.added");
  await say("after it");
  await eventually(on, from, ({ content }) => content?.text === "after it", { bot: `${on.connection}/second` });
  const all = await on.call("events.list", { from, type: ["reaction.added"] });
  expect(all.items).toHaveLength(1);
});
