import { describe, expect, it } from "vitest";
import { createMemoryStore } from "../store/memory.ts";
import { batch, effect, event } from "../store/suite/samples.ts";
import { at, draft, membership, openTestLog } from "./test-log.ts";

describe("what the core fills in", () => {
  it("gives ids that grow, also where the clock was set back before the start", async () => {
    const store = createMemoryStore();
    const later = event("A");
    const id = "evt_3G0000000000000000000000ZZ";
    await store.appendEvents(batch([{ ...later, body: { ...later.body, id } }]));
    const { commit, all } = await openTestLog({ store });
    await commit({ events: [draft("m1"), draft("m2")] });
    const ids = (await all()).map((one) => one.id);
    expect(ids).toHaveLength(3);
    expect(ids.toSorted()).toEqual(ids);
  });

  it("completes a message: ids, position, handles, what it answers and mentions", async () => {
    const { commit, all } = await openTestLog();
    const mentions = [
      { kind: "user", id: "native-two", offset: 0, length: 4 },
      { kind: "user", id: "user-9", offset: 5, length: 5 },
    ] as const;
    const content = { text: "@two @nine", format: "markdown", plain: "@two @nine", mentions, files: [] } as const;
    const done = await commit({
      bots: ["one"],
      events: [draft("m1", { content: { ...content, mentions: [...mentions], files: [] } })],
    });
    expect(done).toEqual({ fresh: 1, copies: 0, duplicates: 0 });
    const [event] = await all();
    expect(event).toEqual({
      id: expect.stringMatching(/^evt_[0-9A-Z]{26}$/),
      seq: 1,
      cursor: expect.stringMatching(/^c_[0-9a-z]{3,8}_1$/),
      type: "message.created",
      time: at(0),
      committedAt: at(0),
      connection: "chat",
      platform: "sandbox",
      bots: ["one"],
      addressed: ["two"],
      own: false,
      backfilled: false,
      room: { id: "room-1", kind: "channel" },
      actor: { id: "user-1", kind: "user", bot: null },
      message: { id: "m1", thread: null, replyTo: null, editedAt: null },
      content: {
        ...content,
        mentions: [{ kind: "bot", id: "native-two", bot: "two", offset: 0, length: 4 }, mentions[1]],
        files: [],
      },
    });
  });

  it.each([
    ["a reply to a bot's message", { repliesTo: "native-one" }, ["one"]],
    ["a direct room", { room: { id: "d", kind: "direct" as const } }, ["two"]],
    ["a reply to a disabled bot", { repliesTo: "native-off" }, []],
    ["a channel", {}, []],
    [
      "a deletion in a direct room",
      { type: "message.deleted" as const, room: { id: "d", kind: "direct" as const } },
      [],
    ],
  ])("says whom it is meant for: %s", async (_, more, addressed) => {
    const { commit, all } = await openTestLog();
    await commit({ bots: ["two"], events: [draft("m1", more)] });
    expect((await all())[0]?.addressed).toEqual(addressed);
  });

  it("knows its own echo, by the sender or by what the send carried", async () => {
    const { commit, all, store } = await openTestLog();
    await store.beginEffect(effect("1", { effectId: "OURS" }));
    await commit({
      bots: ["one"],
      events: [
        draft("m1", { actor: { id: "native-one", kind: "bot" }, repliesTo: "native-one" }),
        draft("m2", { actor: { id: "ghost", kind: "user" }, effectId: "OURS" }),
        draft("m3", { effectId: "SOMEBODY-ELSE" }),
        draft("m4", { actor: null }),
      ],
    });
    const events = await all();
    expect(events.map(({ own }) => own)).toEqual([true, true, false, false]);
    expect(events[0]).toMatchObject({ actor: { bot: "one" }, addressed: [] });
  });

  it("marks what came from history", async () => {
    const { commit, all } = await openTestLog();
    await commit({ via: "backfill", gap: "gap_1", bots: ["one"], events: [draft("m1")] });
    expect((await all())[0]?.backfilled).toBe(true);
  });

  it("gives disabled bots nothing", async () => {
    const { commit, all } = await openTestLog();
    await commit({ bots: ["off", "one", "unknown"], events: [draft("m1")] });
    expect((await all())[0]?.bots).toEqual(["one"]);
  });

  it("takes the bots of the draft before those of the intake, and those before the members", async () => {
    const { commit, all, members } = await openTestLog();
    members.set("chat/room-1", new Set(["three"]));
    await commit({ bots: ["one"], events: [draft("m1", { bots: ["two"] }), draft("m2")] });
    await commit({ events: [draft("m3"), draft("m4", { room: null })] });
    expect((await all()).map(({ bots }) => bots)).toEqual([["two"], ["one"], ["three"], []]);
  });

  it("replaces a time that cannot be read", async () => {
    const { commit, all } = await openTestLog();
    await commit({ bots: ["one"], events: [draft("m1", { time: "soon" })] });
    expect((await all())[0]?.time).toBe(at(0));
  });

  it("keeps the raw intake, sealed, and puts the plugin's cursor with it", async () => {
    const { log, store } = await openTestLog();
    const raw = '{"secret":"text"}';
    await log.commit(
      { id: "chat", platform: "sandbox" },
      { via: "transaction", id: "41", raw, events: [draft("m1")] },
      { put: { cursor: 41 } },
    );
    const [row] = await store.listRaw({ connection: "chat", limit: 9 });
    expect(row).toMatchObject({ via: "transaction", id: "41" });
    expect(Buffer.from(row?.sealed ?? []).toString("latin1")).not.toContain("secret");
    expect(await store.pluginGet("chat", "cursor")).toBe(41);
  });
});

