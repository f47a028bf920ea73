import { describe, expect, test } from "vitest";
import type { BotTarget, OpenEffect } from "@botyard/sdk";
import { bitsOf } from "../src/rules.ts";
import { put } from "../src/simulator/messages.ts";
import { firstIdAt } from "../src/ulid.ts";
import { call, open, refused, run, type Opened } from "./session.ts";

const home = { connection: "home" } as const;
const { signal } = new AbortController();

async function ready(): Promise<
  Opened & {
    readonly helper: BotTarget;
    send(text: string, more?: object, made?: ReturnType<typeof call>): Promise<{ message: string | null }>;
  }
> {
  const opened = await open();
  const helper = await opened.bot("helper");
  return {
    ...opened,
    helper,
    send: (text, more = {}, made) =>
      run(
        opened.session.operations["messages.send"],
        { ...home, room: opened.channel._id, as: "helper", text, ...more },
        made ?? call({ as: helper }),
      ),
  };
}

const texts = ({ sim, channel }: Opened): (string | undefined)[] =>
  sim.world.messages.get(channel._id)?.map(({ content }) => content) ?? [];

describe("what a message carries", () => {
  test("replies, files, embeds, masquerade, interactions, mentions", async () => {
    const { send, sim, channel, alice, session, helper, server } = await ready();
    server.default_permissions += bitsOf(["Masquerade", "ManageRole"]);
    const asked = put(sim.world, channel, alice.id, { content: "question" });
    const file = { body: new Blob(["hello"]).stream(), type: "text/plain", size: 5 };
    const kept = await run(
      session.operations["files.upload"],
      { ...home, as: "helper", name: "note.txt", file },
      call({ as: helper }),
    );
    const { message } = await send("hi @alice", {
      replyTo: asked._id,
      mentions: [{ kind: "user", id: alice.id, offset: 3, length: 6 }],
      files: [kept],
      options: {
        mention: true,
        embeds: [{ title: "Build", description: "**passed**", iconUrl: "https://ci.example/i.png" }],
        masquerade: { name: "Mask", colour: "red" },
        interactions: { reactions: ["👍"], restrict: true },
        flags: 2,
      },
    });
    const sent = sim.world.messages.get(channel._id)?.find(({ _id }) => _id === message);
    expect(sent).toMatchObject({
      content: `hi <@${alice.id}>`,
      replies: [asked._id],
      mentions: [alice.id],
      embeds: [{ type: "Text", title: "Build", icon_url: "https://ci.example/i.png" }],
      masquerade: { name: "Mask", colour: "red" },
      interactions: { reactions: ["👍"], restrict_reactions: true },
      flags: 2,
    });
    expect(sent?.attachments[0]).toMatchObject({ filename: "note.txt" });
    const back = await run(
      session.operations["messages.get"],
      { ...home, room: channel._id, message: message ?? "", as: "helper" },
      call({ as: helper }),
    );
    expect(back.content.mentions).toEqual([{ kind: "user", id: alice.id, offset: 3, length: 29 }]);
    expect(back).toMatchObject({ replyTo: asked._id, content: { files: [{ id: kept.id, name: "note.txt" }] } });
  });

  test("bytes count, with the embeds' descriptions, and nothing is sent that is too long", async () => {
    const opened = await ready();
    await opened.send("é".repeat(1000));
    const before = opened.requests.length;
    expect((await refused(opened.send("é".repeat(1001)))).code).toBe("too_large");
    expect(
      (await refused(opened.send("x".repeat(1500), { options: { embeds: [{ description: "y".repeat(501) }] } }))).code,
    ).toBe("too_large");
    expect((await refused(opened.send(""))).code).toBe("invalid");
    const files = Array.from({ length: 6 }, (_, index) => ({ id: `f${index}`, name: null }));
    expect((await refused(opened.send("x", { files }))).code).toBe("invalid");
    expect((await refused(opened.send("x", { format: "html" }))).code).toBe("unsupported_param");
    expect(opened.requests.length).toBe(before);
  });

  test("what the server does not allow is named", async () => {
    const { send, channel, sim } = await ready();
    const error = await refused(send("x", { options: { masquerade: { name: "Mask" } } }));
    expect(error).toMatchObject({
      code: "forbidden",
      effect: "none",
      message: expect.stringContaining("Masquerade") as string,
    });
    channel.slowmode = 30;
    await send("one");
    expect(await refused(send("two"))).toMatchObject({ code: "rate_limited", details: { retryAfterMs: 30_000 } });
    expect(sim.world.messages.get(channel._id)?.at(-1)?.content).toBe("one");
  });
});

