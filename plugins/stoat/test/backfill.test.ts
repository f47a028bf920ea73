import { describe, expect, test } from "vitest";
import { createFakeHost } from "@botyard/testing";
import { putHeard, readHeard } from "../src/heard.ts";
import platform from "../src/index.ts";
import { put } from "../src/simulator/index.ts";
import { drop } from "../src/simulator/messages.ts";
import type { SimMessage } from "../src/simulator/model.ts";
import { gapFrom, home, ofType, receive, running, type Running } from "./running.ts";
import { call, run } from "./session.ts";

/** A bot that has heard some messages, then misses what `meanwhile` does, and reads the history. */
async function missing(
  heard: readonly string[],
  meanwhile: (on: Running, said: readonly SimMessage[]) => void | Promise<void>,
  ahead = 60_000,
): Promise<Running & { readonly said: readonly SimMessage[]; again(): Promise<void> }> {
  let shift = 0;
  const on = await running({ now: () => Date.now() + shift });
  const { sim, host, channel, alice, helper, session } = on;
  const { now, sleep } = host.clock;
  Object.assign(host.clock, {
    now: () => now() + shift,
    // waits between two tries; the login's is longer
    sleep: (ms: number, signal?: AbortSignal) => (ms < 10_000 ? Promise.resolve() : sleep(ms, signal)),
  });
  const say = (content: string): SimMessage => put(sim.world, channel, alice.id, { content });
  const said = heard.slice(0, -1).map(say);
  // what is on disk is read again from some seconds before the last of it
  shift = 10_000;
  const last = heard.at(-1);
  if (last !== undefined) said.push(say(last));
  if (last !== undefined) await host.event(({ content }) => content?.text === last);
  shift += ahead;
  await on.stop();
  const from = new Date(host.clock.now()).toISOString();
  await meanwhile(on, said);
  shift += ahead;
  const { stop, ended } = await receive(on, helper);
  const again = async (): Promise<void> =>
    void (await session.receive?.backfill?.(gapFrom(from, ["helper"]), new AbortController().signal));
  await again();
  return { ...on, stop, ended, said, again };
}

const react = ({ reactions }: SimMessage, emoji: string, ...users: string[]): void =>
  void (users.length === 0 ? reactions.delete(emoji) : reactions.set(emoji, users));

