import { describe, expect, test } from "vitest";
import { call, createWorld, run } from "./world.ts";

const place = { connection: "matrix" };
const joins = (requests: readonly string[]) => requests.filter((line) => line.includes("/join/"));

async function inviteOnly(world: Awaited<ReturnType<typeof createWorld>>, invited: string[]): Promise<string> {
  const alice = world.person("alice");
  const { room_id: room } = await alice.call("POST", "/createRoom", {
    preset: "private_chat",
    name: "Ops",
    invite: invited,
  });
  return String(room);
}

describe("bots", () => {
  test("a bot is a user of the namespace, made once however often it is asked for", async () => {
    const world = await createWorld();
    const helper = await world.bot("helper");
    expect(helper).toMatchObject({
      nativeId: "@bot_helper:hs.test",
      username: "bot_helper",
      displayName: "bot_helper",
    });
    const { bot } = await run(
      world.session.operations["bots.create"],
      { ...place, handle: "helper", displayName: "Helper" },
      call(),
    );
    expect(bot).toMatchObject({ nativeId: "@bot_helper:hs.test", displayName: "Helper", native: { sender: false } });
    const seen = await run(world.session.operations["bots.get"], { ...place, bot: "helper" }, call({ bot: helper }));
    expect(seen.displayName).toBe("Helper");
  });

  test("the sender can be a bot, and is not deleted", async () => {
    const world = await createWorld();
    const { bot } = await run(
      world.session.operations["bots.create"],
      { ...place, handle: "bridge", options: { sender: true } },
      call(),
    );
    expect(bot).toMatchObject({ nativeId: "@botyard:hs.test", native: { sender: true } });
    const target = {
      handle: "bridge",
      nativeId: bot.nativeId,
      username: "botyard",
      displayName: null,
      description: null,
      enabled: true,
      generation: 1,
    };
    await expect(
      run(world.session.operations["bots.delete"], { ...place, bot: "bridge" }, call({ bot: target })),
    ).rejects.toMatchObject({ code: "unsupported" });
  });

  test("a name outside the namespace is refused before anything is asked", async () => {
    const world = await createWorld();
    const made = run(
      world.session.operations["bots.create"],
      { ...place, handle: "helper", username: "helper" },
      call(),
    );
    await expect(made).rejects.toMatchObject({ code: "invalid", details: { instead: "--username bot_helper" } });
    expect(world.requests).toEqual([]);
  });

  test("a deleted bot leaves every room", async () => {
    const world = await createWorld();
    const helper = await world.bot("helper");
    const room = await inviteOnly(world, ["@bot_helper:hs.test"]);
    await run(world.session.operations["rooms.add-bot"], { ...place, room, bot: "helper" }, call({ bot: helper }));
    await run(world.session.operations["bots.delete"], { ...place, bot: "helper" }, call({ bot: helper }));
    expect(
      world.hs.world.rooms.get(room)?.state.get("m.room.member\u0000@bot_helper:hs.test")?.content["membership"],
    ).toBe("leave");
  });

  test("an icon goes up and comes down", async () => {
    const world = await createWorld();
    const helper = await world.bot("helper");
    const bytes = new Uint8Array(100_000).fill(7);
    const icon = { body: new Blob([bytes]).stream(), type: "image/png" };
    expect(
      await run(world.session.operations["bots.set-icon"], { ...place, bot: "helper", icon }, call({ bot: helper })),
    ).toEqual({ type: "image/png", size: 100_000 });
    const down = await run(
      world.session.operations["bots.get-icon"],
      { ...place, bot: "helper" },
      call({ bot: helper }),
    );
    expect(down.type).toBe("image/png");
    expect(
      new Uint8Array(await new Response(down.body as ReadableStream<Uint8Array<ArrayBuffer>>).arrayBuffer()),
    ).toEqual(bytes);
    await run(world.session.operations["bots.delete-icon"], { ...place, bot: "helper" }, call({ bot: helper }));
    await expect(
      run(world.session.operations["bots.get-icon"], { ...place, bot: "helper" }, call({ bot: helper })),
    ).rejects.toMatchObject({ code: "not_found" });
  });
});

