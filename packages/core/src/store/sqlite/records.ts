import { takenError } from "../rules.ts";
import type { RecordKind, RecordPut, Records, Store } from "../types.ts";
import type { Database } from "./database.ts";

interface ValueRow {
  readonly value: string;
}

/** Methods of the store about records and plugin entries, and what other methods need inside their transactions. */
export interface RecordStore {
  readonly methods: Pick<Store, "listRecords" | "putRecords" | "nextNumber" | "pluginGet" | "pluginPut" | "pluginList">;
  /** This and what follows: inside a transaction. */
  put(puts: readonly RecordPut[]): void;
  putEntries(connection: string, entries: Readonly<Record<string, unknown>>): void;
  forget(connection: string): void;
}

export function createRecordStore(db: Database): RecordStore {
  const all = db.query<ValueRow>("select value from record where kind = ? order by id");
  const scoped = db.query<ValueRow>("select value from record where kind = ? and scope = ? order by id");
  const exists = db.query("select 1 from record where kind = ? and id = ?");
  const write = db.query(
    `insert into record (kind, id, scope, value) values (?, ?, ?, ?)
     on conflict (kind, id) do update set scope = excluded.scope, value = excluded.value`,
  );
  const remove = db.query("delete from record where kind = ? and id = ?");
  const forgetRecords = db.query(
    "delete from record where scope = ? and kind in ('membership', 'bot', 'credential', 'step', 'gap')",
  );
  const next = db.query<{ last: number }>(
    "insert into number values (?, 1) on conflict (kind) do update set last = last + 1 returning last",
  );
  const entry = db.query<ValueRow>("select value from plugin_entry where connection = ? and key = ?");
  const writeEntry = db.query(
    `insert into plugin_entry values (?, ?, ?) on conflict (connection, key) do update set value = excluded.value`,
  );
  const removeEntry = db.query("delete from plugin_entry where connection = ? and key = ?");
  const forgetEntries = db.query("delete from plugin_entry where connection = ?");
  const entries = db.query<ValueRow & { readonly key: string }>(
    `select key, value from plugin_entry where connection = ?1 and key >= ?2 and key < ?2 || char(1114111) order by key`,
  );

  const put = (puts: readonly RecordPut[]): void => {
    for (const { kind, id, scope, value, absent } of puts) {
      if (absent && exists.get(kind, id)) throw takenError(kind, id);
      if (value === null) remove.run(kind, id);
      else write.run(kind, id, scope, JSON.stringify(value));
    }
  };
  const putEntries = (connection: string, values: Readonly<Record<string, unknown>>): void => {
    for (const [key, value] of Object.entries(values)) {
      if (value === null || value === undefined) removeEntry.run(connection, key);
      else writeEntry.run(connection, key, JSON.stringify(value));
    }
  };

  return {
    put,
    putEntries,
    forget(connection) {
      forgetRecords.run(connection);
      forgetEntries.run(connection);
      remove.run("connection", connection);
    },
    methods: {
      async listRecords<K extends RecordKind>(kind: K, scope?: string) {
        const rows = scope === undefined ? all.all(kind) : scoped.all(kind, scope);
        return rows.map((row) => JSON.parse(row.value) as Records[K]);
      },
      async putRecords(puts) {
        db.tx(() => put(puts));
      },
      async nextNumber(kind) {
        return db.tx(() => next.get(kind)?.last ?? 0);
      },
      async pluginGet(connection, key) {
        const row = entry.get(connection, key);
        return row === null ? null : (JSON.parse(row.value) as unknown);
      },
      async pluginPut(connection, values) {
        db.tx(() => putEntries(connection, values));
      },
      async pluginList(connection, prefix) {
        return entries.all(connection, prefix).map(({ key, value }) => [key, JSON.parse(value) as unknown] as const);
      },
    },
  };
}