describe("what a history shows of a gap", () => {
  test("an edit of a message that is older than the gap, once", async () => {
    const { host, said, stop, again } = await missing(["one", "two"], ({ sim }, [one]) => {
      if (!one) return;
      one.content = "one, changed";
      one.edited = new Date(sim.world.now()).toISOString();
    });
    await again();
    const edits = host.events.filter(ofType("message.updated"));
    expect(edits[0]).toMatchObject({
      key: { kind: "message", id: said[0]?._id, revision: said[0]?.edited },
      time: said[0]?.edited,
      content: { text: "one, changed" },
    });
    // The log makes one of two with the same key.
    expect(new Set(edits.map(({ key }) => JSON.stringify(key))).size).toBe(1);
    await stop();
  });

  test("an edit from before the gap is none of it", async () => {
    const { host, stop } = await missing(["one", "two"], (_, [one]) => {
      if (one) one.edited = "2020-01-01T00:00:00.000Z";
    });
    expect(host.events.filter(ofType("message.updated"))).toEqual([]);
    await stop();
  });

  test("a message that was heard and is not there any more has been deleted, and only that one", async () => {
    const { host, said, stop, again } = await missing(["one", "two", "three"], ({ sim, channel }, [, two]) =>
      drop(sim.world, channel, [two?._id ?? ""]),
    );
    await again();
    expect(host.events.filter(ofType("message.deleted"))).toMatchObject([
      {
        key: { kind: "message", id: said[1]?._id, revision: "deleted" },
        message: { id: said[1]?._id },
        native: { type: "MessageDelete", meaning: "history" },
      },
    ]);
    await stop();
  });

  test("reactions that came and went on messages that were heard, each once", async () => {
    const { host, sim, channel, helper, said, alice, stop, again } = await missing(
      ["one", "two"],
      ({ alice, owner }, [one]) => {
        if (one) react(one, "👍", alice.id, owner.id);
      },
    );
    await again();
    expect(
      host.events.filter(ofType("reaction.added")).map(({ actor, reaction }) => [actor?.id, reaction?.emoji]),
    ).toEqual([
      [alice.id, "👍"],
      [expect.any(String), "👍"],
    ]);
    // the frame of one of them was late, and is no second reaction
    const frame = { id: said[0]?._id, channel_id: channel._id, user_id: alice.id, emoji_id: "👍" };
    sim.world.sent.emit([helper.nativeId ?? ""], { type: "MessageReact", ...frame });
    if (said[0]) react(said[0], "👍");
    sim.world.sent.emit([helper.nativeId ?? ""], { type: "MessageUnreact", ...frame });
    await host.event(ofType("reaction.removed"));
    await again();
    expect(host.events.filter(ofType("reaction.added"))).toHaveLength(2);
    expect(host.events.filter(ofType("reaction.removed")).map(({ native }) => native)).toEqual([
      { type: "MessageUnreact" },
      { type: "MessageUnreact", meaning: "history" },
    ]);
    await stop();
  });

  test("reactions on a message that was written in the gap, after the message itself", async () => {
    const { host, stop, again } = await missing(["one"], ({ sim, channel, alice, owner }) => {
      react(put(sim.world, channel, alice.id, { content: "new" }), "❤️", owner.id);
      put(sim.world, channel, alice.id, { content: "newer" });
    });
    await again();
    const told = host.events.flatMap(({ type, content }) =>
      type === "platform.unknown" ? [] : [content?.text ?? type],
    );
    expect(told.slice(told.indexOf("new"), told.indexOf("newer") + 1)).toEqual(["new", "reaction.added", "newer"]);
    expect(host.events.filter(ofType("reaction.added"))).toHaveLength(1);
    await stop();
  });

  test("after a restart: no reaction is told again, and a frame that was late is told", async () => {
    const on = await missing(["one", "two"], () => {});
    const { host, sim, channel, alice, owner, helper, said } = on;
    await on.stop();
    const [, two] = said;
    if (!two) throw new Error("nothing was said");
    react(two, "👍", alice.id, owner.id);
    two.edited = new Date(sim.world.now()).toISOString();
    const session = await platform.open(host);
    const { stop } = await receive({ ...on, session }, helper);
    await session.receive?.backfill?.(
      gapFrom(new Date(sim.world.now()).toISOString(), ["helper"]),
      new AbortController().signal,
    );
    expect(host.events.filter(ofType("message.updated"))).toHaveLength(1);
    expect(host.events.filter(ofType("reaction.added"))).toEqual([]);
    const frame = { type: "MessageReact", id: two._id, channel_id: channel._id, user_id: alice.id, emoji_id: "👍" };
    for (let time = 0; time < 3; time++) sim.world.sent.emit([helper.nativeId ?? ""], frame);
    put(sim.world, channel, alice.id, { content: "end" });
    await host.event(({ content }) => content?.text === "end");
    expect(host.events.filter(ofType("reaction.added"))).toHaveLength(1);
    await stop();
  });

  test("a frame that came before the history was read is not told again by it", async () => {
    const { host, sim, channel, alice, helper, session, stop } = await running();
    await stop();
    const from = new Date().toISOString();
    const missed = put(sim.world, channel, alice.id, { content: "missed" });
    const again = await receive({ session }, helper);
    react(missed, "👍", alice.id);
    const frame = { id: missed._id, channel_id: channel._id, user_id: alice.id, emoji_id: "👍" };
    sim.world.sent.emit([helper.nativeId ?? ""], { type: "MessageReact", ...frame });
    await host.event(ofType("reaction.added"));
    await session.receive?.backfill?.(gapFrom(from, ["helper"]), new AbortController().signal);
    await host.event(({ content }) => content?.text === "missed");
    expect(host.events.filter(ofType("reaction.added"))).toHaveLength(1);
    await again.stop();
  });

  test("nothing is told of messages older than the page before the gap", async () => {
    const { host, said, stop } = await missing(
      Array.from({ length: 130 }, (_, number) => `early ${number}`),
      ({ sim, channel }, said) => drop(sim.world, channel, [said[0]?._id ?? "", said[129]?._id ?? ""]),
    );
    expect(host.events.filter(ofType("message.deleted")).map(({ message }) => message?.id)).toEqual([said[129]?._id]);
    await stop();
  });
});

