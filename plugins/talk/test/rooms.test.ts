import { afterEach, expect, test } from "vitest";
import { openTalk, type Talk, type TalkOptions } from "./open.ts";

let talk: Talk | undefined;
afterEach(async () => {
  await talk?.world.close();
  talk = undefined;
});
async function open(options?: TalkOptions): Promise<Talk> {
  talk = await openTalk(options);
  const made = await talk.world.call("bots.create", { handle: "helper" });
  await talk.world.doSteps(made.opened);
  return talk;
}

test("201 is joined, 200 was there before, and one Join is heard", async () => {
  const { world, room } = await open();
  expect(await world.call("rooms.add-bot", { room: room.token, bot: "helper" })).toEqual({
    room: room.token,
    joined: true,
    via: "set up by ops",
  });
  expect(await world.call("rooms.add-bot", { room: room.token, bot: "helper" })).toMatchObject({ joined: false });
  const { items } = await world.call("events.list", { from: "oldest", own: true });
  expect(items.filter(({ type }) => type === "member.joined")).toMatchObject([{ member: { bot: "helper" } }]);
});

test("a bot that is not there is not taken out: no Leave goes out", async () => {
  const { world, room } = await open();
  expect(await world.call("rooms.remove-bot", { room: room.token, bot: "helper" })).toEqual({
    room: room.token,
    left: false,
  });
  await world.call("rooms.add-bot", { room: room.token, bot: "helper" });
  expect(await world.call("rooms.remove-bot", { room: room.token, bot: "helper" })).toEqual({
    room: room.token,
    left: true,
  });
  const { items } = await world.call("events.list", { from: "oldest", own: true });
  expect(items.filter(({ type }) => type === "member.left")).toHaveLength(1);
});

test("a bot that is set up while the server has it switched off is shown as such, and can only be taken out by occ", async () => {
  const { world, room, cloud, open: steps, run } = await open();
  await world.call("rooms.add-bot", { room: room.token, bot: "helper" });
  expect((await world.call("rooms.list-bots", { room: room.token })).items).toMatchObject([
    { handle: "helper", username: "helper", active: true },
  ]);
  await cloud.occ("occ talk:bot:state 1 0");
  expect((await world.call("rooms.list-bots", { room: room.token })).items).toMatchObject([
    { handle: "helper", active: false },
  ]);
  expect(await world.call("bots.list", { source: "server" })).toMatchObject({
    items: [{ handle: "helper", enabled: false, native: { state: "disabled" } }],
  });
  const refusal = await world.refused("invalid", "rooms.remove-bot", { room: room.token, bot: "helper" });
  expect(refusal.details.fix).toBe(`sudo -u www-data php occ talk:bot:remove 1 ${room.token}`);
  await expect.poll(async () => (await steps()).map(({ kind }) => kind)).toEqual([`remove-${room.token}`]);
  const [step] = await steps();
  await run(step);
  expect((await world.call("steps.verify", { step: step?.id ?? "" })).state).toBe("done");
});

test("switched off on the server: refused with the line that switches it on", async () => {
  const { world, room, cloud } = await open();
  await cloud.occ("occ talk:bot:state 1 0");
  const refusal = await world.refused("conflict", "rooms.add-bot", { room: room.token, bot: "helper" });
  expect(refusal).toMatchObject({ effect: "none", details: { fix: "sudo -u www-data php occ talk:bot:state 1 1" } });
});

test("no-setup: only occ brings it in, as a step that the Join proves", async () => {
  const { world, room, cloud, open: steps, run } = await open();
  await cloud.occ("occ talk:bot:state 1 2");
  const refusal = await world.refused("invalid", "rooms.add-bot", { room: room.token, bot: "helper" });
  expect(refusal.details.fix).toBe(`sudo -u www-data php occ talk:bot:setup 1 ${room.token}`);
  await expect.poll(async () => (await steps()).length).toBe(1);
  const [step] = await steps();
  await run(step);
  expect((await world.call("steps.verify", { step: step?.id ?? "" })).note).toBe("the bot was heard joining");
  expect(await world.call("rooms.add-bot", { room: room.token, bot: "helper" })).toMatchObject({ joined: false });
});

test("not a moderator, not in the room, a former one-to-one, an unknown room", async () => {
  const { world, room, cloud, ops, alice } = await open();
  const owner = room.attendees.find(({ actorId }) => actorId === "ops");
  if (owner) owner.participantType = 3;
  const forbidden = await world.refused("forbidden", "rooms.add-bot", { room: room.token, bot: "helper" });
  expect(forbidden.details.instead).toContain("talk:bot:setup 1");
  await world.refused("forbidden", "rooms.list-bots", { room: room.token });
  const theirs = cloud.room("Theirs", [alice]);
  await world.refused("not_found", "rooms.add-bot", { room: theirs.token, bot: "helper" });
  await world.refused("not_found", "rooms.list-bots", { room: "zzzzzzzz" });
  const former = cloud.room("", [ops], 5);
  const refusal = await world.refused("invalid", "rooms.add-bot", { room: former.token, bot: "helper" });
  expect(refusal.message).toContain("former one-to-one");
  expect(cloud.world.roomAttempts).toBe(0);
});

test("a moderator's account does what the administrator may not", async () => {
  talk = await openTalk({ reader: true });
  const { world, cloud, alice } = talk;
  const made = await world.call("bots.create", { handle: "helper" });
  await world.doSteps(made.opened);
  const theirs = cloud.room("Theirs", [alice]);
  expect(await world.call("rooms.add-bot", { room: theirs.token, bot: "helper" })).toMatchObject({
    joined: true,
    via: "set up by alice",
  });
});

test("without any app password there is a step instead, proven by the Join", async () => {
  talk = await openTalk({ admin: false });
  const { world, room, run, open: steps, cloud } = talk;
  const made = await world.call("bots.create", { handle: "helper" });
  await run(made.opened?.[0]);
  await cloud.occ(`occ talk:bot:setup 1 ${cloud.room("First", [...cloud.world.users.values()]).token}`);
  await expect.poll(async () => (await world.call("bots.get", { bot: "helper" })).state).toBe("ready");
  const refusal = await world.refused("unauthenticated", "rooms.add-bot", { room: room.token, bot: "helper" });
  expect(refusal.details.instead).toContain("talk:bot:setup");
  await expect.poll(async () => (await steps()).length).toBe(1);
  const [step] = await steps();
  expect(step?.run.command).toContain(`talk:bot:setup '<id, see talk:bot:list>' ${room.token}`);
  await cloud.occ(`occ talk:bot:setup 1 ${room.token}`);
  expect((await world.call("steps.verify", { step: step?.id ?? "" })).state).toBe("done");
  expect((await world.call("rooms.list", { as: "helper" })).items.map(({ id }) => id)).toContain(room.token);
});

test("two bots of one name are told apart only by an administrator", async () => {
  talk = await openTalk({ reader: true, admin: false });
  const { world, cloud, alice, run } = talk;
  const made = await world.call("bots.create", { handle: "helper" });
  await run(made.opened?.[0]);
  const theirs = cloud.room("Theirs", [alice]);
  await cloud.occ(`occ talk:bot:setup 1 ${theirs.token}`);
  await expect.poll(async () => (await world.call("bots.get", { bot: "helper" })).state).toBe("ready");
  await cloud.occ(`occ talk:bot:install helper ${"x".repeat(40)} https://elsewhere.example.org/`);
  await world.refused("conflict", "rooms.add-bot", { room: theirs.token, bot: "helper" });
});
