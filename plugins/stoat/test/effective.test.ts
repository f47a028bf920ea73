import { describe, expect, test } from "vitest";
import { isBotyardError } from "@botyard/sdk";
import { permissionsOf } from "../src/effective.ts";
import { bitsOf } from "../src/rules.ts";
import { put } from "../src/simulator/index.ts";
import { home, running } from "./running.ts";
import { call, open, run } from "./session.ts";

describe("what holds for a bot in a channel", () => {
  test("nothing is missing where everybody may", async () => {
    const { session, bot } = await open({
      defaultPermissions: bitsOf(["ViewChannel", "ReadMessageHistory", "SendMessage", "React", "ManageMessages"]),
    });
    expect(await session.effective?.({ bot: await bot("helper"), room: "community:general" })).toEqual({});
  });

  test("what the server, the channel or a timeout takes away is named, with what mends it", async () => {
    const { session, bot, server, channel } = await open();
    const helper = await bot("helper");
    const here = async (): Promise<Record<string, unknown>> => ({
      ...(await session.effective?.({ bot: helper, room: channel._id })),
    });
    expect(await here()).toMatchObject({
      "messages.pin": {
        support: "none",
        detail: "The bot lacks ManageMessages here.",
        remedy: expect.stringContaining("ManageMessages") as string,
      },
    });
    expect(await here()).not.toHaveProperty(["messages.send"]);
    channel.default_permissions = { a: 0, d: bitsOf(["SendMessage", "ReadMessageHistory"]) };
    expect(await here()).toMatchObject({
      "messages.send": { remedy: `botyard stoat set-permissions home/${channel._id} --allow SendMessage` },
      "messages.list": { remedy: `botyard stoat set-permissions home/${channel._id} --allow ReadMessageHistory` },
      "messages.pin": {
        remedy: `botyard stoat set-permissions home/${server._id} --role <role> --allow ManageMessages`,
      },
    });
    channel.default_permissions = undefined;
    const member = server.members.get(helper.nativeId ?? "");
    if (member) member.timeout = new Date(Date.now() + 60_000).toISOString();
    expect(await here()).toMatchObject({
      "messages.send": {
        reason: "missing-permission",
        remedy: `botyard stoat set-member home/${server._id} ${helper.nativeId ?? ""} --clear timeout-until`,
      },
    });
    expect(await here()).not.toHaveProperty(["messages.list"]);
  });

  test("a channel that is hidden, a room that is none, a server it is not in", async () => {
    const { session, bot, server, channel } = await open();
    const helper = await bot("helper");
    const send = async (room: string): Promise<unknown> =>
      (await session.effective?.({ bot: helper, room }))?.["messages.send"];
    const outside = { support: "none", reason: "not-a-member" };
    channel.default_permissions = { a: 0, d: bitsOf(["ViewChannel"]) };
    expect(await send(channel._id)).toMatchObject(outside);
    channel.default_permissions = undefined;
    expect(await send("01JZZZZZZZZZZZZZZZZZZZZZZZ")).toMatchObject(outside);
    server.members.delete(helper.nativeId ?? "");
    expect(await send(channel._id)).toMatchObject(outside);
  });

  test("the more important of two roles counts last, in the channel as well", () => {
    const server = {
      _id: "s",
      owner: "o",
      name: "S",
      default_permissions: bitsOf(["ViewChannel"]),
      roles: {
        low: { name: "low", rank: 9, permissions: { a: 0, d: bitsOf(["SendMessage"]) } },
        high: { name: "high", rank: 1, permissions: { a: bitsOf(["SendMessage"]), d: 0 } },
      },
    };
    const member = { _id: { server: "s", user: "b" }, roles: ["high", "low"] };
    const channel = { channel_type: "TextChannel", _id: "c", server: "s" };
    expect([...permissionsOf(server, channel, member, 0)]).toEqual(["ViewChannel", "SendMessage"]);
    const ruled = {
      ...channel,
      role_permissions: { high: { a: 0, d: bitsOf(["SendMessage"]) }, low: { a: bitsOf(["SendMessage"]), d: 0 } },
    };
    expect([...permissionsOf(server, ruled, member, 0)]).toEqual(["ViewChannel"]);
    // beyond 32 bits, where a number's own operators lie
    const far = { ...server, roles: { far: { name: "far", permissions: { a: bitsOf(["BypassSlowmode"]), d: 0 } } } };
    expect([...permissionsOf(far, channel, { ...member, roles: ["far"] }, 0)]).toEqual([
      "ViewChannel",
      "BypassSlowmode",
    ]);
  });
});

describe("a frame that was kept", () => {
  test("is decoded again to the same keys; what was asked of the server then is left out", async () => {
    const { sim, host, session, channel, alice, helper, stop } = await running();
    const first = put(sim.world, channel, alice.id, { content: "one" });
    put(sim.world, channel, alice.id, { content: "two", replies: [{ id: first._id, mention: false }] });
    const emit = (frame: Record<string, unknown>): void => sim.world.sent.emit([helper.nativeId ?? ""], frame);
    emit({ type: "MessageDelete", id: first._id, channel: channel._id });
    emit({ type: "MessageReact", id: first._id, channel_id: channel._id, user_id: alice.id, emoji_id: "👍" });
    emit({ type: "ChannelDelete", id: channel._id });
    sim.gateway.inject(helper.nativeId ?? "", "no frame");
    await host.event(({ native }) => native?.["type"] === "malformed");
    const kept = host.intakes.filter(({ via }) => via === "frame");
    const decoded = [];
    for (const { via, bots, raw } of kept)
      decoded.push(
        ...((await session.receive?.decode?.({
          via,
          ...(bots ? { bots } : {}),
          raw: new TextEncoder().encode(String(raw)),
          receivedAt: "2026-11-20T10:00:00.000Z",
        })) ?? []),
      );
    const keys = kept.flatMap(({ events }) => events.flatMap(({ key }) => (key?.kind === "message" ? [key] : [])));
    expect(keys).toHaveLength(3);
    expect(decoded.map(({ key }) => key)).toEqual(keys);
    expect(decoded[1]).toMatchObject({ content: { text: "two" }, repliesTo: alice.id });
    await stop();
  });
});

describe("stoat.request", () => {
  test("answers whatever the status, as the bot and nobody else", async () => {
    const { session, bot, channel, requests } = await open();
    const helper = await bot("helper");
    const ask = session.operations["stoat.request"];
    const me = await run(ask, { ...home, as: "helper", method: "GET", path: "/users/@me" }, call({ as: helper }));
    expect(me).toMatchObject({ status: 200, body: { _id: helper.nativeId } });
    const sent = await run(
      ask,
      { ...home, as: "helper", method: "POST", path: `/channels/${channel._id}/messages`, content: { content: "" } },
      call({ as: helper }),
    );
    expect(sent).toMatchObject({ status: 422, body: { type: "EmptyMessage" } });
    const before = requests.length;
    const nobody = await run(ask, { ...home, method: "GET", path: "/bots/@me" }, call()).catch(
      (error: unknown) => error,
    );
    expect(isBotyardError(nobody) && nobody.code).toBe("invalid");
    expect(requests).toHaveLength(before);
  });
});
