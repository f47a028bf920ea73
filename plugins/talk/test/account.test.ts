import { streamOf } from "@botyard/testing";
import { afterEach, describe, expect, test } from "vitest";
import { openTalk, type Talk, type TalkOptions } from "./open.ts";

let talk: Talk | undefined;
afterEach(async () => {
  await talk?.world.close();
  talk = undefined;
});
async function open(options: TalkOptions = { reader: true }): Promise<Talk> {
  talk = await openTalk(options);
  await talk.bot("helper");
  return talk;
}
const as = "account:alice";

describe("as a person's account", () => {
  test("messages are sent, read, changed and deleted under that person's name", async () => {
    const { world, room } = await open();
    const sent = await world.call("messages.send", { room: room.token, as, text: "from *alice*", silent: true });
    expect(sent.message).toBe(String(room.messages.at(-1)?.id));
    const message = sent.message ?? "";
    expect(await world.call("messages.get", { room: room.token, message, as })).toMatchObject({
      id: message,
      sender: { id: "users/alice", name: "alice", bot: null },
      content: { text: "from *alice*", plain: "from alice" },
      editedAt: null,
    });
    const changed = await world.call("messages.update", { room: room.token, message, as, text: "changed" });
    expect(changed.editedAt).not.toBeNull();
    expect((await world.call("messages.get", { room: room.token, message, as })).content.text).toBe("changed");
    await world.call("messages.mark-read", { room: room.token, message, as });
    await world.call("messages.delete", { room: room.token, message, as });
    await world.refused("not_found", "messages.get", { room: room.token, message, as });
    await world.refused("not_found", "messages.get", { room: room.token, message: "no-such-message", as });
  });

  test("history comes newest first, each message once over all pages", async () => {
    const { world, room, cloud, alice } = await open();
    for (const text of ["one", "two", "three", "four", "five"]) await cloud.say(room, alice, text);
    const seen: string[] = [];
    for (let cursor: string | undefined; ;) {
      const page = await world.call("messages.list", {
        room: room.token,
        as: "helper",
        limit: 2,
        ...(cursor === undefined ? {} : { cursor }),
      });
      seen.push(...page.items.map(({ content }) => content.text));
      cursor = page.next;
      if (cursor === undefined) break;
    }
    expect(seen).toEqual(["five", "four", "three", "two", "one"]);
  });

  test("a bot reads with it only in rooms it is in", async () => {
    const { world, cloud, alice } = await open();
    const other = cloud.room("Other", [alice]);
    await world.refused("not_found", "messages.list", { room: other.token, as: "helper" });
    expect((await world.call("messages.list", { room: other.token, as })).items).toEqual([]);
  });

  test("what a person does is refused to a bot, with the way to do it", async () => {
    const { world } = await open();
    const refusal = await world.refused("unsupported", "rooms.create", { name: "x", as: "helper" });
    expect(refusal.details.instead).toBe("--as account:alice");
  });

  test("rooms are made, changed and filled", async () => {
    const { world } = await open();
    const made = await world.call("rooms.create", { name: "Plans", topic: "what next", invite: ["users/ops"], as });
    expect(made).toMatchObject({ kind: "group", name: "Plans", topic: "what next" });
    expect(await world.call("rooms.update", { room: made.id, name: "Plans 2", topic: null, as })).toMatchObject({
      name: "Plans 2",
    });
    const people = await world.call("members.list", { room: made.id, as });
    expect(people.items).toMatchObject([
      { user: "users/alice", role: "owner" },
      { user: "users/ops", role: "user" },
    ]);
    expect((await world.invoke("talk.set-moderator", { room: made.id, user: "ops", as })).value).toEqual({
      user: "users/ops",
      moderator: true,
    });
    expect(await world.call("members.kick", { room: made.id, user: "users/ops", as })).toMatchObject({
      membership: "kicked",
    });
    expect(await world.call("members.invite", { room: made.id, user: "ops", as })).toMatchObject({
      user: "users/ops",
      membership: "joined",
    });
    const direct = await world.call("rooms.open-direct", { user: "users/ops", as });
    expect(direct.kind).toBe("direct");
    expect((await world.call("rooms.open-direct", { user: "ops", as })).id).toBe(direct.id);
    expect((await world.call("rooms.get", { room: "user:ops", as })).id).toBe(direct.id);
    const all = await world.call("rooms.list", { as });
    expect(all.items.map(({ id }) => id)).toEqual(expect.arrayContaining([made.id, direct.id]));
  });

  test("bots stand among the members, and reactions name who reacted", async () => {
    const { world, room, cloud, alice } = await open();
    const { items } = await world.call("members.list", { room: room.token, as: "helper" });
    expect(items.find(({ bot }) => bot === "helper")).toMatchObject({ role: "bot", membership: "joined" });
    const message = String(await cloud.say(room, alice, "like me"));
    await world.call("reactions.add", { room: room.token, message, as: "helper", emoji: "👀" });
    await world.call("reactions.add", { room: room.token, message, as, emoji: "👀" });
    const seen = await world.call("reactions.list", { room: room.token, message, as: "helper" });
    const { nativeId } = await world.call("bots.get", { bot: "helper" });
    expect(seen.items).toEqual([{ emoji: "👀", users: [nativeId, "users/alice"] }]);
  });

  test("a file goes into that person's files and is shared; one that is there is not touched", async () => {
    const { world, room, alice } = await open();
    const upload = () => ({
      name: "plan.txt",
      as,
      file: { body: streamOf(new TextEncoder().encode("ten bytes.")), type: "text/plain", size: 10 },
    });
    const file = await world.call("files.upload", upload());
    expect(file).toMatchObject({ id: "/plan.txt", name: "plan.txt" });
    expect(alice.files.get("/plan.txt")).toMatchObject({ size: 10, type: "text/plain" });
    await world.refused("conflict", "files.upload", upload());
    const sent = await world.call("messages.send", { room: room.token, as, text: "see this", files: [file] });
    expect(room.messages.at(-1)).toMatchObject({ id: Number(sent.message), message: "see this" });
    await world.refused("unsupported_param", "messages.send", {
      room: room.token,
      as: "helper",
      text: "no",
      files: [file],
    });
  });
});