describe("a history that cannot be read", () => {
  test.each([
    ["a proxy's failure", { kind: "answer", status: 502, body: "<html>bad gateway</html>" }],
    ["a limit", { kind: "answer", status: 429, body: '{"retry_after":5}', type: "application/json" }],
    ["a failure of the server", { kind: "answer", status: 500, body: "{}", type: "application/json" }],
  ] as const)("is asked for again: %s", async (_, fault) => {
    const { host, stop } = await missing(["one"], ({ sim, channel, alice }) => {
      put(sim.world, channel, alice.id, { content: "missed" });
      sim.fault({ ...fault, fits: ({ method, url }) => method === "GET" && url.includes("/messages?"), times: 2 });
    });
    expect(host.events.filter(({ content }) => content?.text === "missed")).toHaveLength(1);
    await stop();
  });
});

test("a socket that went deaf before anybody knew: read on from what is on disk, not from the gap", async () => {
  let shift = 0;
  const on = await running({ now: () => Date.now() + shift });
  const { sim, host, channel, alice, helper, session } = on;
  const { now } = host.clock;
  Object.assign(host.clock, { now: () => now() + shift });
  put(sim.world, channel, alice.id, { content: "heard" });
  await host.event(({ content }) => content?.text === "heard");
  sim.gateway.deafen(helper.nativeId ?? "");
  shift = 20_000;
  put(sim.world, channel, alice.id, { content: "while deaf" });
  shift = 240_000;
  await on.stop();
  const from = new Date(host.clock.now()).toISOString();
  const { stop } = await receive(on, helper);
  await session.receive?.backfill?.(gapFrom(from, ["helper"]), new AbortController().signal);
  expect(host.events.filter(({ content }) => content?.text === "while deaf")).toHaveLength(1);
  await stop();
});

test("what was said in a channel while the bot might not see it is no loss, and is not told later", async () => {
  let shift = 0;
  const on = await running({ now: () => Date.now() + shift });
  const { sim, host, channel, alice, owner, helper, session } = on;
  const { now } = host.clock;
  Object.assign(host.clock, { now: () => now() + shift });
  const look = async (deny: readonly "ViewChannel"[]): Promise<unknown> =>
    run(session.operations["stoat.set-permissions"], { ...home, room: channel._id, deny: [...deny] }, call({}));
  put(sim.world, channel, alice.id, { content: "seen" });
  await host.event(({ content }) => content?.text === "seen");
  await look(["ViewChannel"]);
  await host.event(({ native }) => native?.["meaning"] === "hidden");
  shift = 100_000;
  put(sim.world, channel, owner.id, { content: "hidden" });
  shift = 300_000;
  await look([]);
  await host.event(({ native }) => native?.["meaning"] === "visible");
  await on.stop();
  const from = new Date(host.clock.now()).toISOString();
  put(sim.world, channel, alice.id, { content: "missed" });
  const { stop } = await receive(on, helper);
  await session.receive?.backfill?.(gapFrom(from, ["helper"]), new AbortController().signal);
  const texts = host.events.flatMap(({ content }) => (content ? [content.text] : []));
  expect(texts).toContain("missed");
  expect(texts).not.toContain("hidden");
  await stop();
});

