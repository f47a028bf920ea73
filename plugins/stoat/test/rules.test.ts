import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { toError } from "../src/errors.ts";
import { extras } from "../src/extras.ts";
import { createPlaces } from "../src/places.ts";
import { headersFor, nobody } from "../src/request.ts";
import { makeServer } from "../src/simulator/servers.ts";
import { call, open, refused, run } from "./session.ts";

const home = { connection: "home" } as const;

describe("options that a server refuses are refused before", () => {
  const long = (length: number): string => "x".repeat(length);
  test.each([
    ["bots.create", { interactionsUrl: "" }],
    ["bots.create", { interactionsUrl: long(2049) }],
    ["bots.create", { discoverable: true }],
    ["bots.create", { oauth2: { redirectUris: [] } }],
    ["bots.create", { oauth2: { redirectUris: Array.from({ length: 11 }, () => "x") } }],
    ["bots.create", { oauth2: { allowedScopes: { nope: { allow: "a", deny: "b" } } } }],
    ["bots.create", { oauth2: { allowedScopes: { events: { allow: "a" } } } }],
    ["bots.update", { termsOfServiceUrl: "https://b.example/tos" }],
    ["messages.send", { flags: 8 }],
    ["messages.send", { embeds: [{ title: long(101) }] }],
    ["messages.send", { masquerade: { name: long(33) } }],
    ["messages.send", { masquerade: { avatar: long(257) } }],
    ["messages.send", { interactions: { restrict: true } }],
    ["messages.send", { replies: ["01M7W56RY0RVTV96CTRJR5KQ8V"] }],
    ["messages.send", { components: [] }],
  ] as const)("%s %j", (operation, options) => {
    expect(v.safeParse(extras[operation], options).success).toBe(false);
  });

  test("and those it takes are taken", () => {
    expect(v.safeParse(extras["bots.update"], { interactionsUrl: null, oauth2: null, public: true }).success).toBe(
      true,
    );
    expect(
      v.safeParse(extras["messages.send"], {
        flags: 7,
        embeds: [{}],
        interactions: { reactions: ["👍"], restrict: true },
      }).success,
    ).toBe(true);
  });
});

test("every request asks for JSON, without which the guards answer HTML, and carries exactly one credential", () => {
  const accept = "application/json";
  expect(headersFor({ kind: "owner-session", token: "s" })).toEqual({ accept, "x-session-token": "s" });
  expect(headersFor({ kind: "bot-token", token: "b" })).toEqual({ accept, "x-bot-token": "b" });
  expect(headersFor(nobody)).toEqual({ accept });
});

describe("answers of proxies and frameworks", () => {
  test.each([
    ["GET", 502, "upstream", "none", 1000],
    ["POST", 502, "upstream", "unknown", undefined],
    ["POST", 520, "upstream", "unknown", undefined],
    ["POST", 525, "upstream", "none", undefined],
    ["POST", 403, "forbidden", "none", undefined],
    ["POST", 429, "rate_limited", "none", undefined],
    ["GET", 404, "unsupported", "none", undefined],
    ["GET", 200, "upstream", "none", undefined],
  ] as const)("%s %i as HTML", (method, status, code, effect, retryAfterMs) => {
    const error = toError(method, { status, json: undefined });
    expect(error).toMatchObject({ code, effect });
    expect(error.details.retryAfterMs).toBe(retryAfterMs);
  });

  test("a name of an error that is none of a server is not passed on", () => {
    const error = toError("POST", { status: 400, json: { type: "<b>secret token</b>", permission: "x y" } });
    expect(error.message).toBe("Stoat refuses it with status 400.");
  });

  test("two keys of one name in an answer: the objects win, as the server means it", () => {
    const text =
      '{"_id":"s","owner":"o","name":"Yard","channels":["c"],"channels":[{"channel_type":"TextChannel","_id":"c","server":"s","name":"General"}]}';
    const places = createPlaces();
    places.load({ type: "Ready", servers: [JSON.parse(text) as never] });
    expect(places.server("s")?.channels).toEqual(["c"]);
  });
});

