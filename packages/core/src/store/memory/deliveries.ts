import { attemptsKept } from "../rules.ts";
import type { AttemptRow, DeliveryRow, DeliveryState, Store } from "../types.ts";

/** @see ../sqlite/deliveries.ts */
export function createMemoryDeliveries(): Pick<
  Store,
  "saveDeliveries" | "deliveryState" | "listDeliveries" | "countDeliveries" | "listAttempts" | "forgetWebhook"
> {
  const states = new Map<string, DeliveryState>();
  const rows = new Map<string, Map<number, DeliveryRow>>();
  const attempts = new Map<string, (AttemptRow & { readonly n: number })[]>();
  let last = 0;

  return {
    async saveDeliveries({ webhook, state, rows: put = [], gone = [], attempts: tried = [] }) {
      if (state) states.set(webhook, structuredClone(state));
      const own = rows.get(webhook) ?? new Map<number, DeliveryRow>();
      rows.set(webhook, own);
      for (const seq of gone) own.delete(seq);
      for (const row of put) own.set(row.seq, { ...row });
      const all = [...(attempts.get(webhook) ?? []), ...tried.map((row) => ({ ...row, n: (last += 1) }))];
      attempts.set(webhook, all.slice(-attemptsKept));
    },
    async deliveryState(webhook) {
      return structuredClone(states.get(webhook) ?? null);
    },
    async listDeliveries({ webhook, state, after, limit }) {
      return [...(rows.get(webhook)?.values() ?? [])]
        .filter((row) => row.seq > (after ?? -1) && (state === undefined || row.state === state))
        .sort((a, b) => a.seq - b.seq)
        .slice(0, limit)
        .map((row) => ({ ...row }));
    },
    async countDeliveries(webhook) {
      const all = [...(rows.get(webhook)?.values() ?? [])];
      const dead = all.filter((row) => row.state === "dead").length;
      return { waiting: all.length - dead, dead };
    },
    async listAttempts({ webhook, event, before, limit }) {
      return (attempts.get(webhook) ?? [])
        .filter((row) => (event === undefined || row.event === event) && (before === undefined || row.n < before))
        .reverse()
        .slice(0, limit)
        .map((row) => ({ ...row }));
    },
    async forgetWebhook(webhook) {
      states.delete(webhook);
      rows.delete(webhook);
      attempts.delete(webhook);
    },
  };
}
