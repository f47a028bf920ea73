import { afterEach, describe, expect, test } from "vitest";
import { openTalk, reveal, type Talk, type TalkOptions } from "./open.ts";

let talk: Talk | undefined;
afterEach(async () => {
  await talk?.world.close();
  talk = undefined;
});
const open = async (options?: TalkOptions): Promise<Talk> => (talk = await openTalk(options));
const hooks = "https://bots.example.org/hooks/talk";

describe("installing", () => {
  test("is one line to paste, quoted, with a secret that is shown once", async () => {
    const { world } = await open();
    const made = await world.call("bots.create", {
      handle: "helper",
      displayName: "It's Helper",
      description: "Answers $HOME",
    });
    expect(made).toMatchObject({ state: "awaiting_operator", nativeId: null, credentials: ["bot-secret"] });
    const [step] = made.opened ?? [];
    expect(step?.run.command).toMatch(
      /^ sudo -u www-data php occ talk:bot:install -f webhook -f response -f reaction 'It'\\''s Helper' '[0-9a-f]{64}' 'https:\/\/bots\.example\.org\/hooks\/talk\/helper\/1' 'Answers \$HOME'$/,
    );
    expect(step?.secret).toBe(true);
    expect(step?.run.hint).toBe(
      "other prefix (container): botyard connections update talk -o occ='docker exec -u www-data nextcloud php occ'",
    );
    const [listed] = (await world.call("steps.list", {})).items;
    expect(listed?.run.command).toContain("'<secret>'");
    expect((await reveal(world, step?.id ?? "")).run.command).toBe(step?.run.command);
    await world.refused("operator_required", "messages.send", {
      room: talk?.room.token,
      as: "helper",
      text: "too early",
    });
  });

  test("is verified by the URL's hash, and says what the bot may do", async () => {
    const { world, run } = await open({ settings: { occ: "docker exec -u www-data nextcloud php occ" } });
    const made = await world.call("bots.create", { handle: "helper", options: { features: ["webhook", "response"] } });
    const [step] = made.opened ?? [];
    expect(step?.run.command).toMatch(
      /^ docker exec -u www-data nextcloud php occ talk:bot:install -f webhook -f response 'helper'/,
    );
    expect(step?.run.hint).toBeUndefined();
    expect(await world.call("steps.verify", { step: step?.id ?? "" })).toMatchObject({
      state: "open",
      note: "no bot with this URL is installed",
    });
    await run(step);
    expect(await world.call("steps.verify", { step: step?.id ?? "" })).toMatchObject({
      state: "done",
      note: "found by URL, features webhook, response",
    });
    const bot = await world.call("bots.get", { bot: "helper" });
    expect(bot).toMatchObject({ state: "ready", enabled: true, displayName: "helper" });
    expect(bot.native).toEqual({
      id: 1,
      url: `${hooks}/helper/1`,
      url_hash: bot.nativeId?.slice("bots/bot-".length),
      state: "enabled",
      features: ["webhook", "response"],
      error_count: 0,
      last_error_date: null,
      last_error_message: null,
      rooms: [],
    });
  });

  test("without an administrator the first signed webhook proves it", async () => {
    const { world, run, cloud, room, ops } = await open({ admin: false });
    const made = await world.call("bots.create", { handle: "helper" });
    const [step] = made.opened ?? [];
    await run(step);
    expect(await world.call("steps.verify", { step: step?.id ?? "" })).toMatchObject({ state: "open" });
    // the room's moderator enables it by hand
    await cloud.occ(`occ talk:bot:setup 1 ${room.token}`);
    await expect.poll(async () => (await world.call("bots.get", { bot: "helper" })).state).toBe("ready");
    const bot = await world.call("bots.get", { bot: "helper" });
    expect(bot.nativeId).toBe(`bots/bot-${cloud.world.bots[0]?.hash}`);
    expect(bot.native).toMatchObject({ rooms: [{ id: room.token, name: "Ops" }] });
    await world.call("messages.send", { room: room.token, as: "helper", text: "here" });
    expect(room.messages.at(-1)).toMatchObject({ message: "here" });
    expect(ops.admin).toBe(true);
  });

  test.each([
    [{ displayName: "ü".repeat(33) }, "too_large"],
    [{ displayName: "x\u0007" }, "invalid"],
    [{ description: "d".repeat(4001) }, "too_large"],
    [{ username: "helper" }, "unsupported_param"],
    [{ options: { features: ["event"] } }, "invalid"],
  ] as const)("%j is refused before anybody runs it", async (input, code) => {
    const { world } = await open();
    const refusal = await world.refused(code === "too_large" ? ["too_large", "invalid"] : code, "bots.create", {
      handle: "helper",
      ...input,
    });
    expect(refusal.effect).toBe("none");
    expect((await world.call("steps.list", {})).items).toEqual([]);
  });

  test("a bot under the same address is not installed twice", async () => {
    const { world, cloud } = await open();
    await cloud.occ(`occ talk:bot:install Old ${"s".repeat(40)} ${hooks}/helper/1`);
    const refusal = await world.refused("conflict", "bots.create", { handle: "helper" });
    expect(refusal.details.fix).toContain("bots adopt talk/helper");
  });

  test("a name that begins with a dash is no option", async () => {
    const { world, run, cloud } = await open();
    const made = await world.call("bots.create", { handle: "helper", displayName: "--no-setup" });
    await run(made.opened?.[0]);
    expect(cloud.world.bots[0]).toMatchObject({ name: "--no-setup", state: 1 });
  });
});

