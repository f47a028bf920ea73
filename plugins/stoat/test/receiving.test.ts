import { describe, expect, test } from "vitest";
import { bitsOf } from "../src/rules.ts";
import { drop, put, tellUpdate } from "../src/simulator/messages.ts";
import { makeChannel } from "../src/simulator/servers.ts";
import { channelJson } from "../src/simulator/shapes.ts";
import { gapFrom, home, ofType, receive, running } from "./running.ts";
import { call, open, refused, run } from "./session.ts";

describe("frames become events", () => {
  test("a message, its edit, its reactions, its deletion", async () => {
    const { sim, host, channel, alice, helper, stop } = await running();
    const said = put(sim.world, channel, alice.id, { content: `hi <@${helper.nativeId ?? ""}>` });
    const created = await host.event(ofType("message.created"));
    expect(created).toMatchObject({
      key: { kind: "message", id: said._id },
      room: { id: channel._id, kind: "channel", handle: "community:general", name: "General" },
      actor: { id: alice.id, kind: "user", handle: "alice" },
      content: {
        text: said.content,
        format: "markdown",
        plain: "hi @helper",
        mentions: [{ kind: "user", id: helper.nativeId }],
      },
    });
    said.content = "changed";
    tellUpdate(sim.world, channel, said, { content: "changed", edited: "2026-11-20T09:40:39.460Z", embeds: [] });
    expect(await host.event(ofType("message.updated"))).toMatchObject({
      key: { kind: "message", id: said._id, revision: "2026-11-20T09:40:39.460Z" },
      actor: { id: alice.id },
      content: { text: "changed" },
    });
    tellUpdate(sim.world, channel, said, { pinned: true });
    sim.world.sent.emit([helper.nativeId ?? ""], {
      type: "MessageReact",
      id: said._id,
      channel_id: channel._id,
      user_id: alice.id,
      emoji_id: "👍",
    });
    expect(await host.event(ofType("reaction.added"))).toMatchObject({
      key: null,
      reaction: { emoji: "👍" },
      actor: { id: alice.id, kind: "user" },
    });
    drop(sim.world, channel, [said._id]);
    sim.world.sent.emit([helper.nativeId ?? ""], {
      type: "BulkMessageDelete",
      channel: channel._id,
      ids: [said._id, "x"],
    });
    await host.event(({ key }) => key?.id === "x");
    expect(host.events.filter(ofType("message.updated"))).toHaveLength(1);
    expect(host.events.filter(ofType("message.deleted"))).toHaveLength(2);
    await stop();
  });

  test("who is answered is known: seen before, or told by the server", async () => {
    const { sim, host, channel, alice, helper, stop } = await running();
    const own = put(sim.world, channel, helper.nativeId ?? "", { content: "question" });
    put(sim.world, channel, alice.id, { content: "answer", replies: [{ id: own._id, mention: false }] });
    expect(await host.event(({ content }) => content?.text === "answer")).toMatchObject({
      repliesTo: helper.nativeId,
      message: { replyTo: own._id },
    });
    await stop();
  });

  test("our own send is known by its nonce", async () => {
    const { session, host, channel, helper, stop } = await running();
    const made = call({ as: helper });
    await run(session.operations["messages.send"], { ...home, room: channel._id, as: "helper", text: "mine" }, made);
    expect(await host.event(({ content }) => content?.text === "mine")).toMatchObject({ effectId: made.effectId });
    await stop();
  });

  test("bulk frames are unwrapped, however deep; unknown kinds are kept; broken ones too", async () => {
    const { sim, host, channel, alice, helper, stop } = await running();
    const message = {
      type: "Message",
      _id: sim.world.id(),
      channel: channel._id,
      author: alice.id,
      content: "in bulk",
    };
    const odd = {
      type: "Novelty",
      channel: channel._id,
      token: "secret-token",
      nested: { client_secret: "x", fine: 1 },
    };
    sim.gateway.inject(
      helper.nativeId ?? "",
      JSON.stringify({ type: "Bulk", v: [{ type: "Bulk", v: [message] }, odd, 7, null] }),
    );
    sim.gateway.inject(helper.nativeId ?? "", "no json");
    sim.gateway.inject(helper.nativeId ?? "", "[]");
    sim.gateway.inject(helper.nativeId ?? "", JSON.stringify({ type: "Message", content: "without an id" }));
    put(sim.world, channel, alice.id, { content: "x".repeat(200_000) });
    await host.event(({ content }) => content?.text.length === 200_000);
    expect(host.events.some(({ content }) => content?.text === "in bulk")).toBe(true);
    const kept = host.events.filter(ofType("platform.unknown")).map(({ native }) => native);
    expect(kept).toContainEqual({ type: "Novelty", data: { channel: channel._id, nested: { fine: 1 } } });
    expect(kept.filter((native) => native?.["type"] === "malformed")).toHaveLength(2);
    expect(JSON.stringify(kept)).not.toContain("secret-token");
    await stop();
  });

  test("a channel that is made, hidden, shown again and deleted: four different things", async () => {
    const { sim, host, server, owner, helper, stop, session } = await running();
    const { _id: id } = await run(
      session.operations["rooms.create"],
      { ...home, name: "new", parent: server._id },
      call(),
    ).then(({ id }) => ({ _id: id }));
    expect(await host.event(({ type, room }) => type === "room.created" && room?.id === id)).toMatchObject({
      room: { name: "new" },
    });
    const setDefault = (deny: readonly "ViewChannel"[]): Promise<unknown> =>
      run(session.operations["stoat.set-permissions"], { ...home, room: id, deny: [...deny] }, call());
    await setDefault(["ViewChannel"]);
    expect(await host.event(({ native }) => native?.["meaning"] === "hidden")).toMatchObject({
      type: "room.updated",
      bots: ["helper"],
      room: { id },
    });
    await setDefault([]);
    expect(await host.event(({ native }) => native?.["meaning"] === "visible")).toMatchObject({
      type: "room.updated",
      room: { id },
    });
    await sim.fetch(
      new Request(`https://stoat.test/channels/${id}`, {
        method: "DELETE",
        headers: { "x-session-token": owner.token },
      }),
    );
    expect(await host.event(ofType("room.deleted"))).toMatchObject({ key: { kind: "room", id, revision: "deleted" } });
    expect(host.events.filter(ofType("room.created"))).toHaveLength(1);
    expect(helper.nativeId).not.toBeNull();
    await stop();
  });

  test("joining and leaving: the same fact has the same key on every socket and in Ready", async () => {
    const { sim, host, server, helper, stop, bot } = await running();
    const joined = host.events.filter(ofType("member.joined"));
    expect(joined).toHaveLength(1);
    expect(joined[0]?.key).toMatchObject({ kind: "member", id: `${server._id}/${helper.nativeId ?? ""}` });
    expect(host.intakes[0]?.via).toBe("backfill");
    const other = await bot("other");
    expect(await host.event(({ member }) => member?.user === other.nativeId)).toMatchObject({
      type: "member.joined",
      room: { id: server._id, kind: "space" },
    });
    await sim.fetch(
      new Request(`https://stoat.test/servers/${server._id}/members/${other.nativeId ?? ""}`, {
        method: "DELETE",
        headers: { "x-session-token": (await host.credentials.find({ kind: "owner-session" }))?.secret ?? "" },
      }),
    );
    expect(await host.event(ofType("member.kicked"))).toMatchObject({ member: { user: other.nativeId } });
    await stop();
  });
});