describe("into a room", () => {
  test("the sender invites, and the second time nothing is asked", async () => {
    const world = await createWorld();
    const helper = await world.bot("helper");
    const room = await inviteOnly(world, ["@botyard:hs.test"]);
    const add = () =>
      run(world.session.operations["rooms.add-bot"], { ...place, room, bot: "helper" }, call({ bot: helper }));
    expect(await add()).toEqual({ room, joined: true, via: "invited by @botyard:hs.test, joined" });
    expect(await add()).toEqual({ room, joined: false, via: "was in there" });
    const send = () =>
      run(world.session.operations["messages.send"], { ...place, room, text: "hi" }, call({ as: helper }));
    // The first asks what the room's power levels are.
    await send();
    world.requests.length = 0;
    await send();
    expect(world.requests.length).toBe(1);
  });

  test("an invited bot needs nobody", async () => {
    const world = await createWorld();
    const helper = await world.bot("helper");
    const room = await inviteOnly(world, ["@bot_helper:hs.test"]);
    expect(
      await run(world.session.operations["rooms.add-bot"], { ...place, room, bot: "helper" }, call({ bot: helper })),
    ).toMatchObject({ joined: true, via: "joined" });
  });

  test("where nobody of ours is in there, a person is told what to do", async () => {
    const world = await createWorld();
    const helper = await world.bot("helper");
    const room = await inviteOnly(world, []);
    const added = run(
      world.session.operations["rooms.add-bot"],
      { ...place, room, bot: "helper" },
      call({ bot: helper }),
    );
    await expect(added).rejects.toMatchObject({
      code: "forbidden",
      details: { fix: expect.stringContaining("/invite @botyard:hs.test") as string },
    });
  });

  test.each(["M_BAD_STATE", "M_FORBIDDEN"] as const)("a ban reported as %s is lifted", async (bannedErrcode) => {
    const world = await createWorld({ homeserver: { bannedErrcode } });
    const helper = await world.bot("helper");
    const alice = world.person("alice");
    const { room_id: id } = await alice.call("POST", "/createRoom", {
      preset: "trusted_private_chat",
      invite: ["@botyard:hs.test", "@bot_helper:hs.test"],
    });
    const room = String(id);
    await alice
      .call("POST", `/rooms/${encodeURIComponent(room)}/ban`, { user_id: "@bot_helper:hs.test" })
      .catch(() => {});
    const state = world.hs.world.rooms.get(room)?.state.get("m.room.power_levels\u0000");
    await alice
      .call("PUT", `/rooms/${encodeURIComponent(room)}/state/m.room.power_levels`, {
        ...state?.content,
        users: { "@alice:hs.test": 100, "@botyard:hs.test": 50 },
      })
      .catch(() => {});
    await alice.call("POST", `/rooms/${encodeURIComponent(room)}/ban`, { user_id: "@bot_helper:hs.test" });
    const added = await run(
      world.session.operations["rooms.add-bot"],
      { ...place, room, bot: "helper" },
      call({ bot: helper }),
    );
    expect(added.via).toBe("unbanned by @botyard:hs.test, invited by @botyard:hs.test, joined");
  });

  test("a kick behind our back is noticed by the refusal of the next message", async () => {
    const world = await createWorld({ deaf: () => true });
    const helper = await world.bot("helper");
    const alice = world.person("alice");
    const { room_id: id } = await alice.call("POST", "/createRoom", {
      preset: "private_chat",
      invite: ["@botyard:hs.test"],
    });
    const room = String(id);
    await run(world.session.operations["rooms.add-bot"], { ...place, room, bot: "helper" }, call({ bot: helper }));
    await alice.call("POST", `/rooms/${encodeURIComponent(room)}/kick`, { user_id: "@bot_helper:hs.test" });
    const sent = await run(
      world.session.operations["messages.send"],
      { ...place, room, text: "back" },
      call({ as: helper }),
    );
    expect(sent.message).toMatch(/^\$/);
  });

  test("a user that the homeserver forgot is registered again", async () => {
    const world = await createWorld();
    const helper = await world.bot("helper");
    world.hs.reset();
    const room = await inviteOnly(world, ["@botyard:hs.test"]);
    const sent = await run(
      world.session.operations["messages.send"],
      { ...place, room, text: "hi" },
      call({ as: helper }),
    );
    expect(sent.message).toMatch(/^\$/);
  });

  test("a ghost that is no managed bot can act, a stranger cannot", async () => {
    const world = await createWorld();
    const room = await inviteOnly(world, ["@botyard:hs.test"]);
    await run(
      world.session.operations["messages.send"],
      { ...place, room, text: "hi" },
      call({ as: "@bot_ghost:hs.test" }),
    );
    const made = world.hs.world.rooms.get(room)?.events.at(-1);
    expect(made).toMatchObject({ sender: "@bot_ghost:hs.test", content: { body: "hi" } });
    const stranger = run(
      world.session.operations["messages.send"],
      { ...place, room, text: "hi" },
      call({ as: "@alice:hs.test" }),
    );
    await expect(stranger).rejects.toMatchObject({ code: "forbidden" });
  });

  test("out of a room, and out again", async () => {
    const world = await createWorld();
    const helper = await world.bot("helper");
    const room = await inviteOnly(world, ["@bot_helper:hs.test"]);
    await run(world.session.operations["rooms.add-bot"], { ...place, room, bot: "helper" }, call({ bot: helper }));
    const remove = () =>
      run(world.session.operations["rooms.remove-bot"], { ...place, room, bot: "helper" }, call({ bot: helper }));
    expect(await remove()).toEqual({ room, left: true });
    expect(await remove()).toEqual({ room, left: false });
  });
});

test("joining costs one request where the room is open", async () => {
  const world = await createWorld();
  const helper = await world.bot("helper");
  const alice = world.person("alice");
  const { room_id: room } = await alice.call("POST", "/createRoom", { preset: "public_chat" });
  world.requests.length = 0;
  await run(
    world.session.operations["messages.send"],
    { ...place, room: String(room), text: "hi" },
    call({ as: helper }),
  );
  expect(joins(world.requests).length).toBe(1);
  expect(world.requests.filter((line) => !line.includes("/state/")).length).toBe(2);
});
