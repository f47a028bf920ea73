import { describe, expect, it } from "vitest";
import { batch, bot, connection, effect, event, time } from "./samples.ts";
import { eachStore, type OpenTested } from "./tested.ts";

/** Part of the suite, for stores that outlive the process: what is there after it was killed. */
export function testCrash(open: OpenTested): void {
  describe("after a crash", () => {
    const store = eachStore(open);

    it("has everything that was answered", async () => {
      await store().putRecords([connection("chat"), bot("helper")]);
      await store().pluginPut("chat", { cursor: "c" });
      await store().nextNumber("step");
      await store().appendEvents(batch([event("A")], { committedAt: time(2) }));
      const { logId } = await store().info();
      const later = await store.crash();
      expect((await later.info()).logId).toBe(logId);
      expect(await later.listRecords("bot")).toHaveLength(1);
      expect(await later.pluginGet("chat", "cursor")).toBe("c");
      expect(await later.nextNumber("step")).toBe(2);
      expect(await later.readPositions({ after: 0, limit: 9 })).toMatchObject([{ seq: 1, body: { id: "evt_A" } }]);
      const [appended] = await later.appendEvents(batch([event("A")]));
      expect(appended?.outcome).toBe("duplicate");
    });

    it("remembers how far it was trimmed, so that no position is given twice", async () => {
      await store().appendEvents(batch([event("A"), event("B")]));
      await store().trim({ events: time(9) });
      const later = await store.crash();
      expect(await later.info()).toMatchObject({ headSeq: 2, oldestSeq: 3 });
      expect(await later.appendEvents(batch([event("C")]))).toMatchObject([{ seq: 3 }]);
    });

    it("tells what may have been done from what was not", async () => {
      await store().beginEffect(effect("1", { idempotencyKey: "a" }));
      await store().beginEffect(effect("2", { idempotencyKey: "b", state: "attempting", attempts: 1 }));
      await store().beginEffect(effect("3", { state: "done", effect: "applied" }));
      const later = await store.crash();
      expect(await later.recoverEffects(time(9))).toEqual({ unknown: 1, failed: 1 });
      expect(await later.getEffect("op_3")).toMatchObject({ state: "done", updatedAt: time(0) });
      expect(await later.beginEffect(effect("4", { idempotencyKey: "b" }))).toMatchObject({ row: { id: "op_2" } });
    });
  });
}
