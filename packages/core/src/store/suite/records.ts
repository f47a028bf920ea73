import { describe, expect, it } from "vitest";
import { batch, bot, connection, event, member } from "./samples.ts";
import { eachStore, type OpenTested } from "./tested.ts";

/** Part of the suite: records, numbers, plugin entries. */
export function testRecords(open: OpenTested): void {
  describe("records", () => {
    const store = eachStore(open);

    it("lists by kind and scope, by id, and replaces", async () => {
      await store().putRecords([bot("zoe"), bot("adam"), bot("zoe", "other"), connection("chat")]);
      const handles = async (scope?: string) =>
        (await store().listRecords("bot", scope)).map((record) => `${record.connection}/${record.handle}`);
      expect(await handles()).toEqual(["chat/adam", "chat/zoe", "other/zoe"]);
      expect(await handles("chat")).toEqual(["chat/adam", "chat/zoe"]);
      const changed = bot("adam");
      if (changed.kind !== "bot" || !changed.value) throw new Error("a bot");
      await store().putRecords([{ ...changed, value: { ...changed.value, held: true } }]);
      expect((await store().listRecords("bot", "chat")).map(({ held }) => held)).toEqual([true, false]);
    });

    it("refuses a batch whole when an id that must be absent is taken", async () => {
      await store().putRecords([bot("helper")]);
      const puts = [bot("first"), { ...bot("helper"), absent: true as const }];
      await expect(store().putRecords(puts)).rejects.toMatchObject({ code: "conflict" });
      expect(await store().listRecords("bot")).toHaveLength(1);
      await store().putRecords([
        { kind: "bot", id: "chat/helper", scope: "chat", value: null },
        { ...bot("helper"), absent: true },
      ]);
      expect(await store().listRecords("bot")).toHaveLength(1);
    });

    it("lets one of two that come at once win", async () => {
      const put = () => store().putRecords([{ ...bot("helper"), absent: true }]);
      const results = await Promise.allSettled([put(), put()]);
      expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    });

    it("never gives a number twice, and counts steps and gaps apart", async () => {
      const numbers = await Promise.all([1, 2, 3].map(() => store().nextNumber("step")));
      expect(numbers).toEqual([1, 2, 3]);
      expect(await store().nextNumber("gap")).toBe(1);
    });

    it("keeps plugin entries by connection; null deletes", async () => {
      await store().pluginPut("chat", { "a/1": { n: 1 }, "a/2": [2], b: "text", "a/é": true });
      await store().pluginPut("other", { "a/1": 9 });
      expect(await store().pluginGet("chat", "a/1")).toEqual({ n: 1 });
      expect(await store().pluginGet("chat", "missing")).toBeNull();
      await store().pluginPut("chat", { "a/1": null, "a/3": false });
      expect(await store().pluginList("chat", "a/")).toEqual([
        ["a/2", [2]],
        ["a/3", false],
        ["a/é", true],
      ]);
      expect(await store().pluginList("chat", "")).toHaveLength(4);
      expect(await store().pluginList("chat", "c")).toEqual([]);
    });

    it("forgets a connection and what belongs to it, but neither its events nor others", async () => {
      for (const id of ["chat", "other"]) {
        await store().putRecords([connection(id), bot("helper", id), member("room-1", "helper", id)]);
        await store().pluginPut(id, { cursor: 1 });
        await store().appendEvents(
          batch([event("A", { connection: id, body: event(`A-${id}`).body })], { connection: id }),
        );
      }
      await store().forgetConnection("chat");
      expect((await store().listRecords("connection")).map(({ id }) => id)).toEqual(["other"]);
      expect((await store().listRecords("bot")).map((record) => record.connection)).toEqual(["other"]);
      expect((await store().listRecords("membership")).map((record) => record.connection)).toEqual(["other"]);
      expect(await store().pluginGet("chat", "cursor")).toBeNull();
      expect(await store().pluginGet("other", "cursor")).toBe(1);
      expect(await store().readPositions({ after: 0, limit: 9 })).toHaveLength(2);
    });

    it("does not take an event of a new connection for one of a forgotten namesake", async () => {
      await store().appendEvents(batch([event("A")]));
      await store().forgetConnection("chat");
      const [appended] = await store().appendEvents(batch([event("B", { key: "chat message A" })]));
      expect(appended).toEqual({ outcome: "fresh", id: "evt_B", seq: 2 });
    });
  });
}
