import { keptEffect, noEffectError, recoveredEffect } from "../rules.ts";
import type { EffectRow, Store } from "../types.ts";
import type { Database, Value } from "./database.ts";

interface ValueRow {
  readonly value: string;
}

/** Methods of the store about the ledger. */
export interface EffectStore {
  readonly methods: Pick<
    Store,
    "beginEffect" | "updateEffect" | "getEffect" | "findEffect" | "listEffects" | "countEffects" | "recoverEffects"
  >;
  /** Inside a transaction of the caller. */
  trim(before: string): void;
}

export function createEffectStore(db: Database): EffectStore {
  const insert = db.query(
    `insert into effect (id, scope, operation, idempotency_key, connection, effect_id, state, updated_at, value)
     values (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const update = db.query(
    `update effect set scope = ?2, operation = ?3, idempotency_key = ?4, connection = ?5, effect_id = ?6, state = ?7,
     updated_at = ?8, value = ?9 where id = ?1`,
  );
  const byKey = db.query<ValueRow>(
    "select value from effect where scope = ? and operation = ? and idempotency_key = ?",
  );
  const byId = db.query<ValueRow>("select value from effect where id = ?");
  const byEffectId = db.query<ValueRow>(
    "select value from effect where effect_id = ? and connection = ? order by n desc limit 1",
  );
  const open = db.query<ValueRow>("select value from effect where state in ('accepted', 'attempting')");
  const list = db.query<ValueRow>(
    `select value from effect where (?1 is null or connection = ?1)
     and (?2 is null or state in (select value from json_each(?2)))
     and (?3 is null or n < (select n from effect where id = ?3)) order by n desc limit ?4`,
  );
  const counts = db.query<{ state: string; n: number }>("select state, count(*) as n from effect group by state");
  const drop = db.query("delete from effect where state in ('done', 'failed', 'unknown') and updated_at < ?");

  const parse = (row: ValueRow | null): EffectRow | null => row && (JSON.parse(row.value) as EffectRow);
  const columns = (row: EffectRow): Value[] => [
    row.id,
    row.scope,
    row.operation,
    row.idempotencyKey,
    row.connection,
    row.effectId,
    row.state,
    row.updatedAt,
    JSON.stringify(row),
  ];

  return {
    methods: {
      async beginEffect(wanted) {
        return db.tx(() => {
          const row = keptEffect(wanted);
          const { scope, operation, idempotencyKey } = row;
          const found = idempotencyKey === null ? null : parse(byKey.get(scope, operation, idempotencyKey));
          if (found) return { row: found, created: false };
          insert.run(...columns(row));
          return { row, created: true };
        });
      },
      async updateEffect(id, patch) {
        db.tx(() => {
          const row = parse(byId.get(id));
          if (row === null) throw noEffectError(id);
          update.run(...columns(keptEffect({ ...row, ...patch })));
        });
      },
      async getEffect(id) {
        return parse(byId.get(id));
      },
      async findEffect({ connection, effectId }) {
        return parse(byEffectId.get(effectId, connection));
      },
      async listEffects({ connection, states, before, limit }) {
        const rows = list.all(connection, states && JSON.stringify(states), before, limit);
        return rows.map((row) => JSON.parse(row.value) as EffectRow);
      },
      async countEffects() {
        const of = new Map(counts.all().map(({ state, n }) => [state, n]));
        return { sent: of.get("done") ?? 0, failed: of.get("failed") ?? 0, unknown: of.get("unknown") ?? 0 };
      },
      async recoverEffects(now) {
        return db.tx(() => {
          const rows = open.all().flatMap((row) => recoveredEffect(JSON.parse(row.value) as EffectRow, now) ?? []);
          for (const row of rows) update.run(...columns(row));
          const unknown = rows.filter((row) => row.state === "unknown").length;
          return { unknown, failed: rows.length - unknown };
        });
      },
    },
    trim(before) {
      drop.run(before);
    },
  };
}
