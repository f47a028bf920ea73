import { afterEach, expect, test } from "vitest";
import { openTalk, type Talk } from "./open.ts";

let talk: Talk | undefined;
afterEach(async () => {
  await talk?.world.close();
  talk = undefined;
});

test("says what works, with the line for what does not", async () => {
  talk = await openTalk({ reader: true });
  const { world, cloud } = talk;
  await talk.bot("helper");
  const names = async () => (await world.call("connections.probe", {})).checks;
  expect((await names()).map(({ name, state }) => `${name} ${state}`)).toEqual([
    "server ok",
    "throttle ok",
    "hooks ok",
    "administrator ok",
    "bot helper ok",
    "account alice ok",
  ]);
  await cloud.occ("occ talk:bot:state 1 1 -f webhook -f event");
  expect((await names()).filter(({ name }) => name === "bot helper")).toMatchObject([
    { state: "warn", detail: expect.stringContaining("event") },
  ]);
  await cloud.occ("occ talk:bot:state 1 0 -f webhook");
  expect((await names()).filter(({ name }) => name === "bot helper").map(({ detail }) => detail)).toEqual([
    "it is switched off on the server: deaf and mute in every room",
    "it lacks response",
  ]);
  cloud.world.attempts = [cloud.world.now()];
  expect((await names()).find(({ name }) => name === "throttle")).toMatchObject({
    state: "warn",
    fix: expect.stringContaining("bruteforce:reset"),
  });
  cloud.world.backend = "https://other.example.org";
  await cloud.occ("occ talk:bot:state 1 1 -f webhook -f response");
  const [room] = [...cloud.world.rooms.values()];
  if (room) await cloud.say(room, talk.alice, "from elsewhere?");
  expect((await names()).find(({ name }) => name === "backend")).toMatchObject({
    state: "warn",
    fix: expect.stringContaining("config:system:set overwrite.cli.url"),
  });
  await cloud.occ("occ talk:bot:uninstall 1");
  expect((await names()).filter(({ name }) => name === "bot helper")).toMatchObject([
    { detail: "it is not installed on the server any more" },
  ]);
});

test("a bot that was installed by somebody else is adopted; that it hears nothing here is said", async () => {
  talk = await openTalk();
  const { world, cloud, room } = talk;
  const secret = "a-secret-that-somebody-wrote-down-0123456789";
  await cloud.occ(`occ talk:bot:install Old ${secret} https://elsewhere.example.org/hook -f webhook -f response`);
  const [row] = cloud.world.bots;
  const { items } = await world.call("bots.list", { source: "server" });
  expect(items).toMatchObject([{ handle: null, managed: false, displayName: "Old" }]);
  await world.call("bots.adopt", {
    bot: "old",
    nativeId: `bots/bot-${row?.hash}`,
    credentials: { "bot-secret": secret },
  });
  expect((await world.call("connections.probe", {})).checks.find(({ name }) => name === "bot old")).toMatchObject({
    state: "warn",
    detail: expect.stringContaining("hears nothing here"),
  });
  await world.call("rooms.add-bot", { room: room.token, bot: "old" });
  await world.call("messages.send", { room: room.token, as: "old", text: "still me" });
  // taken over: the old address goes, ours comes, its room stays
  const rotated = await world.call("credentials.rotate", { bot: "old" });
  expect(rotated.opened?.[0]?.run.command).toContain("talk:bot:uninstall 1 &&");
  await world.doSteps(rotated.opened);
  expect(await world.call("bots.get", { bot: "old" })).toMatchObject({
    native: { url: "https://bots.example.org/hooks/talk/old/1" },
  });
  await world.call("messages.send", { room: room.token, as: "old", text: "and now I hear" });
  expect((await world.call("connections.probe", {})).checks.find(({ name }) => name === "bot old")).toMatchObject({
    state: "ok",
  });
  // from now on it keeps its author
  const { nativeId } = await world.call("bots.get", { bot: "old" });
  await world.doSteps((await world.call("credentials.rotate", { bot: "old" })).opened);
  expect((await world.call("bots.get", { bot: "old" })).nativeId).toBe(nativeId);
});

test.each([
  ["17.1.0", "no reactions are heard before 21"],
  ["21.1.0", "who reacted is not told before 22.0.9"],
  ["23.0.0", "Talk 23.0.0 on Nextcloud"],
])("Talk %s: %s", async (version, text) => {
  talk = await openTalk({ cloud: { talk: version } });
  expect((await talk.world.call("connections.get", {})).checks[0]?.detail).toContain(text);
  const made = await talk.world.call("bots.create", { handle: "helper" });
  expect(made.opened?.[0]?.run.command?.includes("-f reaction")).toBe(version !== "17.1.0");
});

test("a Nextcloud without Talk is said to be one", async () => {
  talk = await openTalk({ cloud: { talk: "" } });
  expect(await talk.world.call("connections.get", {})).toMatchObject({
    state: "degraded",
    reason: expect.stringContaining("spreed"),
  });
});