describe("what half succeeded is said, and not begun anew", () => {
  test("a room whose guests or topic were refused is there, once", async () => {
    const { world, cloud } = await open();
    const rooms = (): number => [...cloud.world.rooms.values()].filter(({ name }) => name === "Plans").length;
    const refuse = (path: RegExp): void => void cloud.world.faults.push({ kind: "status", path, status: 403 });
    refuse(/\/participants$/);
    const refusal = await world.refused("forbidden", "rooms.create", { name: "Plans", invite: ["users/ops"], as });
    expect(refusal.effect).toBe("applied");
    expect(refusal.message).toMatch(/^the room was made as [a-z0-9]+, but users\/ops is not in it: /);
    expect(rooms()).toBe(1);
    refuse(/\/description$/);
    const second = await world.refused("forbidden", "rooms.create", { name: "Plans", topic: "what next", as });
    expect(second).toMatchObject({
      effect: "applied",
      message: expect.stringMatching(/but it is without its topic: /) as string,
    });
    expect(rooms()).toBe(2);
    const [made] = [...cloud.world.rooms.values()].filter(({ name }) => name === "Plans");
    refuse(/\/description$/);
    const change = { room: made?.token ?? "", name: "Plans 3", topic: "x", as };
    expect(await world.refused("forbidden", "rooms.update", change)).toMatchObject({ effect: "applied" });
    expect(made?.name).toBe("Plans 3");
  });

  test("of two files the first is not shared again because the second was refused", async () => {
    const { world, cloud, room } = await open();
    const files = [];
    for (const name of ["one.txt", "two.txt"]) {
      const file = { body: streamOf(new TextEncoder().encode("ten bytes.")), type: "text/plain", size: 10 };
      files.push(await world.call("files.upload", { name, as, file }));
    }
    let shares = 0;
    cloud.world.faults.push({
      kind: "status",
      path: { test: (path: string) => path.endsWith("/shares") && ++shares === 2 } as RegExp,
      status: 403,
    });
    const refusal = await world.refused("forbidden", "messages.send", { room: room.token, as, text: "see", files });
    expect(refusal).toMatchObject({
      effect: "applied",
      message: expect.stringMatching(/^1 of 2 files was shared: \/one\.txt; the rest was not: /) as string,
    });
    expect(shares).toBe(2);
  });
});