describe("keys of sends", () => {
  test("each attempt has its own: a refused one has burnt its key", async () => {
    const opened = await ready();
    const effectId = "01KB0000000000000000000099";
    opened.sim.fault({
      kind: "answer",
      status: 502,
      body: "<html>bad gateway</html>",
      fits: ({ method }) => method === "POST",
    });
    const lost = await refused(opened.send("hello", {}, call({ as: opened.helper, effectId, attempt: 1 })));
    expect(lost).toMatchObject({ code: "upstream", effect: "unknown" });
    await opened.send("hello", {}, call({ as: opened.helper, effectId, attempt: 2 }));
    expect(opened.sim.world.messages.get(opened.channel._id)?.at(-1)?.nonce).toBe(`${effectId}-2`);
  });

  test("the same request delivered twice is one message, and its id is answered", async () => {
    const opened = await ready();
    opened.sim.fault({ kind: "twice", fits: ({ method, url }) => method === "POST" && url.endsWith("/messages") });
    const { message } = await opened.send("once");
    expect(texts(opened).filter((text) => text === "once")).toHaveLength(1);
    expect(message).toBe(opened.sim.world.messages.get(opened.channel._id)?.at(-1)?._id);
  });

  test("a key that was burnt without a message leads to another attempt", async () => {
    const opened = await ready();
    const effectId = "01KB0000000000000000000098";
    opened.sim.world.keys.add(`${effectId}-1`);
    const error = await refused(opened.send("x", {}, call({ as: opened.helper, effectId })));
    expect(error).toMatchObject({ code: "upstream", effect: "none", details: { retryAfterMs: 100 } });
  });

  test("a burnt key where history may not be read stays unknown", async () => {
    const opened = await ready();
    const effectId = "01KB0000000000000000000097";
    opened.sim.world.keys.add(`${effectId}-1`);
    opened.channel.default_permissions = { a: 0, d: bitsOf(["ReadMessageHistory"]) };
    expect(await refused(opened.send("x", {}, call({ as: opened.helper, effectId })))).toMatchObject({
      effect: "unknown",
    });
  });

  test("what became of a lost send is found by its nonce, whichever attempt it was", async () => {
    const opened = await ready();
    const { session, helper, channel, sim } = opened;
    const effectId = "01KB0000000000000000000096";
    const effect: OpenEffect = {
      id: "op_1",
      operation: "messages.send",
      effectId,
      attempts: 2,
      room: channel._id,
      as: { kind: "bot", id: helper.nativeId ?? "", handle: "helper", credential: null },
      startedAt: new Date().toISOString(),
    };
    expect(await session.reconcile?.(effect, signal)).toMatchObject({ state: "unknown" });
    const old = { ...effect, startedAt: new Date(Date.now() - 20_000).toISOString() };
    expect(await session.reconcile?.(old, signal)).toMatchObject({ state: "failed" });
    const sent = put(sim.world, channel, helper.nativeId ?? "", { content: "there" }, `${effectId}-2`);
    for (let other = 0; other < 150; other++) put(sim.world, channel, helper.nativeId ?? "", { content: "later" });
    expect(await session.reconcile?.(old, signal)).toMatchObject({ state: "done", answer: { message: sent._id } });
    channel.default_permissions = { a: 0, d: bitsOf(["ReadMessageHistory"]) };
    expect(await session.reconcile?.(old, signal)).toMatchObject({ state: "unknown" });
  });
});