describe("membership", () => {
  it("shows a bot its own joining and what follows, in the same intake and the next", async () => {
    const { commit, all, members, store } = await openTestLog();
    await commit({ events: [draft("m0"), membership("j1", "one", "joined", 1), draft("m1")] });
    await commit({ events: [draft("m2"), membership("l1", "one", "left", 2), draft("m3")] });
    expect((await all()).map(({ bots }) => bots.join())).toEqual(["", "one", "one", "one", "one", ""]);
    expect((await all())[1]?.member).toMatchObject({ user: "native-one", bot: "one", membership: "joined" });
    expect(members.get("chat/room-1")?.size).toBe(0);
    expect(await store.listRecords("membership")).toEqual([]);
  });

  it("counts for intakes that come while the one before is not on disk yet", async () => {
    const { commit, all } = await openTestLog();
    await Promise.all([commit({ events: [membership("j1", "one", "joined", 1)] }), commit({ events: [draft("m1")] })]);
    expect((await all()).map(({ bots }) => bots.join())).toEqual(["one", "one"]);
  });

  it("is not taken back to an older state by repeats or history", async () => {
    const { commit, members } = await openTestLog();
    const joined = membership("j1", "one", "joined", 1);
    await commit({ events: [joined, membership("l1", "one", "left", 5)] });
    await commit({ events: [joined] });
    await commit({ via: "backfill", gap: "gap_1", events: [membership("j2", "one", "joined", 3)] });
    expect([...(members.get("chat/room-1") ?? [])]).toEqual([]);
    await commit({ events: [membership("j3", "one", "joined", 9)] });
    expect([...(members.get("chat/room-1") ?? [])]).toEqual(["one"]);
  });

  it("is not remembered from an intake that could not be stored", async () => {
    const store = createMemoryStore();
    const { commit, all } = await openTestLog({
      store: {
        ...store,
        appendEvents: (batch) =>
          batch.raw?.id === "full" ? Promise.reject(new Error("disk full")) : store.appendEvents(batch),
      },
    });
    const joined = { id: "full", raw: "x", events: [membership("j1", "one", "joined", 1)] };
    await expect(commit(joined)).rejects.toThrow("disk full");
    await commit({ events: [draft("m1")] });
    await commit({ ...joined, id: "again" });
    await commit({ events: [draft("m2")] });
    expect((await all()).map(({ bots }) => bots.join())).toEqual(["", "one", "one"]);
  });
});

