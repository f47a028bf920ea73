import { describe, expect, test } from "vitest";
import { dendrite, legacy } from "../src/simulator/index.ts";
import { call, createWorld, run } from "./world.ts";

const place = { connection: "matrix" };

describe("other homeservers", () => {
  test("Dendrite: no ping, no typing, 50 events, times for ids, the sender by name", async () => {
    const world = await createWorld({ homeserver: { dialect: dendrite } });
    const helper = await world.bot("helper");
    const alice = world.person("alice");
    const { room_id: id } = await alice.call("POST", "/createRoom", { invite: ["@botyard:hs.test"] });
    const room = String(id);
    await run(world.session.operations["rooms.add-bot"], { ...place, room, bot: "helper" }, call({ bot: helper }));
    await alice.call("PUT", `/rooms/${encodeURIComponent(room)}/send/m.room.message/1`, {
      msgtype: "m.text",
      body: "hello",
    });
    await world.hs.settled();
    expect(world.host.events.at(-1)).toMatchObject({ content: { text: "hello" } });
    expect(world.hs.queue("botyard").deliveries.every(({ txnId }) => txnId > 1e15)).toBe(true);
    const { checks } = await world.session.probe({ level: "passive", signal: world.host.signal });
    expect(checks.find(({ name }) => name === "homeserver → Botyard")).toMatchObject({
      state: "ok",
      detail: expect.stringContaining("no ping") as string,
    });
    // Fifty at a time.
    const sends = Array.from({ length: 60 }, (_, at) =>
      alice.call("PUT", `/rooms/${encodeURIComponent(room)}/send/m.room.message/b${at}`, {
        msgtype: "m.text",
        body: `${at}`,
      }),
    );
    await Promise.all(sends);
    await world.hs.settled();
    expect(Math.max(...world.hs.queue("botyard").deliveries.map(({ events }) => events.length))).toBeLessThanOrEqual(
      50,
    );
    expect(world.host.events.filter(({ type }) => type === "message.created").length).toBe(61);
  });

  test("one of before 2019: old paths, token in the query", async () => {
    const world = await createWorld({ homeserver: { dialect: legacy } });
    const alice = world.person("alice");
    await alice.call("POST", "/createRoom", { invite: ["@botyard:hs.test"] });
    await world.hs.settled();
    expect(world.host.events.map(({ type }) => type)).toEqual(["member.invited"]);
  });

  test("another hs_token is told from another address", async () => {
    const world = await createWorld();
    world.host.addCredential({ kind: "hs-token", secret: "another" });
    const { checks } = await world.session.probe({ level: "passive", signal: world.host.signal });
    expect(checks.find(({ name }) => name === "homeserver → Botyard")).toMatchObject({
      state: "fail",
      detail: expect.stringContaining("another hs_token") as string,
    });
  });
});