describe("the socket", () => {
  test("a login that stays without an answer ends; pings carry a number", async () => {
    const { session, helper, stop, sim } = await running();
    const call_ = { bot: helper, signal: new AbortController().signal, started: () => {} };
    await session.receive?.prove?.check(call_);
    sim.gateway.silence(helper.nativeId ?? "");
    const answered = await Promise.race([
      session.receive?.prove?.check(call_).then(() => true),
      new Promise((resolve) => setTimeout(() => resolve(false), 50)),
    ]);
    expect(answered).toBe(false);
    await stop();
  });

  test("our own echo that does not come shows a deaf socket", async () => {
    let ahead = 0;
    const { session, helper, channel, sim, stop, host } = await running();
    const { now } = host.clock;
    Object.assign(host.clock, { now: () => now() + ahead });
    const check = (): Promise<unknown> | undefined =>
      session.receive?.prove?.check({ bot: helper, signal: new AbortController().signal, started: () => {} });
    const send = (): Promise<unknown> =>
      run(
        session.operations["messages.send"],
        { ...home, room: channel._id, as: "helper", text: "x" },
        call({ as: helper }),
      );
    try {
      await send();
      ahead = 60_000;
      await check();
      sim.gateway.deafen(helper.nativeId ?? "");
      await send();
      ahead = 120_000;
      expect((await refused(check() ?? Promise.resolve())).message).toContain("no events");
    } finally {
      Object.assign(host.clock, { now });
      await stop();
    }
  });

  test("a cut is unreachable, a logout that we did not make is a refusal", async () => {
    const cut = await running();
    cut.sim.gateway.cut(cut.helper.nativeId ?? "");
    expect(await cut.ended).toMatchObject({ code: "unreachable" });
    const out = await running();
    const token = await out.token("helper");
    const bot = out.sim.world.bots.get(out.helper.nativeId ?? "");
    out.sim.world.sent.logout(token);
    if (bot) bot.token = "another";
    expect(await out.ended).toMatchObject({
      code: "unauthenticated",
      details: { fix: "botyard credentials issue home/helper" },
    });
  });

  test("a logout by our own rotation is none: the next run takes the new token", async () => {
    const { session, helper, ended } = await running();
    await run(session.operations["credentials.rotate"], { ...home, bot: "helper" }, call({ bot: helper }));
    expect(await ended).toMatchObject({ code: "unreachable" });
  });

  test("a bad token is refused by the gateway with a dropped connection", async () => {
    const opened = await open();
    const helper = await opened.bot("helper");
    opened.host.addCredential({ kind: "bot-token", secret: "nope", bot: "helper" });
    const { ended } = await receive(opened, helper);
    expect(await ended).toMatchObject({ code: "unauthenticated" });
  });
});

