import { existsSync, statSync } from "node:fs";
import { freshRecords, newLogId } from "../rules.ts";
import type { Store } from "../types.ts";
import { createAuditStore } from "./audit.ts";
import type { Database } from "./database.ts";
import { createEffectStore } from "./effects.ts";
import { createGroup } from "./group.ts";
import { createLogStore } from "./log.ts";
import { openFile, type FileOptions } from "./open.ts";
import { createRecordStore } from "./records.ts";

/** @see openFile */
export function openSqliteStore(path: string, options?: FileOptions): Store {
  const db = openFile(path, options);
  try {
    return createSqliteStore(db);
  } catch (error) {
    db.close();
    throw error;
  }
}

// Long deletions would hold up everything else: they are done in pieces.
const trimPiece = 5000;

/** The store over an open file; closes it. */
export function createSqliteStore(db: Database): Store {
  const records = createRecordStore(db);
  const log = createLogStore(db);
  const effects = createEffectStore(db);
  const audit = createAuditStore(db);
  const group = createGroup(db);
  const meta = db.query<{ value: string }>("select value from meta where name = ?");
  const initMeta = db.query("insert into meta values (?, ?) on conflict do nothing");
  const version = db.query<{ user_version: number }>("pragma user_version");
  initMeta.run("log", newLogId());
  const logId = meta.get("log")?.value ?? "";
  const state = { closed: false };

  const bytesOf = (path: string): number => (existsSync(path) ? statSync(path).size : 0);

  const trimEvents = async (before: string): Promise<number> => {
    let gone = 0;
    while (!state.closed) {
      const some = db.tx(() => log.trimSome(before, trimPiece));
      if (some === 0) break;
      gone += some;
      await new Promise((resolve) => setImmediate(resolve));
    }
    return gone;
  };

  return {
    ...records.methods,
    ...log.methods,
    ...effects.methods,
    ...audit.methods,
    async info() {
      return {
        logId,
        schema: version.get()?.user_version ?? 0,
        ...log.bounds(),
        bytes: bytesOf(db.path) + bytesOf(`${db.path}-wal`),
      };
    },
    async forgetConnection(connection) {
      db.tx(() => {
        records.forget(connection);
        log.forget(connection);
      });
    },
    appendEvents(batch) {
      return group.run(() => {
        const appended = log.append(batch);
        records.put(freshRecords(batch, appended));
        if (batch.put) records.putEntries(batch.connection, batch.put);
        if (batch.records) records.put(batch.records);
        return appended;
      });
    },
    async trim(before) {
      const { events, raw, audit: rows, effects: ended } = before;
      db.tx(() => {
        if (raw !== undefined) log.trimRaw(raw);
        if (rows !== undefined) audit.trim(rows);
        if (ended !== undefined) effects.trim(ended);
      });
      return events === undefined ? 0 : trimEvents(events);
    },
    async close() {
      if (state.closed) return;
      state.closed = true;
      group.flush();
      db.close();
    },
  };
}