test("what a bot has heard is not what another of the same handle has", async () => {
  const host = createFakeHost({ id: "home", url: "https://stoat.test", settings: {} });
  const [first, second] = [
    { handle: "helper", nativeId: "A" },
    { handle: "helper", nativeId: "B" },
  ] as const;
  await host.store.put(
    putHeard(
      first,
      new Map([
        ["general", "m1"],
        ["staff", "m2"],
      ]),
      5,
    ),
  );
  await host.store.put(putHeard(first, new Map([["staff", null]]), 6));
  expect([...(await readHeard(host, first))]).toEqual([["general", { id: "m1", since: 5 }]]);
  expect((await readHeard(host, second)).size).toBe(0);
});

test("a proof says until when the socket certainly heard; a second login finds one that is deaf", async () => {
  let shift = 0;
  const { sim, host, channel, alice, helper, session, stop } = await running({ now: () => Date.now() + shift });
  const { now } = host.clock;
  Object.assign(host.clock, { now: () => now() + shift });
  const made = { bot: helper, signal: new AbortController().signal, started: () => {} };
  const until = async (): Promise<number> => {
    const proof = await session.receive?.prove?.check(made);
    return Date.parse((proof ?? {}).until ?? "");
  };
  try {
    const begun = host.clock.now();
    shift = 30_000;
    // a pong alone proves nothing
    expect(await until()).toBeLessThan(begun + 10_000);
    put(sim.world, channel, alice.id, { content: "heard" });
    await host.event(({ content }) => content?.text === "heard");
    expect(await until()).toBeGreaterThanOrEqual(begun + 30_000);
    shift = 200_000;
    for (let proof = 3; proof < 15; proof++) expect(await until()).toBeLessThan(begun + 40_000);
    // every 15th asks a second login
    expect(await until()).toBeGreaterThan(begun + 150_000);
    sim.gateway.deafen(helper.nativeId ?? "");
    put(sim.world, channel, alice.id, { content: "not heard" });
    shift = 300_000;
    for (let proof = 16; proof < 30; proof++) await until();
    await expect(until()).rejects.toMatchObject({ code: "unreachable" });
  } finally {
    Object.assign(host.clock, { now });
    await stop();
  }
});

test("typing and presence are told when they change, and never of the bot itself", async () => {
  const { sim, host, channel, alice, helper, session, stop } = await running();
  const own = helper.nativeId ?? "";
  const emit = (frame: Record<string, unknown>): void => sim.world.sent.emit([own], frame);
  for (let number = 0; number < 3; number++) emit({ type: "ChannelStartTyping", id: channel._id, user: alice.id });
  emit({ type: "ChannelStopTyping", id: channel._id, user: alice.id });
  emit({ type: "ChannelStopTyping", id: channel._id, user: alice.id });
  await run(session.operations["typing.set"], { ...home, room: channel._id, as: "helper" }, call({ as: helper }));
  emit({ type: "UserUpdate", id: alice.id, data: { online: true }, clear: [] });
  emit({ type: "UserUpdate", id: alice.id, data: { status: { text: "busy", presence: "Busy" } }, clear: [] });
  emit({ type: "UserUpdate", id: alice.id, data: {}, clear: ["StatusText", "Avatar"] });
  emit({ type: "UserUpdate", id: alice.id, data: { username: "alicia" }, clear: [] });
  emit({ type: "UserUpdate", id: own, data: { online: true }, clear: [] });
  put(sim.world, channel, alice.id, { content: "end" });
  await host.event(({ content }) => content?.text === "end");
  const told = host.events.filter(({ type }) => type === "typing" || type === "presence");
  expect(told.map(({ actor, native }) => [actor?.id, native])).toEqual([
    [alice.id, { type: "ChannelStartTyping", typing: true }],
    [alice.id, { type: "ChannelStopTyping", typing: false }],
    [alice.id, { type: "UserUpdate", online: true }],
    [alice.id, { type: "UserUpdate", presence: "Busy", status: "busy" }],
    [alice.id, { type: "UserUpdate", status: null }],
  ]);
  expect(told[0]?.room?.id).toBe(channel._id);
  await stop();
});
