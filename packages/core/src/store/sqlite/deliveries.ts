import { attemptsKept } from "../rules.ts";
import type { AttemptRow, DeliveryRow, DeliveryState, Store } from "../types.ts";
import type { Database } from "./database.ts";
import type { Group } from "./group.ts";

interface ValueRow {
  readonly value: string;
}

/** Methods of the store about what webhooks were sent. */
export function createDeliveryStore(
  db: Database,
  group: Group,
): Pick<
  Store,
  "saveDeliveries" | "deliveryState" | "listDeliveries" | "countDeliveries" | "listAttempts" | "forgetWebhook"
> {
  const state = db.query<ValueRow>("select value from delivery_state where webhook = ?");
  const writeState = db.query(
    "insert into delivery_state values (?, ?) on conflict (webhook) do update set value = excluded.value",
  );
  const writeRow = db.query(
    `insert into delivery values (?, ?, ?, ?)
     on conflict (webhook, seq) do update set state = excluded.state, value = excluded.value`,
  );
  const removeRow = db.query("delete from delivery where webhook = ? and seq = ?");
  const list = db.query<ValueRow>(
    "select value from delivery where webhook = ?1 and seq > ?2 and (?3 is null or state = ?3) order by seq limit ?4",
  );
  const counts = db.query<{ state: DeliveryRow["state"]; n: number }>(
    "select state, count(*) as n from delivery where webhook = ? group by state",
  );
  const insertAttempt = db.query("insert into attempt (webhook, event, value) values (?, ?, ?)");
  const attempts = db.query<ValueRow & { readonly n: number }>(
    `select n, value from attempt where webhook = ?1 and n < ?2 and (?3 is null or event = ?3) order by n desc limit ?4`,
  );
  const trimAttempts = db.query(
    `delete from attempt where webhook = ?1 and n <= (
       select n from attempt where webhook = ?1 order by n desc limit 1 offset ${attemptsKept})`,
  );
  const forget = ["delivery_state", "delivery", "attempt"].map((table) =>
    db.query(`delete from ${table} where webhook = ?`),
  );

  return {
    saveDeliveries: (changes) =>
      group.run(() => {
        const { webhook, rows = [], gone = [], attempts: tried = [] } = changes;
        if (changes.state) writeState.run(webhook, JSON.stringify(changes.state));
        for (const seq of gone) removeRow.run(webhook, seq);
        for (const row of rows) writeRow.run(webhook, row.seq, row.state, JSON.stringify(row));
        for (const row of tried) insertAttempt.run(webhook, row.event, JSON.stringify(row));
        if (tried.length > 0) trimAttempts.run(webhook);
      }),
    async deliveryState(webhook) {
      const row = state.get(webhook);
      return row && (JSON.parse(row.value) as DeliveryState);
    },
    async listDeliveries({ webhook, state: wanted, after, limit }) {
      return list.all(webhook, after ?? -1, wanted, limit).map((row) => JSON.parse(row.value) as DeliveryRow);
    },
    async countDeliveries(webhook) {
      const of = new Map(counts.all(webhook).map((row) => [row.state, row.n]));
      return { waiting: of.get("waiting") ?? 0, dead: of.get("dead") ?? 0 };
    },
    async listAttempts({ webhook, event, before, limit }) {
      const rows = attempts.all(webhook, before ?? Number.MAX_SAFE_INTEGER, event, limit);
      return rows.map(({ n, value }) => ({ ...(JSON.parse(value) as AttemptRow), n }));
    },
    async forgetWebhook(webhook) {
      db.tx(() => {
        for (const query of forget) query.run(webhook);
      });
    },
  };
}
