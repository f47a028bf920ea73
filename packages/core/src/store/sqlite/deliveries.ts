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
  const lastAttempt = db.query<{ n: number | null }>("select max(n) as n from attempts");
  const insertAttempts = db.query("insert into attempts (n, webhook, count, value) values (?, ?, ?, ?)");
  const attempts = db.query<ValueRow & { readonly n: number }>(
    "select n, value from attempts where webhook = ? order by n desc",
  );
  const dropAttempts = db.query(
    `delete from attempts where webhook = ?1 and n <= (
       select n from (select n, count as own, sum(count) over (order by n desc) as total from attempts where webhook = ?1)
       where total - own >= ${attemptsKept} order by n desc limit 1)`,
  );
  const forget = ["delivery_state", "delivery", "attempts"].map((table) =>
    db.query(`delete from ${table} where webhook = ?`),
  );

  /** Of each webhook, how many have been written since the old ones were last removed. */
  const written = new Map<string, number>();

  /** Rows of attempts until as many are in them as are kept, newest first. */
  const keptAttempts = function* (webhook: string) {
    let seen = 0;
    for (const { n, value } of attempts.all(webhook)) {
      if (seen >= attemptsKept) return;
      const rows = JSON.parse(value) as AttemptRow[];
      seen += rows.length;
      yield { n, rows: rows.slice(Math.max(0, seen - attemptsKept)) };
    }
  };

  const writeAttempts = (webhook: string, rows: readonly AttemptRow[]): void => {
    const kept = rows.slice(-attemptsKept);
    const n = (lastAttempt.get()?.n ?? 0) + kept.length;
    insertAttempts.run(n, webhook, kept.length, JSON.stringify(kept));
    const now = (written.get(webhook) ?? attemptsKept) + kept.length;
    written.set(webhook, now);
    if (now < attemptsKept) return;
    // Now and then: to find them costs as much as to write many.
    written.set(webhook, 0);
    dropAttempts.run(webhook);
  };

  return {
    saveDeliveries: (changes) =>
      group.run(() => {
        const { webhook, rows = [], gone = [], attempts: tried = [] } = changes;
        if (changes.state) writeState.run(webhook, JSON.stringify(changes.state));
        for (const seq of gone) removeRow.run(webhook, seq);
        for (const row of rows) writeRow.run(webhook, row.seq, row.state, JSON.stringify(row));
        if (tried.length > 0) writeAttempts(webhook, tried);
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
    async listAttempts({ webhook, event, before = Number.MAX_SAFE_INTEGER, limit }) {
      const found: (AttemptRow & { n: number })[] = [];
      for (const { n, rows } of keptAttempts(webhook)) {
        if (n - rows.length + 1 >= before) continue;
        for (const [at, row] of rows.toReversed().entries())
          if (n - at < before && (event === undefined || row.event === event)) found.push({ ...row, n: n - at });
        if (found.length >= limit) break;
      }
      return found.slice(0, limit);
    },
    async forgetWebhook(webhook) {
      db.tx(() => {
        for (const query of forget) query.run(webhook);
      });
    },
  };
}
