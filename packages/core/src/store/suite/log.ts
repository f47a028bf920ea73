import { describe, expect, it } from "vitest";
import type { Appended } from "../types.ts";
import { batch, bot, event, member, reversed, time } from "./samples.ts";
import { eachStore, type OpenTested } from "./tested.ts";

const outcomes = (appended: readonly Appended[]): string[] => appended.map(({ outcome }) => outcome);

/** Part of the suite: the event log. */
export function testLog(open: OpenTested): void {
  describe("the event log", () => {
    const store = eachStore(open);
    const all = (after = 0) => store().readPositions({ after, limit: 1000 });

    it("gives positions from 1 on, in the order of the batch, and reads them back unchanged", async () => {
      const events = [event("A"), event("B", { bots: ["helper", "tickets"] }), event("C", { key: null, bots: [] })];
      expect(await store().appendEvents(batch(events))).toEqual([
        { outcome: "fresh", id: "evt_A", seq: 1 },
        { outcome: "fresh", id: "evt_B", seq: 2 },
        { outcome: "fresh", id: "evt_C", seq: 3 },
      ]);
      expect(await all()).toEqual(
        events.map(({ body, bots }, at) => ({ seq: at + 1, first: true, bots, committedAt: time(1), body })),
      );
      expect((await all(1)).map(({ seq }) => seq)).toEqual([2, 3]);
      expect(await store().readPositions({ after: 0, limit: 2 })).toHaveLength(2);
    });

    it("makes one event of one key, however often it comes", async () => {
      await store().appendEvents(batch([event("A")]));
      const again = event("A2", { key: "chat message A" });
      expect(await store().appendEvents(batch([again, again]))).toEqual([
        { outcome: "duplicate", id: "evt_A", seq: null },
        { outcome: "duplicate", id: "evt_A", seq: null },
      ]);
      expect(await all()).toHaveLength(1);
      expect(await store().getEvent("evt_A2")).toBeNull();
    });

    it("never merges events without a key", async () => {
      const appended = await store().appendEvents(batch([event("A", { key: null }), event("B", { key: null })]));
      expect(outcomes(appended)).toEqual(["fresh", "fresh"]);
    });

    it("appends a position for a late copy, with the new bots only", async () => {
      await store().appendEvents(batch([event("A", { bots: ["one"] }), event("B")]));
      const copy = event("X", { key: "chat message A", bots: ["two", "one", "two"] });
      expect(await store().appendEvents(batch([copy], { committedAt: time(5) }))).toEqual([
        { outcome: "copy", id: "evt_A", seq: 3 },
      ]);
      expect((await all(2)).map(({ body, ...place }) => ({ ...place, id: body.id }))).toEqual([
        { seq: 3, first: false, bots: ["two"], committedAt: time(5), id: "evt_A" },
      ]);
      expect(outcomes(await store().appendEvents(batch([copy])))).toEqual(["duplicate"]);
      expect(await store().getEvent("evt_A")).toMatchObject({ seq: 1, first: true, bots: ["one", "two"] });
    });

    it("finds copies inside one batch", async () => {
      const same = (bots: string[]) => event("A", { key: "k", bots });
      const appended = await store().appendEvents(batch([same(["one"]), same(["two"]), same(["one", "two"])]));
      expect(outcomes(appended)).toEqual(["fresh", "copy", "duplicate"]);
    });

    it("keeps keys unique and positions without holes under concurrent appends", async () => {
      const ids = Array.from({ length: 40 }, (_, at) => `E${at % 10}`);
      const appended = await Promise.all(ids.map((id) => store().appendEvents(batch([event(id)]))));
      expect(outcomes(appended.flat()).filter((outcome) => outcome === "fresh")).toHaveLength(10);
      expect((await all()).map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    });

    it("puts entries, records and the raw intake in the same transaction", async () => {
      const raw = { via: "transaction", id: "41", bytes: new Uint8Array([0, 255, 7]), seal: reversed };
      await store().appendEvents(batch([event("A")], { raw, put: { cursor: { at: 7 } }, records: [member("r", "b")] }));
      expect(await store().pluginGet("chat", "cursor")).toEqual({ at: 7 });
      expect(await store().listRecords("membership", "chat")).toEqual([{ connection: "chat", room: "r", handle: "b" }]);
      const [row] = await store().listRaw({ connection: "chat", limit: 10 });
      expect(row && { ...row, sealed: [...row.sealed] }).toEqual({
        n: 1,
        connection: "chat",
        via: "transaction",
        id: "41",
        committedAt: time(1),
        bots: null,
        sealed: [7, 255, 0],
        part: null,
      });
    });

    it("appends only what is new where that is asked for, and no copies for other bots", async () => {
      await store().appendEvents(batch([event("A", { bots: ["one"] })]));
      const again = [event("A", { bots: ["one", "two"] }), event("B", { bots: ["two"] })];
      const appended = await store().appendEvents(batch(again, { onlyFresh: true }));
      expect(outcomes(appended)).toEqual(["duplicate", "fresh"]);
      expect((await all()).map(({ bots }) => bots)).toEqual([["one"], ["two"]]);
    });

    it("adds to what was read in later the bots of its other copies, where that is asked for", async () => {
      const late = { ...event("A").body, backfilled: true };
      await store().appendEvents(
        batch([{ ...event("A", { bots: ["one"] }), body: late }, event("B", { bots: ["one"] })]),
      );
      const again = ["two", "three"].map((name) => [event("A", { bots: [name] }), event("B", { bots: [name] })]);
      const [second = [], third = []] = again;
      expect(outcomes(await store().appendEvents(batch(second, { onlyFresh: true })))).toEqual([
        "duplicate",
        "duplicate",
      ]);
      expect(outcomes(await store().appendEvents(batch(third, { onlyFresh: true, copies: true })))).toEqual([
        "copy",
        "duplicate",
      ]);
      expect(await store().getEvent("evt_A")).toMatchObject({ bots: ["one", "three"] });
    });

    it("gives the key of what was unknown to what is known of it now, once, and only where that is asked for", async () => {
      const unknown = event("A");
      await store().appendEvents(
        batch([{ ...unknown, body: { ...unknown.body, id: "evt_U", type: "platform.unknown" } }]),
      );
      const late = { ...event("A", { bots: ["two"] }), body: { ...unknown.body, id: "evt_L" } };
      expect(outcomes(await store().appendEvents(batch([late])))).toEqual(["copy"]);
      const again = { ...unknown.body, id: "evt_B", type: "platform.unknown" } as const;
      expect(outcomes(await store().appendEvents(batch([{ ...unknown, body: again }], { onlyFresh: true })))).toEqual([
        "duplicate",
      ]);
      expect(await store().appendEvents(batch([unknown], { onlyFresh: true }))).toEqual([
        { outcome: "fresh", id: "evt_A", seq: 3 },
      ]);
      expect(outcomes(await store().appendEvents(batch([unknown], { onlyFresh: true })))).toEqual(["duplicate"]);
      expect(await store().appendEvents(batch([late]))).toMatchObject([{ outcome: "copy", id: "evt_A" }]);
      expect((await all()).map(({ body }) => body.id)).toEqual(["evt_U", "evt_U", "evt_A", "evt_A"]);
    });

    it("makes the changes of an event when it comes for the first time only", async () => {
      const joined = event("A", { records: [member("r", "b")] });
      await store().appendEvents(batch([joined]));
      const left = { ...member("r", "b"), value: null } as const;
      await store().appendEvents(batch([event("B", { records: [left] }), joined, event("C")]));
      expect(await store().listRecords("membership")).toEqual([]);
    });

    it("undoes the whole batch when one record is refused, and only that batch", async () => {
      await store().putRecords([bot("helper")]);
      const taken = { ...bot("helper"), absent: true } as const;
      const [refused, kept] = await Promise.allSettled([
        store().appendEvents(batch([event("A")], { put: { cursor: 1 }, records: [taken] })),
        store().appendEvents(batch([event("B")])),
      ]);
      expect(refused).toMatchObject({ status: "rejected", reason: { code: "conflict" } });
      expect(kept).toEqual({ status: "fulfilled", value: [{ outcome: "fresh", id: "evt_B", seq: 1 }] });
      expect(await store().pluginGet("chat", "cursor")).toBeNull();
      expect((await all()).map(({ body }) => body.id)).toEqual(["evt_B"]);
    });

    it("hands out copies: a change of what was read changes nothing kept", async () => {
      const sent = event("A");
      await store().appendEvents(batch([sent]));
      const [first] = await all();
      (first as unknown as { body: { type: string } }).body.type = "changed";
      expect((await all())[0]?.body).toEqual(sent.body);
    });
  });

  describe("time and retention", () => {
    const store = eachStore(open);
    const append = (id: string, minute: number, bots = ["helper"]) =>
      store().appendEvents(batch([event(id, { bots })], { committedAt: time(minute) }));

    it("knows its first and last position, also when it is empty", async () => {
      expect(await store().info()).toMatchObject({ headSeq: 0, oldestSeq: 1 });
      await append("A", 1);
      await append("B", 2);
      expect(await store().info()).toMatchObject({ headSeq: 2, oldestSeq: 1 });
      expect((await store().info()).logId).toMatch(/^[0-9a-z]{3,8}$/);
    });

    it("finds the last position before a time", async () => {
      expect(await store().seqBefore(time(3))).toBe(0);
      for (const [at, minute] of [1, 2, 2, 2, 5, 9].entries()) await append(`E${at}`, minute);
      const found = await Promise.all([0, 1, 2, 3, 5, 6, 9, 10].map((minute) => store().seqBefore(time(minute))));
      expect(found).toEqual([0, 0, 1, 4, 4, 5, 5, 6]);
    });

    it("trims from the oldest on and never gives a position twice", async () => {
      for (const [at, minute] of [1, 2, 3].entries()) await append(`E${at}`, minute);
      expect(await store().trim({ events: time(3) })).toBe(2);
      expect(await store().info()).toMatchObject({ headSeq: 3, oldestSeq: 3 });
      expect((await store().readPositions({ after: 0, limit: 9 })).map(({ seq }) => seq)).toEqual([3]);
      expect(await store().getEvent("evt_E0")).toBeNull();
      expect(await store().seqBefore(time(1))).toBe(2);
      expect(await store().trim({ events: time(9) })).toBe(1);
      expect(await store().info()).toMatchObject({ headSeq: 3, oldestSeq: 4 });
      expect(await append("F", 10)).toEqual([{ outcome: "fresh", id: "evt_F", seq: 4 }]);
      expect(await store().trim({ events: time(9) })).toBe(0);
    });

    it("keeps what follows a position whose clock was ahead", async () => {
      for (const [at, minute] of [1, 50, 2].entries()) await append(`E${at}`, minute);
      expect(await store().trim({ events: time(3) })).toBe(1);
      expect(await store().info()).toMatchObject({ oldestSeq: 2 });
    });

    it("keeps an event readable through its late copy, and its key with it", async () => {
      await append("A", 1, ["one"]);
      await append("B", 2);
      await append("A", 5, ["two"]);
      expect(await store().trim({ events: time(3) })).toBe(2);
      const kept = await store().readPositions({ after: 0, limit: 9 });
      expect(kept).toMatchObject([{ seq: 3, first: false, bots: ["two"], body: { id: "evt_A" } }]);
      expect(await store().getEvent("evt_A")).toMatchObject({ seq: 1, bots: ["one", "two"] });
      expect(outcomes(await append("A", 6, ["two"]))).toEqual(["duplicate"]);
      expect(await store().trim({ events: time(9) })).toBe(1);
      expect(await store().getEvent("evt_A")).toBeNull();
      expect(outcomes(await append("A", 10))).toEqual(["fresh"]);
    });
  });
}