describe("leaving", () => {
  test("a bot that owns a server does not leave it: that would delete it", async () => {
    const { session, bot, sim } = await open();
    const helper = await bot("helper");
    const { server, channel } = makeServer(sim.world, helper.nativeId ?? "", "Its own");
    const input = { ...home, room: channel._id, bot: "helper" };
    const error = await refused(run(session.operations["rooms.remove-bot"], input, call({ bot: helper })));
    expect(error).toMatchObject({ code: "conflict", effect: "none" });
    await run(session.operations["bots.delete"], { ...home, bot: "helper" }, call({ bot: helper }));
    expect(sim.world.servers.has(server._id)).toBe(true);
  });

  test("a bot leaves the server of a channel it may not see", async () => {
    const { session, bot, channel, server } = await open();
    const helper = await bot("helper");
    channel.default_permissions = { a: 0, d: 2 ** 20 };
    const remove = (): Promise<{ left: boolean }> =>
      run(session.operations["rooms.remove-bot"], { ...home, room: channel._id, bot: "helper" }, call({ bot: helper }));
    expect(await remove()).toMatchObject({ left: true });
    expect(server.members.has(helper.nativeId ?? "")).toBe(false);
    expect(await remove()).toMatchObject({ left: false });
  });
});

describe("rooms of every kind", () => {
  test("groups and spaces are made by the owner, direct rooms opened by a bot", async () => {
    const { session, bot, alice } = await open();
    const helper = await bot("helper");
    const { operations } = session;
    const group = await run(
      operations["rooms.create"],
      { ...home, name: "den", kind: "group", invite: [alice.id] },
      call(),
    );
    expect(group).toMatchObject({ kind: "group", name: "den", members: 2 });
    const entered = await run(
      operations["rooms.add-bot"],
      { ...home, room: group.id, bot: "helper" },
      call({ bot: helper }),
    );
    expect(entered).toMatchObject({ joined: true, via: "invited to the group" });
    const members = await run(operations["members.list"], { ...home, room: group.id }, call());
    expect(members.items).toHaveLength(3);
    await run(operations["members.kick"], { ...home, room: group.id, user: alice.id }, call());
    expect((await run(operations["rooms.get"], { ...home, room: group.id }, call())).members).toBe(2);
    const space = await run(
      operations["rooms.create"],
      { ...home, name: "Second", kind: "space", topic: "more" },
      call(),
    );
    expect(space).toMatchObject({ kind: "space", topic: "more" });
    const renamed = await run(
      operations["rooms.update"],
      { ...home, room: space.id, name: "Third", topic: null },
      call(),
    );
    expect(renamed).toMatchObject({ name: "Third" });
    expect(renamed).not.toHaveProperty("topic");
    const direct = await run(
      operations["rooms.open-direct"],
      { ...home, user: alice.id, as: "helper" },
      call({ as: helper }),
    );
    expect(direct.kind).toBe("direct");
    expect(
      (
        await refused(
          run(operations["rooms.add-bot"], { ...home, room: direct.id, bot: "helper" }, call({ bot: helper })),
        )
      ).code,
    ).toBe("forbidden");
    expect(
      (await refused(run(operations["members.ban"], { ...home, room: group.id, user: alice.id }, call()))).code,
    ).toBe("invalid");
    expect((await refused(run(operations["rooms.create"], { ...home, name: "x", kind: "direct" }, call()))).code).toBe(
      "invalid",
    );
    expect(
      (
        await refused(
          run(operations["rooms.create"], { ...home, name: "x", kind: "group", as: "helper" }, call({ as: helper })),
        )
      ).code,
    ).toBe("forbidden");
  });

  test("what a person types is found: a handle, an id, a user's direct room", async () => {
    const { session, bot, channel, server, alice } = await open();
    const helper = await bot("helper");
    const as = { kind: "bot", id: helper.nativeId ?? "", handle: "helper", credential: null } as const;
    expect(await session.resolveRoom("community", null)).toBe(server._id);
    expect(await session.resolveRoom("Community:General", as)).toBe(channel._id);
    expect(await session.resolveRoom(channel._id, null)).toBe(channel._id);
    expect(await session.resolveRoom("nowhere", as)).toBeNull();
    expect(await session.resolveRoom(`user:${alice.id}`, as)).toMatch(/^[0-9A-Z]{26}$/);
    expect(await session.resolveRoom("user:nobody", as)).toBeNull();
  });
});
