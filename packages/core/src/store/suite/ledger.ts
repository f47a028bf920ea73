import { describe, expect, it } from "vitest";
import type { AuditRow } from "../types.ts";
import { effect, time } from "./samples.ts";
import { eachStore, type OpenTested } from "./tested.ts";

/** Part of the suite: the ledger of effects and the audit. */
export function testLedger(open: OpenTested): void {
  describe("the ledger", () => {
    const store = eachStore(open);

    it("keeps a row as it was given, and a patch of it", async () => {
      const row = effect("1", { idempotencyKey: "k" });
      expect(await store().beginEffect(row)).toEqual({ row, created: true });
      expect(await store().getEffect("op_1")).toEqual(row);
      const patch = { state: "done", effect: "applied", result: '{"id":"m"}', updatedAt: time(2) } as const;
      await store().updateEffect("op_1", patch);
      expect(await store().getEffect("op_1")).toEqual({ ...row, ...patch });
      expect(await store().getEffect("op_none")).toBeNull();
      await expect(store().updateEffect("op_none", patch)).rejects.toMatchObject({ code: "internal" });
    });

    it("answers the first row for the same scope, operation and key, and writes nothing", async () => {
      const first = effect("1", { idempotencyKey: "k" });
      await store().beginEffect(first);
      const again = effect("2", { idempotencyKey: "k", digest: "other" });
      expect(await store().beginEffect(again)).toEqual({ row: first, created: false });
      expect(await store().getEffect("op_2")).toBeNull();
    });

    it("keeps scopes and operations apart, and rows without a key", async () => {
      const rows = [
        effect("1", { idempotencyKey: "k" }),
        effect("2", { idempotencyKey: "k", scope: "key-2" }),
        effect("3", { idempotencyKey: "k", operation: "reactions.add" }),
        effect("4"),
        effect("5"),
      ];
      const begun = await Promise.all(rows.map((row) => store().beginEffect(row)));
      expect(begun.map(({ created }) => created)).toEqual([true, true, true, true, true]);
    });

    it("lets one of many that come at once with one key win", async () => {
      const begun = await Promise.all(
        ["1", "2", "3"].map((id) => store().beginEffect(effect(id, { idempotencyKey: "k" }))),
      );
      expect(begun.filter(({ created }) => created)).toHaveLength(1);
      expect(new Set(begun.map(({ row }) => row.id)).size).toBe(1);
    });

    it("gives the key back when nothing was done, and only then", async () => {
      await store().beginEffect(effect("1", { idempotencyKey: "k" }));
      await store().updateEffect("op_1", { state: "failed", effect: "none" });
      expect(await store().getEffect("op_1")).toMatchObject({ state: "failed", idempotencyKey: null });
      expect(await store().beginEffect(effect("2", { idempotencyKey: "k" }))).toMatchObject({ created: true });
      await store().updateEffect("op_2", { state: "unknown", effect: "unknown" });
      expect(await store().beginEffect(effect("3", { idempotencyKey: "k" }))).toMatchObject({ created: false });
      await store().updateEffect("op_2", { state: "failed", effect: "applied" });
      expect(await store().beginEffect(effect("4", { idempotencyKey: "k" }))).toMatchObject({ created: false });
    });

    it("finds a row by what its send carried, inside the connection", async () => {
      await store().beginEffect(effect("1", { effectId: "E" }));
      await store().beginEffect(effect("2", { effectId: "E", connection: "other" }));
      expect(await store().findEffect({ connection: "chat", effectId: "E" })).toMatchObject({ id: "op_1" });
      expect(await store().findEffect({ connection: "other", effectId: "E" })).toMatchObject({ id: "op_2" });
      expect(await store().findEffect({ connection: "chat", effectId: "none" })).toBeNull();
    });

    it("lists newest first, by connection and state, in pages", async () => {
      const states = ["done", "failed", "done", "unknown", "done"] as const;
      for (const [at, state] of states.entries()) {
        await store().beginEffect(
          effect(`${at}`, { state, effect: "applied", connection: at === 0 ? "other" : "chat" }),
        );
      }
      const ids = async (query: Parameters<ReturnType<typeof store>["listEffects"]>[0]) =>
        (await store().listEffects(query)).map(({ id }) => id);
      expect(await ids({ limit: 2 })).toEqual(["op_4", "op_3"]);
      expect(await ids({ limit: 9, before: "op_3" })).toEqual(["op_2", "op_1", "op_0"]);
      expect(await ids({ limit: 9, connection: "chat", states: ["done"] })).toEqual(["op_4", "op_2"]);
      expect(await ids({ limit: 9, states: ["unknown", "failed"] })).toEqual(["op_3", "op_1"]);
      expect(await ids({ limit: 9, before: "op_gone" })).toEqual([]);
      expect(await store().countEffects()).toEqual({ sent: 3, failed: 1, unknown: 1 });
    });

    it("settles what a crash left: attempting is unknown, accepted has failed and may be sent again", async () => {
      await store().beginEffect(effect("1", { idempotencyKey: "a" }));
      await store().beginEffect(effect("2", { idempotencyKey: "b", state: "attempting", attempts: 1 }));
      expect(await store().recoverEffects(time(9))).toEqual({ unknown: 1, failed: 1 });
      expect(await store().getEffect("op_1")).toMatchObject({
        state: "failed",
        effect: "none",
        settledBy: "restart",
        updatedAt: time(9),
        error: { code: "cancelled" },
      });
      expect(await store().getEffect("op_2")).toMatchObject({
        state: "unknown",
        effect: "unknown",
        settledBy: null,
        attempts: 1,
      });
      expect(await store().beginEffect(effect("3", { idempotencyKey: "a" }))).toMatchObject({ created: true });
      expect(await store().beginEffect(effect("4", { idempotencyKey: "b" }))).toMatchObject({ created: false });
      expect(await store().recoverEffects(time(10))).toEqual({ unknown: 0, failed: 1 });
    });

    it("trims what has ended long ago, never what is under way", async () => {
      const old = { updatedAt: time(1), effect: "applied" } as const;
      await store().beginEffect(effect("1", { ...old, state: "done" }));
      await store().beginEffect(effect("2", { ...old, state: "attempting" }));
      await store().beginEffect(effect("3", { state: "done", effect: "applied", updatedAt: time(5) }));
      await store().trim({ effects: time(5) });
      expect((await store().listEffects({ limit: 9 })).map(({ id }) => id)).toEqual(["op_3", "op_2"]);
    });
  });

  describe("the audit", () => {
    const store = eachStore(open);
    const row = (key: string, minute: number): AuditRow => ({
      time: time(minute),
      request: `req_${minute}`,
      key,
      operation: "messages.send",
      connection: "chat",
      bot: null,
      room: null,
      answer: "ok",
    });

    it("lists newest first, by key, in pages, and is trimmed", async () => {
      await store().appendAudit([row("a", 1), row("b", 2), row("a", 3)]);
      await store().appendAudit([row("a", 4)]);
      const page = await store().listAudit({ key: "a", limit: 2 });
      expect(page).toEqual([
        { ...row("a", 4), n: 4 },
        { ...row("a", 3), n: 3 },
      ]);
      expect(await store().listAudit({ key: "a", limit: 2, before: 3 })).toEqual([{ ...row("a", 1), n: 1 }]);
      const some = async (query: object) => (await store().listAudit({ ...query, limit: 9 })).map(({ n }) => n);
      expect(await some({ since: time(3) })).toEqual([4, 3]);
      expect(await some({ operation: "messages.*" })).toEqual([4, 3, 2, 1]);
      expect(await some({ operation: "messages.sen" })).toEqual([]);
      expect(await some({ answer: "ok", connection: "nowhere" })).toEqual([]);
      expect(await some({ answer: "error" })).toEqual([]);
      await store().trim({ audit: time(3) });
      expect((await store().listAudit({ limit: 9 })).map(({ n }) => n)).toEqual([4, 3]);
      await store().trim({ audit: time(9) });
      expect(await store().listAudit({ limit: 9 })).toEqual([]);
    });
  });
}
