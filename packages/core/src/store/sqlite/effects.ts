import { keptEffect, noEffectError, recoveredEffect } from "../rules.ts";
import type { EffectRow, Store, Writing } from "../types.ts";
import type { Database } from "./database.ts";
import type { Group } from "./group.ts";

interface ValueRow {
  readonly value: string;
}

/** Rows that are remembered beside the file. */
const mostRecent = 512;

/** Methods of the store about the ledger. */
export interface EffectStore {
  readonly methods: Pick<
    Store,
    "beginEffect" | "updateEffect" | "getEffect" | "findEffect" | "listEffects" | "countEffects" | "recoverEffects"
  >;
  /** Inside a transaction of the caller. */
  trim(before: string): void;
}

export function createEffectStore(db: Database, group: Group): EffectStore {
  const insert = db.query(
    `insert into effect (id, scope, operation, idempotency_key, connection, effect_id, state, updated_at, value)
     values (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  // Only what may change: an index is written for each column that is named.
  const update = db.query("update effect set state = ?2, updated_at = ?3, value = ?4 where id = ?1");
  const unkey = db.query("update effect set idempotency_key = null where id = ?");
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
  /** Rows as they are in the file, the last written last: most are changed and asked for again within milliseconds. */
  const recent = new Map<string, EffectRow>();
  const recentBy = new Map<string, string>();
  const remember = (row: EffectRow): void => {
    recent.delete(row.id);
    recent.set(row.id, row);
    recentBy.set(row.effectId, row.id);
    const [oldest] = recent.size > mostRecent ? recent.keys() : [];
    if (oldest !== undefined) forgetRow(oldest);
  };
  const forgetRow = (id: string): void => {
    const row = recent.get(id);
    recent.delete(id);
    if (row) recentBy.delete(row.effectId);
  };

  const write = (before: EffectRow, row: EffectRow): void => {
    update.run(row.id, row.state, row.updatedAt, JSON.stringify(row));
    if (before.idempotencyKey !== null && row.idempotencyKey === null) unkey.run(row.id);
  };

  /** What a change of a row does goes back with the transaction; so does what is remembered of it. */
  const changing = async <T>(id: string, work: () => T, writing?: Writing): Promise<T> => {
    try {
      return await group.run(work, writing);
    } catch (error) {
      forgetRow(id);
      throw error;
    }
  };

  return {
    methods: {
      beginEffect(wanted) {
        return changing(wanted.id, () => {
          const row = keptEffect(wanted);
          const { id, scope, operation, idempotencyKey } = row;
          const found = idempotencyKey === null ? null : parse(byKey.get(scope, operation, idempotencyKey));
          if (found) return { row: found, created: false };
          const { connection, effectId, state, updatedAt } = row;
          const value = JSON.stringify(row);
          insert.run(id, scope, operation, idempotencyKey, connection, effectId, state, updatedAt, value);
          remember(row);
          return { row, created: true };
        });
      },
      async updateEffect(id, patch, writing) {
        const change = (): boolean => {
          const before = recent.get(id) ?? parse(byId.get(id));
          if (before === null) return false;
          const row = keptEffect({ ...before, ...patch });
          write(before, row);
          remember(row);
          return true;
        };
        const known = await changing(id, change, writing);
        if (!known) throw noEffectError(id);
      },
      async getEffect(id) {
        return recent.get(id) ?? parse(byId.get(id));
      },
      async findEffect({ connection, effectId }) {
        const row = recent.get(recentBy.get(effectId) ?? "");
        if (row?.connection === connection) return row;
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
          const rows: EffectRow[] = [];
          for (const { value } of open.all()) {
            const before = JSON.parse(value) as EffectRow;
            const row = recoveredEffect(before, now);
            if (row === null) continue;
            write(before, row);
            forgetRow(row.id);
            rows.push(row);
          }
          const unknown = rows.filter((row) => row.state === "unknown").length;
          return { unknown, failed: rows.length - unknown };
        });
      },
    },
    trim(before) {
      drop.run(before);
      for (const id of recent.keys()) forgetRow(id);
    },
  };
}