describe("gaps are filled from history", () => {
  test("more than a page, oldest first, each once, and only from the gap on", async () => {
    const opened = await running();
    const { sim, host, channel, alice, session, helper } = opened;
    put(sim.world, channel, alice.id, { content: "live" });
    await host.event(({ content }) => content?.text === "live");
    await opened.stop();
    const from = new Date().toISOString();
    for (let number = 0; number < 350; number++) put(sim.world, channel, alice.id, { content: `missed ${number}` });
    const again = await receive(opened, helper);
    const outcomes = await session.receive?.backfill?.(gapFrom(from, ["helper"]), new AbortController().signal);
    expect(outcomes).toEqual([{ room: channel._id, outcome: "filled", messages: 350 }]);
    const texts = host.events.flatMap(({ type, content }) => (type === "message.created" ? [content?.text ?? ""] : []));
    expect(texts).toEqual(["live", ...Array.from({ length: 350 }, (_, number) => `missed ${number}`)]);
    await again.stop();
  });

  test("a channel whose history may not be read is lost, the others are filled", async () => {
    const opened = await running();
    const { sim, server, channel, alice, session, helper } = opened;
    const staff = makeChannel(sim.world, server, "staff");
    staff.default_permissions = { a: 0, d: bitsOf(["ReadMessageHistory"]) };
    await opened.stop();
    const from = new Date().toISOString();
    put(sim.world, channel, alice.id, { content: "missed" });
    put(sim.world, staff, alice.id, { content: "lost" });
    const again = await receive(opened, helper);
    const outcomes = await session.receive?.backfill?.(gapFrom(from, ["helper"]), new AbortController().signal);
    expect(outcomes).toContainEqual({ room: channel._id, outcome: "filled", messages: 1 });
    expect(outcomes).toContainEqual(
      expect.objectContaining({
        room: staff._id,
        outcome: "lost",
        reason: expect.stringContaining("history") as string,
      }) as object,
    );
    await again.stop();
  });

  test("clocks that differ do not hide anything", async () => {
    const opened = await running({ now: () => Date.now() - 3_600_000 });
    const { sim, channel, alice, session, helper } = opened;
    await opened.stop();
    const from = new Date().toISOString();
    put(sim.world, channel, alice.id, { content: "by a clock that is an hour late" });
    const again = await receive(opened, helper);
    const outcomes = await session.receive?.backfill?.(gapFrom(from, ["helper"]), new AbortController().signal);
    expect(outcomes).toEqual([{ room: channel._id, outcome: "filled", messages: 1 }]);
    await again.stop();
  });

  test("a message that was edited in the gap is told with its edit; what Ready brings is no news", async () => {
    const opened = await running();
    const { sim, host, channel, alice, session, helper } = opened;
    await opened.stop();
    const from = new Date().toISOString();
    const said = put(sim.world, channel, alice.id, { content: "second text" });
    said.edited = new Date().toISOString();
    const again = await receive(opened, helper);
    await session.receive?.backfill?.(gapFrom(from, ["helper"]), new AbortController().signal);
    const types = host.events.filter(({ message }) => message?.id === said._id).map(({ type }) => type);
    expect(types).toEqual(["message.created", "message.updated"]);
    expect(host.events.filter(ofType("member.joined"))).toHaveLength(1);
    expect(channelJson(channel)["channel_type"]).toBe("TextChannel");
    await again.stop();
  });

  test("two hundred cuts: nothing lost, nothing doubled", async () => {
    const opened = await running();
    const { sim, host, channel, alice, session, helper } = opened;
    let ended = opened.ended;
    const said: string[] = [];
    const say = (text: string): void => {
      said.push(text);
      put(sim.world, channel, alice.id, { content: text });
    };
    for (let round = 0; round < 200; round++) {
      say(`live ${round}`);
      await host.event(({ content }) => content?.text === `live ${round}`);
      const from = new Date().toISOString();
      sim.gateway.cut();
      await ended;
      say(`away ${round}`);
      ({ ended } = await receive(opened, helper));
      say(`back ${round}`);
      const gap = gapFrom(from, ["helper"]);
      expect(await session.receive?.backfill?.(gap, new AbortController().signal)).toHaveLength(1);
      await host.event(({ content }) => content?.text === `back ${round}`);
    }
    const texts = host.events.flatMap(({ type, content }) => (type === "message.created" ? [content?.text ?? ""] : []));
    expect(texts.toSorted()).toEqual(said.toSorted());
  });

  test("what the socket before had put on disk is not read again", async () => {
    let ahead = 0;
    const opened = await running({ now: () => Date.now() + ahead });
    const { sim, host, channel, alice, session, helper } = opened;
    const { now } = host.clock;
    Object.assign(host.clock, { now: () => now() + ahead });
    for (let number = 0; number < 150; number++) put(sim.world, channel, alice.id, { content: `early ${number}` });
    ahead = 10_000;
    put(sim.world, channel, alice.id, { content: "last" });
    await host.event(({ content }) => content?.text === "last");
    await opened.stop();
    const again = await receive(opened, helper);
    const before = host.intakes.length;
    const from = new Date(now() + ahead).toISOString();
    put(sim.world, channel, alice.id, { content: "missed" });
    await host.event(({ content }) => content?.text === "missed");
    await session.receive?.backfill?.(gapFrom(from, ["helper"]), new AbortController().signal);
    const read = host.intakes.slice(before).filter(({ via }) => via === "backfill");
    expect(read.flatMap(({ events }) => events.map(({ content }) => content?.text))).toEqual(["last", "missed"]);
    Object.assign(host.clock, { now });
    await again.stop();
  });
});
