import { takenError } from "../rules.ts";
import type { RecordKind, RecordPut, Records, Store } from "../types.ts";

interface Kept {
  readonly scope: string;
  readonly json: string;
}

/** @see ../sqlite/records.ts */
export interface MemoryRecords {
  readonly methods: Pick<Store, "listRecords" | "putRecords" | "nextNumber" | "pluginGet" | "pluginPut" | "pluginList">;
  /** Throws before anything is changed. */
  check(puts: readonly RecordPut[]): void;
  put(puts: readonly RecordPut[]): void;
  putEntries(connection: string, entries: Readonly<Record<string, unknown>>): void;
  forget(connection: string): void;
}

/** Order of SQLite: by UTF-8 bytes. */
function byBytes([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

const ofConnection: readonly RecordKind[] = ["membership", "bot", "credential", "step", "gap"];

export function createMemoryRecords(): MemoryRecords {
  const kinds = new Map<RecordKind, Map<string, Kept>>();
  const numbers = new Map<string, number>();
  const entries = new Map<string, Map<string, string>>();

  const mapOf = <K, V>(maps: Map<K, Map<string, V>>, key: K): Map<string, V> => {
    const found = maps.get(key) ?? new Map<string, V>();
    maps.set(key, found);
    return found;
  };
  const check = (puts: readonly RecordPut[]): void => {
    const after = new Map<string, boolean>();
    for (const { kind, id, value, absent } of puts) {
      const name = `${kind} ${id}`;
      if (absent && (after.get(name) ?? mapOf(kinds, kind).has(id))) throw takenError(kind, id);
      after.set(name, value !== null);
    }
  };
  const put = (puts: readonly RecordPut[]): void => {
    for (const { kind, id, scope, value } of puts) {
      if (value === null) mapOf(kinds, kind).delete(id);
      else mapOf(kinds, kind).set(id, { scope, json: JSON.stringify(value) });
    }
  };
  const putEntries = (connection: string, values: Readonly<Record<string, unknown>>): void => {
    for (const [key, value] of Object.entries(values)) {
      if (value === null || value === undefined) mapOf(entries, connection).delete(key);
      else mapOf(entries, connection).set(key, JSON.stringify(value));
    }
  };

  return {
    check,
    put,
    putEntries,
    forget(connection) {
      for (const kind of ofConnection) {
        const all = mapOf(kinds, kind);
        for (const [id, { scope }] of all) if (scope === connection) all.delete(id);
      }
      mapOf(kinds, "connection").delete(connection);
      entries.delete(connection);
    },
    methods: {
      async listRecords<K extends RecordKind>(kind: K, scope?: string) {
        return [...mapOf(kinds, kind)]
          .filter(([, kept]) => scope === undefined || kept.scope === scope)
          .sort(byBytes)
          .map(([, { json }]) => JSON.parse(json) as Records[K]);
      },
      async putRecords(puts) {
        check(puts);
        put(puts);
      },
      async nextNumber(kind) {
        const next = (numbers.get(kind) ?? 0) + 1;
        numbers.set(kind, next);
        return next;
      },
      async pluginGet(connection, key) {
        const json = entries.get(connection)?.get(key);
        return json === undefined ? null : (JSON.parse(json) as unknown);
      },
      async pluginPut(connection, values) {
        putEntries(connection, values);
      },
      async pluginList(connection, prefix) {
        return [...mapOf(entries, connection)]
          .filter(([key]) => key.startsWith(prefix))
          .sort(byBytes)
          .map(([key, json]) => [key, JSON.parse(json) as unknown] as const);
      },
    },
  };
}
