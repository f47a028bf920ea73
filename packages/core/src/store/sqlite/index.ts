import { existsSync, statSync } from "node:fs";
import { freshRecords, newLogId } from "../rules.ts";
import type { Appended, Store } from "../types.ts";
import { createAuditStore } from "./audit.ts";
import { copyDatabase, diskOf } from "./backup.ts";
import type { Database } from "./database.ts";
import { createDeliveryStore } from "./deliveries.ts";
import { createEffectStore } from "./effects.ts";
import { createGroup } from "./group.ts";
import { createLogStore } from "./log.ts";
import { createLateSync } from "./late-sync.ts";
import { openFile, type Durability, type FileOptions } from "./open.ts";
import { createRawStore } from "./raws.ts";
import { createRecordStore } from "./records.ts";
import { walRoom } from "./wal-room.ts";

/** @see openFile */
export function openSqliteStore(path: string, options?: FileOptions): Store {
  const db = openFile(path, options);
  try {
    return createSqliteStore(db, options?.durability);
  } catch (error) {
    db.close();
    throw error;
  }
}

// Long deletions would hold up everything else: they are done in pieces.
const trimPiece = 5000;
/** Smaller: between them it is looked whether enough has gone. */
const sizePiece = 500;
/** Pages given back to the disk in one go; some stay, because the next events need them. */
const vacuumPiece = 256;
const pagesKept = 2048;

/** The store over an open file; closes it. */
export function createSqliteStore(db: Database, durability: Durability = "full"): Store {
  const records = createRecordStore(db);
  const log = createLogStore(db);
  const full = durability === "full";
  const late = full ? createLateSync(db) : undefined;
  const raws = createRawStore(db);
  const group = createGroup(db, { committed: full ? walRoom(db) : undefined, late, together: raws.keep });
  const effects = createEffectStore(db, group);
  const audit = createAuditStore(db);
  const deliveries = createDeliveryStore(db, group);
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
      await pause();
    }
    return gone;
  };

  const pragma = (name: string): number =>
    Object.values(db.query<Record<string, number>>(`pragma ${name}`).get() ?? {})[0] ?? 0;
  /** What the file holds, without free pages. */
  const used = (): number => (pragma("page_count") - pragma("freelist_count")) * pragma("page_size");
  const pause = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  const trimToSize = async (maxBytes: number): Promise<number> => {
    let gone = 0;
    while (!state.closed && used() > maxBytes) {
      const some = db.tx(() => {
        const { positions, until } = log.trimOldest(sizePiece);
        // With the intakes of their time.
        return { positions, rows: until === null ? raws.trimOldest(sizePiece) : raws.trimTo(until) };
      });
      if (some.positions + some.rows === 0) break;
      gone += some.positions;
      await pause();
    }
    return gone;
  };

  /** Gives free pages back in pieces: a whole vacuum would stand in everybody's way for minutes. */
  const shrink = async (): Promise<void> => {
    if (pragma("auto_vacuum") !== 2) return;
    for (let free = pragma("freelist_count"); !state.closed && free > pagesKept;) {
      db.exec(`pragma incremental_vacuum(${vacuumPiece})`);
      const left = pragma("freelist_count");
      if (left >= free) return;
      free = left;
      await pause();
    }
  };

  return {
    ...records.methods,
    ...log.methods,
    ...raws.methods,
    ...effects.methods,
    ...audit.methods,
    ...deliveries,
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
      const { connection, committedAt, raw } = batch;
      const work = (): readonly Appended[] => {
        const appended = log.append(batch);
        records.put(freshRecords(batch, appended));
        if (batch.put) records.putEntries(connection, batch.put);
        if (batch.records) records.put(batch.records);
        return appended;
      };
      return group.run(work, raw ? { raw: { ...raw, connection, committedAt } } : undefined);
    },
    async trim(before) {
      const { events, raw, audit: rows, effects: ended, maxBytes } = before;
      db.tx(() => {
        if (raw !== undefined) raws.trim(raw);
        if (rows !== undefined) audit.trim(rows);
        if (ended !== undefined) effects.trim(ended);
      });
      const old = events === undefined ? 0 : await trimEvents(events);
      const large = maxBytes === undefined ? 0 : await trimToSize(maxBytes);
      await shrink();
      return old + large;
    },
    disk: () => diskOf(db.path),
    async backup() {
      group.flush();
      return copyDatabase(db);
    },
    async close() {
      if (state.closed) return;
      state.closed = true;
      group.flush();
      late?.close();
      db.close();
    },
  };
}