describe("changing", () => {
  test("a name needs a new installation; author, rooms and handle stay", async () => {
    const { world, run, cloud, room, bot, texts } = await open();
    await bot("helper");
    const before = await world.call("bots.get", { bot: "helper" });
    const changed = await world.call("bots.update", { bot: "helper", displayName: "Renamed" });
    const [step] = changed.opened ?? [];
    expect(step?.run.command).toMatch(
      /^ sudo -u www-data php occ talk:bot:uninstall 1 && sudo -u www-data php occ talk:bot:install .* 'Renamed' /,
    );
    await run(step);
    // installed anew, not confirmed yet: nothing is risked with the old secret
    const refusal = await world.refused("operator_required", "messages.send", {
      room: room.token,
      as: "helper",
      text: "no",
    });
    expect(refusal.effect).toBe("none");
    expect(cloud.world.attempts).toEqual([]);
    expect(await world.call("steps.verify", { step: step?.id ?? "" })).toMatchObject({ state: "done" });
    const after = await world.call("bots.get", { bot: "helper" });
    expect(after).toMatchObject({ nativeId: before.nativeId, displayName: "Renamed", native: { id: 2 } });
    await world.call("messages.send", { room: room.token, as: "helper", text: "again" });
    expect(await texts()).toContain("again");
  });

  test("features are set by talk:bot:state, each once", async () => {
    const { world, bot, run, cloud } = await open();
    await bot("helper");
    const changed = await world.call("bots.update", {
      bot: "helper",
      options: { features: ["webhook", "webhook", "response"] },
    });
    const [step] = changed.opened ?? [];
    expect(step?.run.command).toBe("sudo -u www-data php occ talk:bot:state 1 1 -f webhook -f response");
    await run(step);
    expect(cloud.world.bots[0]?.features).toBe(3);
    expect((await world.call("steps.verify", { step: step?.id ?? "" })).state).toBe("done");
  });

  test("features leave the state as it is: one that only occ brings into rooms stays hidden, one that is off stays off", async () => {
    const { world, cloud } = await open();
    const made = await world.call("bots.create", { handle: "helper", options: { noSetup: true } });
    await world.doSteps(made.opened);
    const line = async (): Promise<string | undefined> =>
      (await world.call("bots.update", { bot: "helper", options: { features: ["webhook"] } })).opened?.[0]?.run.command;
    expect(await line()).toBe("sudo -u www-data php occ talk:bot:state 1 2 -f webhook");
    await cloud.occ("occ talk:bot:state 1 0");
    expect(await line()).toBe("sudo -u www-data php occ talk:bot:state 1 0 -f webhook");
    await cloud.occ("occ talk:bot:state 1 2 -f webhook");
    const { checks } = await world.call("connections.probe", {});
    expect(checks.find(({ name }) => name === "bot helper")).toMatchObject({
      detail: "it lacks response",
      fix: "sudo -u www-data php occ talk:bot:state 1 2 -f webhook -f response -f reaction",
    });
  });

  test("installed again where nobody may ask the server, it is what was asked for at first", async () => {
    const { world, run, cloud, room, alice } = await open({ admin: false });
    const options = { features: ["webhook" as const, "response" as const], noSetup: true };
    const made = await world.call("bots.create", { handle: "helper", options });
    await run(made.opened?.[0]);
    await cloud.occ(`occ talk:bot:setup 1 ${room.token}`);
    await cloud.say(room, alice, "hello");
    await expect.poll(async () => (await world.call("bots.get", { bot: "helper" })).state).toBe("ready");
    const changed = await world.call("bots.update", { bot: "helper", displayName: "Renamed" });
    const command = (await reveal(world, changed.opened?.[0]?.id ?? "")).run.command ?? "";
    expect(command).toContain("talk:bot:install --no-setup -f webhook -f response 'Renamed' ");
  });

  test("switching off on the server is a step of its own", async () => {
    const { world, bot, cloud, open: steps } = await open();
    await bot("helper");
    const { value } = await world.invoke("talk.set-state", { bot: "helper", state: "disabled" });
    expect(value).toEqual({ command: "sudo -u www-data php occ talk:bot:state 1 0" });
    await cloud.occ("occ talk:bot:state 1 0");
    await expect.poll(async () => (await steps()).length).toBe(1);
    const [step] = await steps();
    await world.call("steps.verify", { step: step?.id ?? "" });
    expect(await world.call("bots.get", { bot: "helper" })).toMatchObject({
      enabled: false,
      state: "disabled",
      native: { state: "disabled" },
    });
  });
});

