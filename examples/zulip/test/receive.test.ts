import { createFakeHost, createWorld, eventually, fakeBot, head } from "@botyard/testing";
import { expect, test } from "vitest";
import platform from "../src/index.ts";
import { addUser } from "../src/simulator/model.ts";
import { zulipPlace } from "./place.ts";

async function world() {
  const place = zulipPlace();
  const open = await createWorld({ platform, place });
  await open.call("bots.create", { handle: "helper" });
  await open.call("rooms.add-bot", { room: "general>lobby", bot: "helper" });
  const say = (text: string) => open.drive.say?.(place.room, text) ?? Promise.reject(new Error("no drive"));
  return { place, open, say, zulip: place.zulip };
}

const gapOf = async (open: Awaited<ReturnType<typeof world>>["open"]) => (await open.call("gaps.list", {})).items;

test("a queue that the server threw away is a gap, filled from history, each message once", async () => {
  const { open, say, zulip } = await world();
  try {
    const from = await head(open);
    await say("before");
    await eventually(open, from, ({ content }) => content?.text === "before");
    zulip.expireQueues();
    for (const text of ["one", "two", "three"]) await say(text);
    await eventually(open, from, ({ type }) => type === "gap.filled");
    expect(await gapOf(open)).toMatchObject([{ state: "filled", messages: 3 }]);
    await say("after");
    await eventually(open, from, ({ content }) => content?.text === "after");
    const { items } = await open.call("events.list", { from });
    const said = items.filter(({ type }) => type === "message.created");
    expect(said.map(({ content }) => content?.text)).toEqual(["before", "one", "two", "three", "after"]);
    expect(said.map(({ backfilled }) => backfilled)).toEqual([false, true, true, true, false]);
  } finally {
    await open.close();
  }
});

test("edits, deletions, reactions and typing come with their room and who did it", async () => {
  const { open, say, zulip, place } = await world();
  try {
    const bob = zulip.addPerson("Bob");
    for (const members of zulip.world.subscribers.values()) members.add(bob.user_id);
    const from = await head(open);
    const message = await say("look");
    await eventually(open, from, ({ content }) => content?.text === "look");
    const as = async (method: string, path: string, form: Record<string, string> = {}): Promise<void> => {
      const author = [...zulip.world.users.values()].find(({ full_name }) => full_name === "Alice");
      const headers = {
        authorization: `Basic ${btoa(`${author?.email}:${author?.key}`)}`,
        "content-type": "application/x-www-form-urlencoded",
      };
      const body = new URLSearchParams(form).toString();
      const answer = await zulip.fetch(
        new Request(`https://chat.example.org/api/v1${path}`, { method, headers, body }),
      );
      expect(answer.status).toBe(200);
    };
    const [stream = "", topic = ""] = place.room.split(":");
    await as("PATCH", `/messages/${message}`, { content: "looked" });
    await as("POST", `/messages/${message}/reactions`, { emoji_name: "tada", emoji_code: "1f389" });
    await as("POST", "/typing", { type: "stream", op: "start", stream_id: stream, topic });
    await as("DELETE", `/messages/${message}`);
    await eventually(open, from, ({ type }) => type === "message.deleted");
    const { items } = await open.call("events.list", { from });
    const seen = items.filter(({ message: about, type }) => about?.id === message || type === "typing");
    expect(seen.map(({ type }) => type)).toEqual([
      "message.created",
      "message.updated",
      "reaction.added",
      "typing",
      "message.deleted",
    ]);
    expect(seen.every(({ room }) => room?.id === place.room)).toBe(true);
    expect(seen[1]?.content?.text).toBe("looked");
    expect(seen[2]).toMatchObject({ reaction: { emoji: "🎉" }, actor: { kind: "user" } });
  } finally {
    await open.close();
  }
});

test("an event of a type nobody knows is stored, and what comes after it is not held up", async () => {
  const { open, say, zulip } = await world();
  try {
    const from = await head(open);
    await say("before");
    await eventually(open, from, ({ content }) => content?.text === "before");
    zulip.odd();
    await say("hello");
    await eventually(open, from, ({ content }) => content?.text === "hello");
    const { items } = await open.call("events.list", { from });
    expect(items.map(({ type }) => type)).toContain("platform.unknown");
  } finally {
    await open.close();
  }
});