describe("the id of what a bot sent", () => {
  test("is found through an account's history", async () => {
    const { world, room } = await open();
    const sent = await world.call("messages.send", { room: room.token, as: "helper", text: "where am I?" });
    expect(sent.message).toBe(String(room.messages.at(-1)?.id));
    expect(room.messages.at(-1)?.referenceId).toMatch(/^botyard-[0-9A-Z]{26}$/);
  });

  test("is said to be unknown without one", async () => {
    const { world, room } = await open({});
    expect(await world.call("messages.send", { room: room.token, as: "helper", text: "hello" })).toMatchObject({
      status: "sent",
      message: null,
    });
  });

  test("settles a send whose answer was lost", async () => {
    const { world, room, texts } = await open();
    await world.drive.loseAnswer?.();
    const failure = await world.refused("unreachable", "messages.send", {
      room: room.token,
      as: "helper",
      text: "lost",
    });
    expect(failure.effect).toBe("unknown");
    const settled = await world.call("ledger.reconcile", { operation: failure.details.operation ?? "" });
    expect(settled).toMatchObject({
      state: "done",
      settledBy: "history",
      result: { message: String(room.messages.at(-1)?.id) },
    });
    expect((await texts()).filter((text) => text === "lost")).toHaveLength(1);
  });

  test("is not called absent because the server's clock is late", async () => {
    const late = 20 * 60_000;
    const { world, cloud, room } = await open({ reader: true, cloud: { now: () => Date.now() - late } });
    await world.drive.loseAnswer?.();
    const failure = await world.refused("unreachable", "messages.send", {
      room: room.token,
      as: "helper",
      text: "late",
    });
    const settled = await world.call("ledger.reconcile", { operation: failure.details.operation ?? "" });
    expect(settled).toMatchObject({ state: "done", result: { message: String(room.messages.at(-1)?.id) } });
    expect(cloud.world.now()).toBeLessThan(Date.now() - late / 2);
  });

  test("a 400 after a message that was stored is a success", async () => {
    const { world, cloud, room, texts } = await open();
    cloud.world.faults.push({ kind: "done-but", path: /\/message$/, status: 400 });
    const sent = await world.call("messages.send", { room: room.token, as: "helper", text: "stored all the same" });
    expect(sent.message).not.toBeNull();
    expect(await texts()).toContain("stored all the same");
  });

  test("a 400 that nobody can look at stays unknown", async () => {
    const { world, room } = await open({});
    const refusal = await world.refused("invalid", "messages.send", {
      room: room.token,
      as: "helper",
      text: "x",
      replyTo: "99999",
    });
    expect(refusal.effect).toBe("unknown");
  });

  test("a failure of the server is not repeated", async () => {
    const { world, cloud, room, texts } = await open();
    cloud.world.faults.push({ kind: "done-but", path: /\/message$/, status: 500 });
    const refusal = await world.refused("upstream", "messages.send", { room: room.token, as: "helper", text: "once" });
    expect(refusal.effect).toBe("unknown");
    expect((await texts()).filter((text) => text === "once")).toHaveLength(1);
  });
});

describe("what was missed while we were away", () => {
  /** A webhook that reached nobody, and the connection opened anew. */
  const restart = async ({ world, cloud, room, alice }: Talk, text: string): Promise<void> => {
    cloud.world.faults.push({ kind: "lose-webhook", path: /./ });
    await cloud.say(room, alice, text);
    await world.call("connections.update", {});
  };
  const gaps = async ({ world }: Talk) => (await world.call("gaps.list", {})).items;

  test("is found in an account's history, once, and the gap is filled", async () => {
    const now = await open();
    const { world, cloud, room, alice } = now;
    expect((await world.call("connections.get", {})).continuity).toBe("observed");
    await cloud.say(room, alice, "heard");
    const from = (await world.call("events.list", { from: "now" })).cursor;
    await restart(now, "missed @ops");
    await expect.poll(async () => (await gaps(now)).map(({ state }) => state)).toEqual(["filled"]);
    const { items } = await world.call("events.list", { from, type: ["message.created"] });
    const messages = items.filter(({ type }) => type === "message.created");
    expect(messages).toMatchObject([{ content: { text: "missed @ops" }, backfilled: true, bots: ["helper"] }]);
    expect((await gaps(now))[0]).toMatchObject({ certainty: "proven", messages: 1 });
    await cloud.say(room, alice, "heard again");
    expect((await world.call("events.list", { from, type: ["message.created"] })).items.at(-1)?.content?.text).toBe(
      "heard again",
    );
  });

  test("cannot be found without one: unprovable is said, and a possible gap is kept", async () => {
    const now = await open({});
    expect((await now.world.call("connections.get", {})).continuity).toBe("unprovable");
    await restart(now, "missed");
    await expect.poll(async () => (await gaps(now)).map(({ state }) => state)).toEqual(["lost"]);
    const [gap] = await gaps(now);
    expect(gap).toMatchObject({ certainty: "possible", messages: 0 });
    expect(gap?.reason).toContain("no person's account");
  });
});

test("without an account in the settings those operations are not offered, and say why", async () => {
  const { world, room } = await open({});
  expect(await world.capability("messages.list")).toMatchObject({
    support: "none",
    reason: "no-account",
    remedy: "botyard connections update talk -o accounts=<name>",
  });
  await world.refused("unsupported", "messages.list", { room: room.token, as: "helper" });
});

test("any OCS call, as an account or signed by a bot", async () => {
  const { world, room } = await open();
  const read = await world.invoke("talk.request", {
    method: "GET",
    path: `/apps/spreed/api/v4/room/${room.token}`,
    as,
  });
  expect(read.value).toMatchObject({ status: 200, data: { token: room.token } });
  const path = `/apps/spreed/api/v1/bot/${room.token}/message`;
  const spoken = await world.invoke("talk.request", {
    method: "POST",
    path,
    body: { message: "raw" },
    sign: "raw",
    as: "helper",
  });
  expect(spoken.value).toMatchObject({ status: 201, data: null });
  await world.refused("invalid", "talk.request", { method: "POST", path, body: { message: "raw" }, as: "helper" });
});