describe("replacing the secret", () => {
  test("keep-identity: the author stays, the rooms come back", async () => {
    const { world, bot, run, room, texts, cloud } = await open();
    await bot("helper");
    const old = cloud.world.bots[0];
    const rotated = await world.call("credentials.rotate", { bot: "helper" });
    expect(rotated).not.toHaveProperty("secret");
    await run(rotated.opened?.[0]);
    await world.call("steps.verify", { step: rotated.opened?.[0]?.id ?? "" });
    const [now] = cloud.world.bots;
    expect(now).toMatchObject({ hash: old?.hash, id: 2 });
    expect(now?.secret).not.toBe(old?.secret);
    await world.call("messages.send", { room: room.token, as: "helper", text: "with the new one" });
    expect(await texts()).toContain("with the new one");
  });

  test("no-gap: both hear until the old one is gone, and nothing is counted twice", async () => {
    const { world, bot, run, room, cloud, alice, open: steps, texts } = await open();
    await bot("helper");
    const from = (await world.call("events.list", { from: "now" })).cursor;
    await world.invoke("talk.rotate", { bot: "helper", strategy: "no-gap" });
    await expect.poll(async () => (await steps()).length).toBe(1);
    const [second] = await steps();
    expect(second?.kind).toBe("second");
    await cloud.say(room, alice, "before");
    await run(await reveal(world, second?.id ?? ""));
    await world.call("messages.send", { room: room.token, as: "helper", text: "still the old one" });
    expect((await world.call("steps.verify", { step: second?.id ?? "" })).state).toBe("done");
    expect(room.bots.size).toBe(2);
    await cloud.say(room, alice, "both hear this");
    await world.call("messages.send", { room: room.token, as: "helper", text: "the new one" });
    await expect.poll(async () => (await steps()).map(({ kind }) => kind)).toEqual(["retire"]);
    const [retire] = await steps();
    expect(retire?.run.command).toBe(`sudo -u www-data php occ talk:bot:uninstall --url '${hooks}/helper/1'`);
    await run(retire);
    expect((await world.call("steps.verify", { step: retire?.id ?? "" })).state).toBe("done");
    await cloud.say(room, alice, "after");
    const { items } = await world.call("events.list", { from });
    expect(items.filter(({ type }) => type === "message.created").map(({ content }) => content?.text)).toEqual([
      "before",
      "both hear this",
      "after",
    ]);
    expect(await texts()).toEqual(["before", "still the old one", "both hear this", "the new one", "after"]);
    expect((await world.call("bots.get", { bot: "helper" })).native).toMatchObject({ url: `${hooks}/helper/2` });
  });

  test("revoking uninstalls; rotating brings the bot back", async () => {
    const { world, bot, run, room } = await open();
    await bot("helper");
    const revoked = await world.call("credentials.revoke", { bot: "helper" });
    await run(revoked.opened?.[0]);
    await world.call("steps.verify", { step: revoked.opened?.[0]?.id ?? "" });
    await world.refused("operator_required", "messages.send", { room: room.token, as: "helper", text: "no" });
    const again = await world.call("credentials.rotate", { bot: "helper" });
    await run(again.opened?.[0]);
    await world.call("steps.verify", { step: again.opened?.[0]?.id ?? "" });
    expect((await world.call("bots.get", { bot: "helper" })).state).toBe("ready");
  });
});

