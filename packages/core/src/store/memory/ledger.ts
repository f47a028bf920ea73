import { keptEffect, noEffectError, recoveredEffect } from "../rules.ts";
import type { AuditRow, EffectRow, Store } from "../types.ts";

/** @see ../sqlite/effects.ts and ../sqlite/audit.ts */
export interface MemoryLedger {
  readonly methods: Pick<
    Store,
    | "beginEffect"
    | "updateEffect"
    | "getEffect"
    | "findEffect"
    | "listEffects"
    | "countEffects"
    | "recoverEffects"
    | "appendAudit"
    | "listAudit"
  >;
  trimEffects(before: string): void;
  trimAudit(before: string): void;
}

export function createMemoryLedger(): MemoryLedger {
  // In the order they began.
  const rows = new Map<string, EffectRow>();
  let audit: (AuditRow & { readonly n: number })[] = [];
  let lastAudit = 0;

  const copyOf = <T>(row: T): T => structuredClone(row);
  const count = (state: EffectRow["state"]): number => [...rows.values()].filter((row) => row.state === state).length;

  return {
    methods: {
      async beginEffect(wanted) {
        const row = copyOf(keptEffect(wanted));
        const { scope, operation, idempotencyKey } = row;
        for (const other of idempotencyKey === null ? [] : rows.values()) {
          if (other.scope === scope && other.operation === operation && other.idempotencyKey === idempotencyKey) {
            return { row: copyOf(other), created: false };
          }
        }
        rows.set(row.id, row);
        return { row: copyOf(row), created: true };
      },
      async updateEffect(id, patch) {
        const row = rows.get(id);
        if (!row) throw noEffectError(id);
        rows.set(id, copyOf(keptEffect({ ...row, ...patch })));
      },
      async getEffect(id) {
        return copyOf(rows.get(id) ?? null);
      },
      async findEffect({ connection, effectId }) {
        const found = [...rows.values()].findLast((row) => row.connection === connection && row.effectId === effectId);
        return copyOf(found ?? null);
      },
      async listEffects({ connection, states, before, limit }) {
        const all = [...rows.values()];
        const end =
          before === undefined
            ? all.length
            : Math.max(
                0,
                all.findIndex((row) => row.id === before),
              );
        return all
          .slice(0, end)
          .filter(
            (row) =>
              (connection === undefined || row.connection === connection) && (states?.includes(row.state) ?? true),
          )
          .reverse()
          .slice(0, limit)
          .map(copyOf);
      },
      async countEffects() {
        return { sent: count("done"), failed: count("failed"), unknown: count("unknown") };
      },
      async recoverEffects(now) {
        let unknown = 0;
        let failed = 0;
        for (const row of rows.values()) {
          const recovered = recoveredEffect(row, now);
          if (!recovered) continue;
          rows.set(row.id, recovered);
          if (recovered.state === "unknown") unknown += 1;
          else failed += 1;
        }
        return { unknown, failed };
      },
      async appendAudit(added) {
        for (const row of added) {
          lastAudit += 1;
          audit.push({ ...row, n: lastAudit });
        }
      },
      async listAudit({ key, operation, connection, answer, since, before, limit }) {
        const noun = operation?.endsWith(".*") ? operation.slice(0, -1) : null;
        const fits = (row: AuditRow & { readonly n: number }): boolean =>
          (key === undefined || row.key === key) &&
          (operation === undefined || (noun === null ? row.operation === operation : row.operation.startsWith(noun))) &&
          (connection === undefined || row.connection === connection) &&
          (answer === undefined || row.answer === answer || (answer === "error" && row.answer !== "ok")) &&
          (since === undefined || row.time >= since) &&
          (before === undefined || row.n < before);
        return audit.filter(fits).reverse().slice(0, limit).map(copyOf);
      },
    },
    trimEffects(before) {
      for (const row of rows.values()) {
        if (row.state !== "accepted" && row.state !== "attempting" && row.updatedAt < before) rows.delete(row.id);
      }
    },
    trimAudit(before) {
      const young = audit.findIndex((row) => row.time >= before);
      audit = young < 0 ? [] : audit.slice(young);
    },
  };
}