describe("events without a native key", () => {
  const reaction = (room = "room-1") =>
    draft("r", { key: null, type: "reaction.added", room: { id: room }, reaction: { emoji: "👍" } });

  it("count once, from the first observer of the room, for all who observe it", async () => {
    const { commit, all } = await openTestLog();
    await commit({ bots: ["one"], events: [draft("m1")] });
    const counts = [];
    for (const bot of ["two", "one", "two", "one"])
      counts.push((await commit({ bots: [bot], events: [reaction()] })).fresh);
    expect(counts).toEqual([1, 0, 1, 0]);
    expect((await all()).at(-1)?.bots.toSorted()).toEqual(["one", "two"]);
    expect((await commit({ bots: ["one"], events: [reaction("room-2")] })).fresh).toBe(1);
  });

  it("count from another observer when the first has left", async () => {
    const { commit, members } = await openTestLog();
    members.set("chat/room-1", new Set(["one", "two"]));
    expect((await commit({ bots: ["one"], events: [reaction()] })).fresh).toBe(1);
    expect((await commit({ bots: ["two"], events: [reaction()] })).fresh).toBe(0);
    members.set("chat/room-1", new Set(["two"]));
    expect((await commit({ bots: ["two"], events: [reaction()] })).fresh).toBe(1);
  });

  it("count always where they come once for all", async () => {
    const { commit, members, all } = await openTestLog();
    members.set("chat/room-1", new Set(["one", "two"]));
    expect((await commit({ events: [reaction(), reaction()] })).fresh).toBe(2);
    expect((await all()).map(({ bots }) => bots)).toEqual([
      ["one", "two"],
      ["one", "two"],
    ]);
  });
});

describe("late copies and listeners", () => {
  it("counts fresh, copies and duplicates", async () => {
    const { commit } = await openTestLog();
    expect(await commit({ bots: ["one"], events: [draft("m1"), draft("m2")] })).toEqual({
      fresh: 2,
      copies: 0,
      duplicates: 0,
    });
    expect(await commit({ bots: ["two"], events: [draft("m1")] })).toEqual({ fresh: 0, copies: 1, duplicates: 0 });
    expect(await commit({ bots: ["one", "two"], events: [draft("m1")] })).toEqual({
      fresh: 0,
      copies: 0,
      duplicates: 1,
    });
    const edited = draft("m1", { key: { kind: "message", id: "m1", revision: "2" }, type: "message.updated" });
    expect(await commit({ bots: ["one"], events: [edited] })).toEqual({ fresh: 1, copies: 0, duplicates: 0 });
    expect(await commit({ bots: ["one"], events: [draft("m1")] }, "other")).toEqual({
      fresh: 1,
      copies: 0,
      duplicates: 0,
    });
  });

  it("tells listeners what is new, once, with what the send carried", async () => {
    const { commit, log } = await openTestLog();
    const told: string[] = [];
    const end = log.onCommitted((connection, events) => {
      told.push(
        ...events.map(({ event, effectId }) => `${connection} ${event().seq} ${event().message?.id} ${effectId}`),
      );
    });
    log.onCommitted(() => {
      throw new Error("a mistake of a listener");
    });
    await commit({ bots: ["one"], events: [draft("m1", { effectId: "E" }), draft("m2")] });
    await commit({ bots: ["two"], events: [draft("m1"), draft("m3")] });
    await log.emit({ id: "chat", platform: "sandbox" }, { type: "connection.state", state: { state: "ready" } });
    end();
    await commit({ bots: ["one"], events: [draft("m4")] });
    expect(told).toEqual(["chat 1 m1 E", "chat 2 m2 null", "chat 4 m3 null"]);
  });

  it("keeps the order of intakes that are not waited for", async () => {
    const { commit, all } = await openTestLog();
    const ids = Array.from({ length: 20 }, (_, n) => `m${n}`);
    // Every third asks the ledger first, which must not let the others pass it.
    await Promise.all(
      ids.map((id, n) => commit({ bots: ["one"], events: [draft(id, n % 3 === 0 ? { effectId: id } : {})] })),
    );
    expect((await all()).map(({ message }) => message?.id)).toEqual(ids);
  });

  it("goes on after an intake that could not be read", async () => {
    const { commit, all } = await openTestLog();
    const broken = draft("m1", { content: null as never, actor: undefined as never, member: { user: 1 } as never });
    await commit({ bots: ["one"], events: [broken, null as never] }).catch(() => {});
    await commit({ bots: ["one"], events: [draft("m2")] });
    expect((await all()).at(-1)?.message?.id).toBe("m2");
  });
});