test("deleting uninstalls, and the core forgets", async () => {
  const { world, bot, run, cloud } = await open();
  await bot("helper");
  const deleted = await world.call("bots.delete", { bot: "helper" });
  expect(deleted.opened?.[0]?.run.command).toBe("sudo -u www-data php occ talk:bot:uninstall 1");
  await run(deleted.opened?.[0]);
  await world.call("steps.verify", { step: deleted.opened?.[0]?.id ?? "" });
  expect(cloud.world.bots).toEqual([]);
  await world.refused("not_found", "bots.get", { bot: "helper" });
});

test("a bot asks for its own features where the server is new enough", async () => {
  const { world, bot, room } = await open({ cloud: { talk: "25.0.0" } });
  await bot("helper");
  const asked = await world.invoke("talk.ask-features", { bot: "helper", room: room.token });
  expect(asked.value).toEqual({ features: ["webhook", "response", "reaction"] });
  await world.close();
  const older = await open();
  await older.bot("helper");
  await older.world.refused("unsupported", "talk.ask-features", { bot: "helper", room: older.room.token });
  expect(older.cloud.world.attempts).toEqual([]);
});

test("lines for the server", async () => {
  const { world, bot } = await open();
  await bot("helper");
  const line = async (input: object) => (await world.invoke("talk.occ-line", { bot: "helper", ...input })).value;
  expect(await line({ verb: "setup", rooms: ["abcd1234", "efgh5678"] })).toEqual({
    command: "sudo -u www-data php occ talk:bot:setup 1 abcd1234 efgh5678",
  });
  expect(await line({ verb: "remove", rooms: ["abcd1234"] })).toEqual({
    command: "sudo -u www-data php occ talk:bot:remove 1 abcd1234",
  });
  expect(await line({ verb: "state", state: "no-setup" })).toEqual({
    command: "sudo -u www-data php occ talk:bot:state 1 2",
  });
  expect(await line({ verb: "uninstall" })).toEqual({ command: "sudo -u www-data php occ talk:bot:uninstall 1" });
  await world.refused("invalid", "talk.occ-line", { bot: "helper", verb: "setup", rooms: [] });
  expect((await world.invoke("talk.features", { bot: "helper" })).value).toEqual({
    features: ["webhook", "response", "reaction"],
    state: "enabled",
    missing: [],
    fix: null,
  });
});
