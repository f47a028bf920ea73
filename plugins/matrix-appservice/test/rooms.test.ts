import { describe, expect, test } from "vitest";
import { call, createWorld, run } from "./world.ts";

const place = { connection: "matrix" };

describe("rooms and members", () => {
  test("created, listed, renamed, with their bots", async () => {
    const world = await createWorld();
    const helper = await world.bot("helper");
    const made = await run(
      world.session.operations["rooms.create"],
      { ...place, name: "Ops", topic: "on call", public: true },
      call(),
    );
    expect(made).toMatchObject({ kind: "channel", name: "Ops", topic: "on call" });
    await run(
      world.session.operations["rooms.add-bot"],
      { ...place, room: made.id, bot: "helper" },
      call({ bot: helper }),
    );
    expect(
      await run(
        world.session.operations["rooms.update"],
        { ...place, room: made.id, name: "Ops 2", topic: null },
        call(),
      ),
    ).toMatchObject({ name: "Ops 2" });
    expect(await run(world.session.operations["rooms.get"], { ...place, room: made.id }, call())).toMatchObject({
      name: "Ops 2",
      kind: "channel",
      members: 2,
    });
    expect(await run(world.session.operations["rooms.list"], place, call())).toMatchObject({
      items: [{ id: made.id, name: "Ops 2" }],
    });
    expect(
      (await run(world.session.operations["rooms.list-bots"], { ...place, room: made.id }, call())).items
        .map(({ nativeId }) => nativeId)
        .sort(),
    ).toEqual(["@bot_helper:hs.test", "@botyard:hs.test"]);
  });

  test("a space holds its rooms", async () => {
    const world = await createWorld();
    const space = await run(world.session.operations["rooms.create"], { ...place, name: "Eng", kind: "space" }, call());
    expect(space.kind).toBe("space");
    const room = await run(
      world.session.operations["rooms.create"],
      { ...place, name: "Ops", parent: space.id },
      call(),
    );
    expect(room.parent).toBe(space.id);
    expect(world.hs.world.rooms.get(space.id)?.state.has(`m.space.child\u0000${room.id}`)).toBe(true);
  });

  test("lists are paged", async () => {
    const world = await createWorld();
    for (const name of ["a", "b", "c"]) await run(world.session.operations["rooms.create"], { ...place, name }, call());
    const first = await run(world.session.operations["rooms.list"], { ...place, limit: 2 }, call());
    const second = await run(
      world.session.operations["rooms.list"],
      { ...place, limit: 2, cursor: first.next ?? "" },
      call(),
    );
    expect([first.items.length, second.items.length, second.next]).toEqual([2, 1, undefined]);
  });

  test("members are invited, kicked, banned and let back", async () => {
    const world = await createWorld();
    const alice = world.person("alice");
    const { id: room } = await run(world.session.operations["rooms.create"], { ...place, name: "Ops" }, call());
    const member = { ...place, room, user: alice.id };
    expect(await run(world.session.operations["members.invite"], member, call())).toMatchObject({
      user: alice.id,
      membership: "invited",
    });
    await alice.call("POST", `/join/${encodeURIComponent(room)}`, {});
    expect(await run(world.session.operations["members.invite"], member, call())).toMatchObject({
      membership: "joined",
    });
    expect(await run(world.session.operations["members.kick"], { ...member, reason: "x" }, call())).toMatchObject({
      membership: "kicked",
    });
    expect(await run(world.session.operations["members.ban"], member, call())).toMatchObject({ membership: "banned" });
    expect(await run(world.session.operations["members.unban"], member, call())).toMatchObject({ membership: "left" });
    expect(await run(world.session.operations["members.unban"], member, call())).toMatchObject({ membership: "left" });
    const { items } = await run(world.session.operations["members.list"], { ...place, room }, call());
    expect(items).toEqual([
      { user: alice.id, name: null, membership: "left" },
      { user: "@botyard:hs.test", name: "botyard", membership: "joined" },
    ]);
  });

  test("aliases name rooms, with and without the own server", async () => {
    const world = await createWorld();
    const alice = world.person("alice");
    const { room_id: room } = await alice.call("POST", "/createRoom", {
      preset: "public_chat",
      room_alias_name: "ops",
    });
    expect(await world.session.resolveRoom("#ops:hs.test", null)).toBe(room);
    expect(await world.session.resolveRoom("#ops", null)).toBe(room);
    expect(await world.session.resolveRoom("#none", null)).toBeNull();
    expect(await world.session.resolveRoom(String(room), null)).toBe(room);
    expect(await world.session.resolveRoom("user:@alice:hs.test", null)).toBeNull();
  });

  test("users", async () => {
    const world = await createWorld();
    world.person("alice");
    expect(await run(world.session.operations["users.get"], { ...place, user: "@alice:hs.test" }, call())).toEqual({
      id: "@alice:hs.test",
      username: "alice",
      name: "alice",
      kind: "user",
    });
    await expect(run(world.session.operations["users.get"], { ...place, user: "alice" }, call())).rejects.toMatchObject(
      { code: "not_found" },
    );
    await expect(
      run(world.session.operations["users.get"], { ...place, user: "@none:hs.test" }, call()),
    ).rejects.toMatchObject({ code: "not_found" });
  });
});
