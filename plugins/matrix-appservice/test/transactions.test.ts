import { describe, expect, test } from "vitest";
import type { HookRequest } from "@botyard/sdk";
import { createWorld, registration } from "./world.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const message = (id: string, more = {}) => ({
  event_id: id,
  type: "m.room.message",
  room_id: "!a:hs.test",
  sender: "@alice:hs.test",
  origin_server_ts: 1,
  content: { msgtype: "m.text", body: id },
  ...more,
});
const transaction = (events: readonly unknown[]): Uint8Array => bytes(JSON.stringify({ events }));

describe("what is asked of an application service", () => {
  const good = { authorization: `Bearer ${registration.hsToken}` };
  const cases: readonly (readonly [
    string,
    Partial<HookRequest> & { readonly path: string },
    number,
    string | undefined,
  ])[] = [
    ["a transaction", { path: "/_matrix/app/v1/transactions/1" }, 200, undefined],
    ["one on the old path", { path: "/transactions/1" }, 200, undefined],
    ["no JSON", { path: "/_matrix/app/v1/transactions/1", body: bytes("{") }, 400, "M_NOT_JSON"],
    ["no object", { path: "/_matrix/app/v1/transactions/1", body: bytes("[]") }, 400, "M_BAD_JSON"],
    ["no events", { path: "/_matrix/app/v1/transactions/1", body: bytes('{"events":null}') }, 200, undefined],
    ["another method", { path: "/_matrix/app/v1/transactions/1", method: "POST" }, 405, "M_UNRECOGNIZED"],
    ["no credentials", { path: "/_matrix/app/v1/transactions/1", headers: {} }, 401, "M_MISSING_TOKEN"],
    [
      "another scheme",
      { path: "/_matrix/app/v1/transactions/1", headers: { authorization: `Basic ${registration.hsToken}` } },
      401,
      "M_MISSING_TOKEN",
    ],
    [
      "a wrong token",
      { path: "/_matrix/app/v1/transactions/1", headers: { authorization: "Bearer nope" } },
      403,
      "M_FORBIDDEN",
    ],
    [
      "the other side's token",
      { path: "/_matrix/app/v1/transactions/1", headers: { authorization: `Bearer ${registration.asToken}` } },
      403,
      "M_FORBIDDEN",
    ],
    [
      "a wrong token and a bad body",
      { path: "/_matrix/app/v1/transactions/1", headers: { authorization: "Bearer nope" }, body: bytes("{") },
      403,
      "M_FORBIDDEN",
    ],
    [
      "both tokens, both right",
      { path: "/_matrix/app/v1/transactions/1", query: { access_token: registration.hsToken } },
      200,
      undefined,
    ],
    [
      "a right header and a wrong query",
      { path: "/_matrix/app/v1/transactions/1", query: { access_token: "nope" } },
      403,
      "M_FORBIDDEN",
    ],
    [
      "a wrong header and a right query",
      {
        path: "/_matrix/app/v1/transactions/1",
        headers: { authorization: "Bearer nope" },
        query: { access_token: registration.hsToken },
      },
      403,
      "M_FORBIDDEN",
    ],
    [
      "an old server's query token",
      { path: "/transactions/1", headers: {}, query: { access_token: registration.hsToken } },
      200,
      undefined,
    ],
    ["a ping", { path: "/_matrix/app/v1/ping", method: "POST", body: bytes('{"transaction_id":"x"}') }, 200, undefined],
    ["a ping without a body", { path: "/_matrix/app/v1/ping", method: "POST", body: bytes("") }, 400, "M_NOT_JSON"],
    ["third-party lookups", { path: "/_matrix/app/v1/thirdparty/protocol/x", method: "GET" }, 404, "M_NOT_FOUND"],
    ["an unknown path", { path: "/_matrix/app/v1/nope", method: "GET" }, 404, "M_UNRECOGNIZED"],
    ["a path that is too long", { path: "/_matrix/app/v1/transactions/1/2" }, 404, "M_UNRECOGNIZED"],
    ["an alias", { path: "/_matrix/app/v1/rooms/%23bot_x%3Ahs.test", method: "GET" }, 404, "M_NOT_FOUND"],
  ];

  test.each(cases)("%s", async (_, request, status, errcode) => {
    const world = await createWorld();
    const answer = await world.hook({ headers: good, ...request });
    expect(answer.status).toBe(status);
    expect(answer.json).toMatchObject(errcode === undefined ? {} : { errcode });
    if (errcode === undefined) expect(answer.json).toEqual({});
  });
});

