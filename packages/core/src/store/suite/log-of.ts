import { describe, expect, it } from "vitest";
import { batch, event, time } from "./samples.ts";
import { eachStore, type OpenTested } from "./tested.ts";

/** Part of the suite: the positions of one connection among those of others. */
export function testLogOf(open: OpenTested): void {
  describe("the log of one connection", () => {
    const store = eachStore(open);
    const append = (id: string, minute: number, bots = ["helper"]) =>
      store().appendEvents(batch([event(id, { bots })], { committedAt: time(minute) }));

    it("narrows to a connection", async () => {
      await store().appendEvents(batch([event("A"), event("B")]));
      await store().appendEvents(batch([event("C", { connection: "other" })], { connection: "other" }));
      await store().appendEvents(batch([event("D")]));
      const read = (connection: string, after = 0) => store().readPositions({ after, limit: 2, connection });
      expect((await read("chat", 1)).map(({ seq }) => seq)).toEqual([2, 4]);
      expect((await read("other")).map(({ body }) => body.id)).toEqual(["evt_C"]);
      expect(await read("unknown")).toEqual([]);
    });

    it("narrows to a connection whose positions lie far apart, from every place on", async () => {
      const others = (from: number, count: number) =>
        store().appendEvents(batch(Array.from({ length: count }, (_, at) => event(`O${from + at}`))));
      const own = (id: string) =>
        store().appendEvents(batch([event(id, { connection: "rare" })], { connection: "rare" }));
      await own("A");
      await others(0, 700);
      await own("B");
      await own("C");
      await others(700, 300);
      await own("D");
      const seen: number[] = [];
      for (let after = 0; ;) {
        const [next] = await store().readPositions({ after, limit: 1, connection: "rare" });
        if (!next) break;
        seen.push(next.seq);
        after = next.seq;
      }
      expect(seen).toEqual([1, 702, 703, 1004]);
      const read = (after: number) => store().readPositions({ after, limit: 9, connection: "rare" });
      expect((await read(255)).map(({ body }) => body.id)).toEqual(["evt_B", "evt_C", "evt_D"]);
      expect((await read(702)).map(({ body }) => body.id)).toEqual(["evt_C", "evt_D"]);
    });

    it("narrows to a connection also after trimming, and forgets the keys of what a copy still needs", async () => {
      await append("A", 1);
      await append("O", 1);
      for (let at = 0; at < 600; at += 100)
        await store().appendEvents(
          batch(
            Array.from({ length: 100 }, (_, more) => event(`E${at + more}`, { connection: "other" })),
            { connection: "other", committedAt: time(2) },
          ),
        );
      await append("A", 3, ["second"]);
      expect(await store().trim({ events: time(3) })).toBe(602);
      const read = (connection: string) => store().readPositions({ after: 0, limit: 9, connection });
      expect((await read("chat")).map(({ seq, body }) => [seq, body.id])).toEqual([[603, "evt_A"]]);
      expect(await read("other")).toEqual([]);
      await store().forgetConnection("chat");
      const anew = event("N", { key: "chat message A" });
      expect(await store().appendEvents(batch([anew]))).toEqual([{ outcome: "fresh", id: "evt_N", seq: 604 }]);
    });
  });
}
