import { describe, expect, it } from "vitest";
import { attemptsKept } from "../rules.ts";
import type { AttemptRow, DeliveryRow, DeliveryState } from "../types.ts";
import { time } from "./samples.ts";
import { eachStore, type OpenTested } from "./tested.ts";

const state: DeliveryState = {
  seq: 7,
  ranges: [{ after: 1, until: 3 }],
  level: 2,
  since: time(0),
  pausedUntil: time(5),
  reason: "503",
  lastDeliveredAt: null,
  skipped: 1,
  lost: 0,
};
const row = (seq: number, more: Partial<DeliveryRow> = {}): DeliveryRow => ({
  seq,
  event: `evt_${seq}`,
  lane: "chat/room-1",
  state: "waiting",
  attempts: 1,
  nextAt: time(2),
  reason: "it answered 500",
  ...more,
});
const attempt = (event: string, n = 1): AttemptRow => ({
  event,
  time: time(1),
  attempt: n,
  outcome: "failed",
  status: 500,
  tookMs: 4,
  reason: "it answered 500",
  snippet: "no",
});

/** Part of the suite: what webhooks were sent. */
export function testDeliveries(open: OpenTested): void {
  describe("deliveries", () => {
    const store = eachStore(open);

    it("keeps state and rows of each webhook apart, and replaces by seq", async () => {
      expect(await store().deliveryState("one")).toBeNull();
      await store().saveDeliveries({ webhook: "one", state, rows: [row(3), row(1), row(2, { state: "dead" })] });
      await store().saveDeliveries({ webhook: "two", rows: [row(1)] });
      await store().saveDeliveries({ webhook: "one", rows: [row(3, { attempts: 2 })], gone: [1] });
      expect(await store().deliveryState("one")).toEqual(state);
      expect(await store().listDeliveries({ webhook: "one", limit: 9 })).toEqual([
        row(2, { state: "dead" }),
        row(3, { attempts: 2 }),
      ]);
      expect(await store().listDeliveries({ webhook: "one", after: 2, limit: 9 })).toHaveLength(1);
      expect(await store().listDeliveries({ webhook: "one", state: "dead", limit: 9 })).toHaveLength(1);
      expect(await store().countDeliveries("one")).toEqual({ waiting: 1, dead: 1 });
      expect(await store().countDeliveries("two")).toEqual({ waiting: 1, dead: 0 });
    });

    it("lists attempts newest first, of one event too, and keeps the last thousand", async () => {
      const many = Array.from({ length: attemptsKept + 5 }, (_, n) => attempt(`evt_${n % 2}`, n));
      await store().saveDeliveries({ webhook: "one", attempts: many });
      const page = await store().listAttempts({ webhook: "one", limit: 2 });
      expect(page.map((item) => item.attempt)).toEqual([attemptsKept + 4, attemptsKept + 3]);
      const next = await store().listAttempts({ webhook: "one", before: page[1]?.n ?? 0, limit: 2 });
      expect(next.map((item) => item.attempt)).toEqual([attemptsKept + 2, attemptsKept + 1]);
      expect(await store().listAttempts({ webhook: "one", event: "evt_1", limit: 2 })).toMatchObject([
        { event: "evt_1" },
        { event: "evt_1" },
      ]);
      expect(await store().listAttempts({ webhook: "one", limit: 5000 })).toHaveLength(attemptsKept);
    });

    it("keeps the last thousand attempts however few are written at once, each webhook its own", async () => {
      const total = 2 * attemptsKept + 35;
      for (let at = 0; at < total; at += 15) {
        const some = Array.from({ length: Math.min(15, total - at) }, (_, n) => attempt(`evt_${at + n}`, at + n));
        await store().saveDeliveries({ webhook: "one", attempts: some });
        if (at < 30) await store().saveDeliveries({ webhook: "two", attempts: [attempt(`evt_other_${at}`)] });
      }
      const all = await store().listAttempts({ webhook: "one", limit: 5000 });
      expect(all.map((item) => item.attempt)).toEqual(Array.from({ length: attemptsKept }, (_, n) => total - 1 - n));
      expect(new Set(all.map((item) => item.n)).size).toBe(attemptsKept);
      const pages: number[] = [];
      for (let before: number | undefined; ;) {
        const page = await store().listAttempts({
          webhook: "one",
          limit: 7,
          ...(before === undefined ? {} : { before }),
        });
        if (page.length === 0) break;
        pages.push(...page.map((item) => item.attempt));
        before = page.at(-1)?.n;
      }
      expect(pages).toEqual(all.map((item) => item.attempt));
      expect(await store().listAttempts({ webhook: "one", event: `evt_${total - 20}`, limit: 5 })).toHaveLength(1);
      expect(await store().listAttempts({ webhook: "two", limit: 5 })).toHaveLength(2);
    });

    it("forgets everything of one webhook", async () => {
      await store().saveDeliveries({ webhook: "one", state, rows: [row(1)], attempts: [attempt("evt_1")] });
      await store().saveDeliveries({ webhook: "two", state, rows: [row(1)] });
      await store().forgetWebhook("one");
      expect(await store().deliveryState("one")).toBeNull();
      expect(await store().countDeliveries("one")).toEqual({ waiting: 0, dead: 0 });
      expect(await store().listAttempts({ webhook: "one", limit: 9 })).toEqual([]);
      expect(await store().countDeliveries("two")).toEqual({ waiting: 1, dead: 0 });
    });
  });
}
