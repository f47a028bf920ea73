import { expect, test } from "vitest";
import type { Call } from "@botyard/sdk";
import { createWorld, call, run, type TestWorld } from "./world.ts";

type AnyHandler = (input: object, made: Call) => Promise<Readonly<Record<string, unknown>>>;

const encoded = encodeURIComponent;
const levelsType = "m.room.power_levels";

/** A room in which everything takes 50, with a helper of ours who has nothing, and a message of alice's. */
async function scene(options: Parameters<typeof createWorld>[0] = {}) {
  const world = await createWorld(options);
  const alice = world.person("alice");
  const helper = await world.bot("helper");
  const { room_id: id } = await alice.call("POST", "/createRoom", {
    preset: "private_chat",
    invite: ["@botyard:hs.test", "@bot_helper:hs.test"],
    power_level_content_override: {
      events_default: 50,
      events: { "m.reaction": 50, "m.room.redaction": 50 },
      users: { [alice.id]: 100, "@botyard:hs.test": 100 },
    },
  });
  const room = String(id);
  const { event_id: message } = await alice.call("PUT", `/rooms/${encoded(room)}/send/m.room.message/1`, {
    msgtype: "m.text",
    body: "hi",
  });
  const handlers = world.session.operations as unknown as Readonly<Record<string, AnyHandler>>;
  const use = (name: string, input: object, attempt = 1) => {
    const handler = handlers[name];
    if (handler === undefined) throw new Error(`no handler ${name}`);
    return run(handler, { connection: "matrix", room, options: {}, ...input }, call({ as: helper, attempt }));
  };
  await use("matrix.ensure-joined", {});
  world.requests.length = 0;
  return { world, alice, room, message: String(message), use };
}

const writes = ({ requests }: TestWorld): string[] =>
  requests.filter((line) => line.startsWith("PUT") && !line.includes("typing"));

test.each([
  ["messages.send", { text: "x" }],
  ["messages.update", { message: "$m", text: "x" }],
  ["messages.delete", { message: "$m" }],
  ["reactions.add", { message: "$m", emoji: "👍" }],
  ["rooms.update", { name: "x" }],
  ["rooms.update", { topic: "x" }],
  ["messages.pin", { message: "$m" }],
  ["matrix.send-text", { text: "x" }],
  ["matrix.react", { event: "$m", emoji: "👍" }],
  ["matrix.redact", { event: "$m" }],
])("%s says which level is missing, before anything is sent: %j", async (name, input) => {
  const { world, use } = await scene();
  await expect(use(name, input)).rejects.toMatchObject({
    code: "forbidden",
    message: expect.stringMatching(
      /^@bot_helper:hs\.test has power level 0 in this room; m\.[a-z_.]+ takes 50$/,
    ) as string,
    details: { fix: expect.stringContaining("to 50") as string },
  });
  expect(writes(world)).toEqual([]);
});

test("taking a reaction back is checked as well", async () => {
  const { world, alice, room, message, use } = await scene();
  const levels = world.hs.world.rooms.get(room)?.state.get(`${levelsType}\u0000`)?.content;
  const put = (reaction: number) =>
    alice.call("PUT", `/rooms/${encoded(room)}/state/${levelsType}`, {
      ...levels,
      events: { "m.reaction": reaction, "m.room.redaction": 50 },
    });
  await put(0);
  await use("reactions.add", { message, emoji: "👍" });
  world.requests.length = 0;
  await expect(use("reactions.remove", { message, emoji: "👍" })).rejects.toMatchObject({
    code: "forbidden",
    message: expect.stringContaining("m.room.redaction takes 50") as string,
  });
  expect(writes(world)).toEqual([]);
});

test("a space's child is written only where the space allows it", async () => {
  const { world, room, use } = await scene();
  await expect(use("rooms.create", { name: "sub", parent: room })).rejects.toMatchObject({
    code: "forbidden",
    message: expect.stringContaining("m.space.child takes 50") as string,
  });
  expect(writes(world)).toEqual([]);
});

test("levels that were lowered where nobody told us: one refusal of the homeserver, then the level by name", async () => {
  const state = { deaf: false };
  const { world, alice, room, use } = await scene({ deaf: () => state.deaf });
  const levels = world.hs.world.rooms.get(room)?.state.get(`${levelsType}\u0000`)?.content;
  const put = (mine: number) =>
    alice.call("PUT", `/rooms/${encoded(room)}/state/${levelsType}`, {
      ...levels,
      users: { [alice.id]: 100, "@botyard:hs.test": 100, "@bot_helper:hs.test": mine },
    });
  await put(50);
  await use("messages.send", { text: "may" });
  state.deaf = true;
  await put(0);
  world.requests.length = 0;
  await expect(use("messages.send", { text: "may not" })).rejects.toMatchObject({
    code: "forbidden",
    message: expect.stringContaining("has power level 0") as string,
  });
  expect(writes(world).length).toBe(1);
});

test("a refusal that passes is tried once more", async () => {
  const { world, alice, room, use } = await scene();
  const levels = world.hs.world.rooms.get(room)?.state.get(`${levelsType}\u0000`)?.content;
  await alice.call("PUT", `/rooms/${encoded(room)}/state/${levelsType}`, { ...levels, events_default: 0 });
  world.hs.faults.add({
    kind: "error",
    status: 403,
    errcode: "M_FORBIDDEN",
    match: ({ url }) => url.includes("/send/"),
  });
  world.requests.length = 0;
  await use("messages.send", { text: "x" });
  const sent = writes(world);
  // Under the same transaction id.
  expect([sent.length, new Set(sent).size]).toEqual([2, 1]);
});