test("too many requests are waited for, and nothing is sent twice", async () => {
  const { open, zulip, place } = await world();
  try {
    zulip.rateLimit(1);
    await open.call("messages.send", { room: place.room, as: "helper", text: "patience" });
    expect((await open.drive.transcript?.(place.room))?.filter((text) => text === "patience")).toHaveLength(1);
  } finally {
    await open.close();
  }
});

test("a poll that comes too often waits, and the queue goes on without a gap", async () => {
  const { open, say, zulip } = await world();
  try {
    const from = await head(open);
    await say("one");
    await eventually(open, from, ({ content }) => content?.text === "one");
    zulip.rateLimit(1);
    for (const text of ["two", "three"]) {
      await say(text);
      await eventually(open, from, ({ content }) => content?.text === text);
    }
    expect(zulip.world.faults.rateLimit).toBe(0);
    expect(await gapOf(open)).toEqual([]);
  } finally {
    await open.close();
  }
});

test("a lost answer is found by its text in history, where no queue gave the key back", async () => {
  const place = zulipPlace();
  const open = await createWorld({ platform, place, receive: false });
  try {
    await open.call("bots.create", { handle: "helper" });
    await open.call("rooms.add-bot", { room: place.room, bot: "helper" });
    place.zulip.loseAnswer();
    const error = await open.refused(["unreachable", "timeout"], "messages.send", {
      room: place.room,
      as: "helper",
      text: "lost",
    });
    expect(error.effect).toBe("unknown");
    const operation = error.details.operation ?? "";
    expect(await open.call("ledger.reconcile", { operation })).toMatchObject({ state: "done", settledBy: "history" });
  } finally {
    await open.close();
  }
});

test("of two messages with one text the queue tells which answer was lost", async () => {
  const { open, zulip, place } = await world();
  try {
    const message = { room: place.room, as: "helper", text: "done" } as const;
    const first = await open.call("messages.send", message);
    zulip.loseAnswer();
    const error = await open.refused(["unreachable", "timeout"], "messages.send", message);
    const operation = error.details.operation ?? "";
    const settled = async () => (await open.call("ledger.reconcile", { operation })).state;
    await expect.poll(settled, { timeout: 5_000 }).toBe("done");
    const { result } = await open.call("ledger.get", { operation });
    expect(result?.["message"]).not.toBe(first.message);
    expect((await open.drive.transcript?.(place.room))?.filter((text) => text === "done")).toHaveLength(2);
  } finally {
    await open.close();
  }
});

test("a queue goes on where the last commit stood", async () => {
  const place = zulipPlace();
  const { zulip } = place;
  const bot = addUser(zulip.world, { name: "Helper", email: "helper-bot@chat.example.org", owner: 1 });
  const general = [...zulip.world.streams.values()][0];
  zulip.world.subscribers.get(general?.stream_id ?? 0)?.add(bot.user_id);
  const host = createFakeHost({
    url: place.url ?? null,
    settings: { topic: "bots" },
    credentials: [
      { kind: "admin-key", secret: zulip.adminKey },
      { kind: "bot-key", bot: "helper", secret: `${bot.email}:${bot.key}` },
    ],
    bots: [fakeBot({ handle: "helper", nativeId: String(bot.user_id) })],
    fetch: zulip.fetch,
  });
  const session = await platform.open(host);
  const alice = [...zulip.world.users.values()].find(({ full_name }) => full_name === "Alice");
  if (!alice) throw new Error("there is no Alice");
  const to = { stream: general?.stream_id ?? 0, topic: "lobby" };
  const runs: string[] = [];
  const once = async (during: () => Promise<unknown>): Promise<void> => {
    const stop = new AbortController();
    const started = Promise.withResolvers<void>();
    const running = session.receive?.run?.({
      bot: fakeBot({ handle: "helper", nativeId: String(bot.user_id) }),
      signal: stop.signal,
      started({ from }) {
        runs.push(from);
        started.resolve();
      },
    });
    await started.promise;
    await during();
    stop.abort();
    zulip.cut();
    await running?.catch(() => {});
  };
  await once(async () => {
    zulip.say(alice, to, "live");
    await host.event(({ content }) => content?.text === "live");
  });
  zulip.say(alice, to, "meanwhile");
  await once(() => host.event(({ content }) => content?.text === "meanwhile"));
  expect(runs).toEqual(["fresh", "resumed"]);
  expect(host.events.map(({ content }) => content?.text)).toEqual(["live", "meanwhile"]);
});
