import { describe, expect, it } from "vitest";
import { batch, bot, event, time } from "./samples.ts";
import { eachStore, type OpenTested } from "./tested.ts";

const name = (at: number): string => `E${String(at).padStart(4, "0")}`;

/** Part of the suite: events by their ids. */
export function testLogIds(open: OpenTested): void {
  describe("events by their ids", () => {
    const store = eachStore(open);
    const append = (id: string, minute: number, bots = ["helper"]) =>
      store().appendEvents(batch([event(id, { bots })], { committedAt: time(minute) }));
    const seqOf = async (id: string) => (await store().getEvent(`evt_${id}`))?.seq;

    it("finds each, between late copies and ids that do not grow", async () => {
      const seqs = new Map<string, number>();
      for (let at = 0; at < 120; at += 1) {
        const id = at % 30 === 7 ? `A${name(at)}` : name(at);
        const [appended] = await append(id, 1);
        seqs.set(id, appended?.seq ?? 0);
        if (at % 9 === 0) await append(name(at), 1, ["second"]);
      }
      expect(seqs.size).toBe(120);
      for (const [id, seq] of seqs) expect([id, await seqOf(id)]).toEqual([id, seq]);
      for (const id of ["", "A", "E0003x", "E9999", "Z"]) expect(await seqOf(id)).toBeUndefined();
    });

    it("finds those that are kept, and one that a copy still needs", async () => {
      for (const [at, minute] of [1, 1, 2, 3, 4].entries()) await append(name(at), minute);
      await append("A0001", 3);
      await append(name(0), 5, ["second"]);
      await store().trim({ events: time(4) });
      expect(await Promise.all([0, 1, 2, 3, 4].map((at) => seqOf(name(at))))).toEqual([
        1,
        undefined,
        undefined,
        undefined,
        5,
      ]);
      await append("A0002", 6);
      expect(await seqOf("A0002")).toBe(8);
      expect(await seqOf(name(0))).toBe(1);
    });

    it("finds what came after something that was refused", async () => {
      await append("B", 1);
      const taken = bot("x");
      await store().putRecords([taken]);
      const again = batch([event("Z")], { records: [{ ...taken, absent: true }] });
      await expect(store().appendEvents(again)).rejects.toMatchObject({ code: "conflict" });
      await append("C", 1);
      expect([await seqOf("B"), await seqOf("C"), await seqOf("Z")]).toEqual([1, 2, undefined]);
    });
  });
}
