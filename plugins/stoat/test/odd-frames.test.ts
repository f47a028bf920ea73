import { describe, expect, test } from "vitest";
import * as v from "valibot";
import { Event, type EventDraft } from "@botyard/sdk";
import { extras } from "../src/extras.ts";
import { put } from "../src/simulator/index.ts";
import { connections } from "./recordings.ts";
import { ofType, running } from "./running.ts";

const odd = [undefined, null, 7, "", "text", true, [], [null], {}, { _id: 5 }] as const;

type Fields = Record<string, unknown>;
const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Each with one field, also one level down, replaced by something else. */
function broken(frame: Fields): Fields[] {
  return Object.entries(frame).flatMap(([name, value]) => [
    ...(name === "type" ? [] : odd.map((other) => ({ ...frame, [name]: other }))),
    ...(isFields(value) ? broken({ ...value }).map((inner) => ({ ...frame, [name]: inner })) : []),
  ]);
}

/** One recorded frame of each kind. */
const kinds = new Map<string, Fields>();
for (const { lines } of connections)
  for (const { dir, json } of lines)
    if (dir === "in" && isFields(json) && typeof json["type"] === "string" && !kinds.has(json["type"]))
      kinds.set(json["type"], json);
/** As the core fills a draft in: what readers get must be what they can read. */
function asStored({ key: _, bots = [], actor, member, message, ...draft }: EventDraft): Fields {
  const mine = { id: "evt_1", seq: 1, cursor: "c_1", committedAt: draft.time, connection: "home", platform: "stoat" };
  return {
    ...mine,
    ...draft,
    bots,
    addressed: [],
    own: false,
    backfilled: false,
    actor: actor && { ...actor, bot: null },
    ...(message ? { message: { thread: null, replyTo: null, editedAt: null, ...message } } : {}),
    ...(member ? { member: { ...member, bot: null } } : {}),
  };
}

/** These end the run, as they should. */
const ending = new Set(["Logout", "Error"]);

describe("frames in which any field is broken", () => {
  test.each([...kinds].filter(([type]) => !ending.has(type)))("%s: the socket goes on", async (_, frame) => {
    const { sim, host, channel, alice, helper, ended, stop } = await running();
    const own = helper.nativeId ?? "";
    for (const one of broken(frame)) {
      // what it says of the bot itself may well take the channel away
      const text = JSON.stringify(one);
      sim.gateway.inject(own, text);
      sim.gateway.inject(own, JSON.stringify({ type: "Bulk", v: [one] }));
    }
    put(sim.world, channel, alice.id, { content: "still there" });
    const last = host.event(({ content }) => content?.text === "still there");
    expect(await Promise.race([last.then(() => "heard"), ended])).toBe("heard");
    for (const draft of host.events) {
      expect(Date.parse(draft.time)).not.toBeNaN();
      expect(draft.key === null || draft.key.id !== "").toBe(true);
      expect(draft.native?.["type"]).toBeTypeOf("string");
      expect(v.safeParse(Event, asStored(draft)).issues).toBeUndefined();
      expect(v.safeParse(extras.Event, draft.native).issues).toBeUndefined();
    }
    await stop();
  });
});

test("a frame that is deeper than anybody can write down is kept as far as that is possible", async () => {
  const { sim, host, channel, alice, helper, stop } = await running();
  const deep = `${"[".repeat(200_000)}${"]".repeat(200_000)}`;
  const id = sim.world.id();
  for (const text of [
    `{"type":"Novelty","deep":${deep}}`,
    `{"type":"Bulk","v":${deep}}`,
    `{"type":"ChannelUpdate","id":"${channel._id}","data":{"deep":${deep}}}`,
    `{"type":"Message","_id":"${id}","channel":"${channel._id}","author":"${alice.id}","content":"deep","embeds":[{"a":${deep}}]}`,
  ])
    sim.gateway.inject(helper.nativeId ?? "", text);
  put(sim.world, channel, alice.id, { content: "end" });
  await host.event(({ content }) => content?.text === "end");
  expect(host.events.some(({ message }) => message?.id === id)).toBe(true);
  for (const event of host.events) expect(() => JSON.stringify(event)).not.toThrow();
  await stop();
});

test("frames out of order: each is told as what it is, and the message once", async () => {
  const { sim, host, channel, alice, helper, stop } = await running();
  const own = helper.nativeId ?? "";
  const emit = (frame: Fields): void => sim.gateway.inject(own, JSON.stringify(frame));
  const id = sim.world.id();
  const on = { id, channel: channel._id };
  emit({ type: "MessageReact", id, channel_id: channel._id, user_id: alice.id, emoji_id: "👍" });
  emit({ type: "MessageUpdate", ...on, data: { content: "new", edited: "2026-11-20T10:00:00.000Z" }, clear: [] });
  emit({ type: "MessageUnreact", id, channel_id: channel._id, user_id: alice.id, emoji_id: "👍" });
  const message = { type: "Message", _id: id, channel: channel._id, author: alice.id, content: "old" };
  emit(message);
  emit(message);
  emit({ type: "MessageDelete", ...on });
  emit({ type: "MessageDelete", ...on });
  emit({ type: "ChannelUpdate", id: sim.world.id(), data: { name: "unknown" }, clear: ["Description"] });
  emit({ type: "ChannelStopTyping", id: channel._id, user: alice.id });
  put(sim.world, channel, alice.id, { content: "end" });
  await host.event(({ content }) => content?.text === "end");
  const types = host.events.filter(({ message: about }) => about?.id === id).map(({ type }) => type);
  expect(types).toEqual([
    "reaction.added",
    "message.updated",
    "reaction.removed",
    "message.created",
    "message.deleted",
  ]);
  expect(host.events.filter(ofType("typing"))).toEqual([]);
  await stop();
});

test("an older message that comes late does not make a deaf socket of a hearing one", async () => {
  const { sim, host, channel, alice, helper, session, stop } = await running();
  const { now } = host.clock;
  const first = put(sim.world, channel, alice.id, { content: "first" });
  const second = put(sim.world, channel, alice.id, { content: "second" });
  await host.event(({ content }) => content?.text === "second");
  sim.gateway.inject(helper.nativeId ?? "", JSON.stringify({ type: "Message", ...first, reactions: {} }));
  sim.gateway.inject(helper.nativeId ?? "", JSON.stringify({ type: "Novelty" }));
  await host.event(({ native }) => native?.["type"] === "Novelty");
  expect(channel.last_message_id).toBe(second._id);
  Object.assign(host.clock, { now: () => now() + 60_000 });
  const made = { bot: helper, signal: new AbortController().signal, started: () => {} };
  try {
    for (let proof = 0; proof < 15; proof++) await session.receive?.prove?.check(made);
  } finally {
    Object.assign(host.clock, { now });
    await stop();
  }
});

test("a frame of megabytes is one event, and what comes with it is committed apart", async () => {
  const { sim, host, channel, alice, stop } = await running();
  for (let n = 0; n < 8; n++) put(sim.world, channel, alice.id, { content: `${n} ${"x".repeat(1_500_000)}` });
  await host.event(({ content }) => content?.text.startsWith("7 ") === true);
  const raws = host.intakes.flatMap(({ via, raw }) => (via === "frame" ? [String(raw).length] : []));
  expect(Math.max(...raws)).toBeLessThan(5_000_000);
  await stop();
});