describe("transactions", () => {
  const path = "/_matrix/app/v1/transactions/7";

  test("are on disk before they are acknowledged, and not acknowledged when they are not", async () => {
    const world = await createWorld();
    const { commit } = world.host;
    let fail = true;
    Object.assign(world.host, {
      commit: (...args: Parameters<typeof commit>) => (fail ? Promise.reject(new Error("disk full")) : commit(...args)),
    });
    expect((await world.hook({ path, body: transaction([message("$1")]) })).status).toBe(500);
    fail = false;
    expect((await world.hook({ path, body: transaction([message("$1")]) })).status).toBe(200);
    expect(world.host.events.map(({ key }) => key?.id)).toEqual(["$1"]);
  });

  test("the same again, and twice at once, count once; other events under the same id are new", async () => {
    const world = await createWorld();
    const send = (...ids: string[]) =>
      world.hook({ path, body: transaction(ids.map((id) => message(id, { age: Math.random() }))) });
    expect(
      (await Promise.all([send("$1", "$2"), send("$1", "$2"), send("$1", "$2")])).map(({ status }) => status),
    ).toEqual([200, 200, 200]);
    await send("$1", "$2");
    expect(world.host.intakes.length).toBe(1);
    await send("$3");
    await send("$2", "$3", "$4");
    expect(world.host.events.map(({ key }) => key?.id)).toEqual(["$1", "$2", "$3", "$4"]);
  });

  test("strange entries are skipped, and what is around them is kept in order", async () => {
    const world = await createWorld();
    const strange = [
      null,
      5,
      {},
      message("$x", { room_id: 5 }),
      message("$y", { content: null }),
      message("$z", { type: "org.unknown", origin_server_ts: -1e300 }),
    ];
    expect((await world.hook({ path, body: transaction([message("$1"), ...strange, message("$2")]) })).status).toBe(
      200,
    );
    expect(world.host.events.map(({ key, type }) => [key?.id, type])).toEqual([
      ["$1", "message.created"],
      ["$y", "platform.unknown"],
      ["$z", "platform.unknown"],
      ["$2", "message.created"],
    ]);
  });

  test("one of strange entries alone is kept as it came", async () => {
    const world = await createWorld();
    await world.hook({ path, body: transaction([{ type: "m.room.message" }]) });
    expect(world.host.intakes).toMatchObject([{ via: "transaction", id: "7", events: [] }]);
    await world.hook({ path, body: transaction([]) });
    expect(world.host.intakes).toHaveLength(1);
  });

  test("kept, it decodes again to the same facts, with names of its own time where it tells them", async () => {
    const world = await createWorld();
    const named = (id: string, name: string) => message(id, { type: "m.room.name", state_key: "", content: { name } });
    const reaction = { "m.relates_to": { rel_type: "m.annotation", event_id: "$1", key: "👍" } };
    const events = [
      named("$n", "Ops"),
      message("$1"),
      message("$r", { type: "m.reaction", content: reaction }),
      message("$x", { type: "m.room.redaction", content: { redacts: "$r" } }),
      message("$z", { type: "org.unknown" }),
    ];
    await world.hook({ path, body: transaction(events) });
    const [intake] = world.host.intakes;
    await world.hook({ path: path.replace("7", "8"), body: transaction([named("$m", "Operations")]) });
    const requests = world.requests.length;
    const again = await world.session.receive?.decode?.({
      via: "transaction",
      id: "7",
      raw: intake?.raw as Uint8Array,
      receivedAt: "2026-11-20T08:00:00.000Z",
    });
    expect(again).toEqual(intake?.events);
    expect(again?.map(({ type }) => type)).toContain("reaction.removed");
    expect(world.host.intakes).toHaveLength(2);
    expect(world.requests).toHaveLength(requests);
    // Nothing is learnt from it: the room is called as it was called last.
    await world.hook({ path: path.replace("7", "9"), body: transaction([message("$2")]) });
    expect(world.host.events.at(-1)?.room?.name).toBe("Operations");
  });

  test("a private receipt is nobody's business: nothing to keep", async () => {
    const world = await createWorld();
    const body = bytes(
      JSON.stringify({
        events: [],
        ephemeral: [
          {
            type: "m.receipt",
            room_id: "!a:hs.test",
            content: { $1: { "m.read.private": { "@a:hs.test": { ts: 1 } } } },
          },
        ],
      }),
    );
    expect((await world.hook({ path, body })).status).toBe(200);
    expect(world.host.intakes).toEqual([]);
  });

  test("a removed reaction is told from a deleted message", async () => {
    const world = await createWorld();
    const reaction = message("$r", {
      type: "m.reaction",
      content: { "m.relates_to": { rel_type: "m.annotation", event_id: "$m", key: "👍" } },
    });
    await world.hook({ path, body: transaction([reaction]) });
    await world.hook({
      path: "/_matrix/app/v1/transactions/8",
      body: transaction([
        message("$d", { type: "m.room.redaction", content: { redacts: "$r" } }),
        message("$e", { type: "m.room.redaction", redacts: "$m", content: {} }),
      ]),
    });
    expect(world.host.events.map(({ type }) => type)).toEqual([
      "reaction.added",
      "reaction.removed",
      "message.deleted",
    ]);
    expect(world.host.events[1]).toMatchObject({ message: { id: "$m" }, reaction: { emoji: "👍" } });
  });
});