describe("the rest of a channel", () => {
  test("edit, pins, reactions, bulk deletion, presence, typing", async () => {
    const opened = await ready();
    const { session, helper, channel, sim, alice, server } = opened;
    server.default_permissions += bitsOf(["ManageMessages"]);
    const place = { ...home, room: channel._id, as: "helper" };
    const as = (): ReturnType<typeof call> => call({ as: helper });
    const { operations } = session;
    const ids: string[] = [];
    for (const text of ["a", "b", "c"]) ids.push((await opened.send(text)).message ?? "");
    const [first = "", second = ""] = ids;
    expect((await run(operations["messages.update"], { ...place, message: first, text: "a2" }, as())).editedAt).toMatch(
      /Z$/,
    );
    const foreign = put(sim.world, channel, alice.id, { content: "hers" })._id;
    expect(
      (await refused(run(operations["messages.update"], { ...place, message: foreign, text: "x" }, as()))).code,
    ).toBe("forbidden");
    expect(await run(operations["messages.pin"], { ...place, message: first }, as())).toMatchObject({ pinned: true });
    expect(await run(operations["messages.pin"], { ...place, message: first }, as())).toMatchObject({ pinned: false });
    const pins = await run(operations["messages.list-pins"], place, as());
    expect(pins.items.map(({ id }) => id)).toEqual([first]);
    expect(await run(operations["messages.unpin"], { ...place, message: first }, as())).toMatchObject({
      unpinned: true,
    });
    expect(await run(operations["messages.unpin"], { ...place, message: first }, as())).toMatchObject({
      unpinned: false,
    });
    const heart = { ...place, message: first, emoji: "❤️" };
    expect(await run(operations["reactions.add"], heart, as())).toEqual({ emoji: "❤️", added: true });
    expect(await run(operations["reactions.add"], heart, as())).toEqual({ emoji: "❤️", added: false });
    expect(
      (await refused(run(operations["reactions.add"], { ...place, message: first, emoji: "thumbsup" }, as()))).code,
    ).toBe("invalid");
    expect((await run(operations["reactions.list"], { ...place, message: first }, as())).items).toEqual([
      { emoji: "❤️", users: [helper.nativeId] },
    ]);
    expect((await run(operations["reactions.remove"], { ...place, message: first, emoji: "👍" }, as())).removed).toBe(
      false,
    );
    await run(operations["stoat.clear-reactions"], { ...place, message: first }, as());
    expect((await run(operations["reactions.list"], { ...place, message: first }, as())).items).toEqual([]);
    expect(await run(operations["stoat.bulk-delete"], { ...place, messages: [first, second] }, as())).toEqual({
      deleted: 2,
    });
    expect(texts(opened)).toEqual(["c", "hers"]);
    expect(
      await run(operations["presence.set"], { ...home, as: "helper", presence: "busy", text: "building" }, as()),
    ).toEqual({ presence: "busy", text: "building" });
    expect(
      (await run(operations["presence.get"], { ...home, user: helper.nativeId ?? "", as: "helper" }, as())).presence,
    ).toBe("offline");
    expect(await run(operations["typing.set"], place, as())).toEqual({ typing: true });
  });

  test("what the server would refuse as a whole, or without a reason, is refused before", async () => {
    const { session, bot, channel, requests } = await open();
    const helper = await bot("helper");
    const before = requests.length;
    const old = firstIdAt(Date.now() - 8 * 86_400_000);
    const bulk = run(
      session.operations["stoat.bulk-delete"],
      { ...home, room: channel._id, as: "helper", messages: [firstIdAt(Date.now()), old] },
      call({ as: helper }),
    );
    expect(await refused(bulk)).toMatchObject({ code: "invalid", details: { issues: [{ path: "messages.1" }] } });
    const body = new Blob([]).stream();
    const empty = run(
      session.operations["files.upload"],
      { ...home, as: "helper", name: "empty.txt", file: { body, type: "text/plain", size: 0 } },
      call({ as: helper }),
    );
    expect(await refused(empty)).toMatchObject({ code: "invalid", details: { issues: [{ path: "file" }] } });
    expect(requests).toHaveLength(before);
  });

  test("history goes on where the page before ended, newest first", async () => {
    const { session, helper, channel, sim, alice } = await ready();
    for (let number = 0; number < 250; number++) put(sim.world, channel, alice.id, { content: String(number) });
    const seen: string[] = [];
    for (let cursor: string | undefined; ;) {
      const input = {
        ...home,
        room: channel._id,
        as: "helper",
        limit: 500,
        ...(cursor === undefined ? {} : { cursor }),
      };
      const page = await run(session.operations["messages.list"], input, call({ as: helper }));
      seen.push(...page.items.map(({ content }) => content.text));
      expect(page.items.every(({ sender }) => sender.name === "alice")).toBe(true);
      cursor = page.next;
      if (cursor === undefined) break;
    }
    expect(seen).toEqual(Array.from({ length: 250 }, (_, index) => String(249 - index)));
  });

  test("members: kick, ban and unban in the server of a channel, with a reason the audit log can carry", async () => {
    const { session, channel, server, alice } = await ready();
    const place = { ...home, room: channel._id, user: alice.id };
    const { operations } = session;
    expect((await refused(run(operations["members.kick"], { ...place, reason: "ärger" }, call()))).code).toBe(
      "invalid",
    );
    expect(await run(operations["members.kick"], { ...place, reason: "enough" }, call())).toMatchObject({
      membership: "kicked",
    });
    expect(server.members.has(alice.id)).toBe(false);
    expect(await run(operations["members.ban"], { ...place, reason: "test" }, call())).toMatchObject({
      membership: "banned",
    });
    expect(server.bans.has(alice.id)).toBe(true);
    await run(operations["members.unban"], place, call());
    expect(server.bans.has(alice.id)).toBe(false);
  });

  test("roles and permissions, also those beyond 32 bits", async () => {
    const { session, helper, server, channel } = await ready();
    const { operations } = session;
    const role = await run(operations["stoat.create-role"], { ...home, room: server._id, name: "bots" }, call());
    const allow = ["ManageMessages", "MentionEveryone", "ViewAuditLogs"] as const;
    await run(
      operations["stoat.set-permissions"],
      { ...home, room: server._id, role: role.id, allow: [...allow] },
      call(),
    );
    expect(server.roles.get(role.id)?.permissions.a).toBe(2 ** 23 + 2 ** 37 + 2 ** 40);
    const shown = await run(operations["stoat.get-permissions"], { ...home, room: channel._id }, call());
    expect(shown.roles).toEqual([{ id: role.id, name: "bots", allow: [...allow], deny: [], bot: null }]);
    expect(shown.everybody).toContain("SendMessage");
    const until = "2030-01-01T00:00:00.000Z";
    const input = {
      ...home,
      room: server._id,
      user: helper.nativeId ?? "",
      roles: [role.id],
      nickname: "Helper (bot)",
      timeoutUntil: until,
    };
    const member = await run(operations["stoat.set-member"], input, call());
    expect(member).toMatchObject({ nickname: "Helper (bot)", roles: [role.id], timeoutUntil: until });
    const cleared = await run(
      operations["stoat.set-member"],
      { ...home, room: server._id, user: helper.nativeId ?? "", timeoutUntil: null },
      call(),
    );
    expect(cleared.timeoutUntil).toBeNull();
    expect(await run(operations["stoat.set-slowmode"], { ...home, room: channel._id, seconds: 5 }, call())).toEqual({
      seconds: 5,
    });
    expect((await run(operations["stoat.create-invite"], { ...home, room: channel._id }, call())).code).toHaveLength(8);
  });
});
