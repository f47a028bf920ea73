import { chmodSync, copyFileSync, existsSync, readdirSync, renameSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { BotyardError, type ErrorData, isBotyardError } from "@botyard/sdk";
import { openSealer, sealFileOf } from "../secrets/seal.ts";
import { databaseFile, prepareDataDirectory } from "../store/data-directory.ts";
import { lockService } from "../store/lock.ts";
import { newLogId } from "../store/rules.ts";
import { checkWhole } from "../store/sqlite/backup.ts";
import { openDatabase } from "../store/sqlite/database.ts";
import { openSqliteStore } from "../store/sqlite/index.ts";
import { sealedRecords } from "./sealed.ts";

export interface Restored {
  /** Where the database that was there before is now; null where there was none. */
  readonly kept: string | null;
  /** Last position of the log that was put back. */
  readonly seq: number;
  readonly schema: number;
  /** Why its secrets cannot be opened here; null where they can. */
  readonly locked: string | null;
}

const notAgain: ErrorData = {
  code: "cancelled",
  detail: "it waited when the backup was made; it may have been sent since, so it is not sent by what was put back",
  details: { effect: "none" },
};

const sides = ["", "-wal", "-shm"] as const;

function move(from: string, to: string): void {
  for (const side of sides) if (existsSync(from + side)) renameSync(from + side, to + side);
}

function removeAll(directory: string, beginsWith: string): void {
  for (const name of readdirSync(directory)) if (name.startsWith(beginsWith)) rmSync(join(directory, name));
}

/**
 * Puts a backup in the place of a data directory's database, which is kept beside it. The backup is copied, checked,
 * brought forward and opened first: what is not whole changes nothing. Cursors of programs end with it, for the log goes
 * on from an earlier position. Throws `not_found` (no such file), `conflict` (a service runs there, a file of a newer or
 * another program) or `internal` (damaged).
 */
export async function restoreBackup(options: {
  readonly file: string;
  readonly directory: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** For the name of what is kept. */
  readonly now?: Date;
}): Promise<Restored> {
  const { file, directory, env = process.env, now = new Date() } = options;
  if (!existsSync(file)) throw new BotyardError("not_found", `there is no file ${file}`);
  prepareDataDirectory(directory);
  const lock = lockService(directory);
  const target = databaseFile(directory);
  const trial = `${target}.restoring`;
  try {
    removeAll(directory, basename(trial));
    copyFileSync(file, trial);
    chmodSync(trial, 0o600);
    checkWhole(trial);
    const { seq, schema, locked } = await tryOut(trial, sealFileOf(directory, env));
    const kept = existsSync(target) ? `${target}.before-${now.toISOString().slice(0, 19).replaceAll(":", "")}Z` : null;
    if (kept !== null) move(target, kept);
    move(trial, target);
    return { kept, seq, schema, locked };
  } finally {
    removeAll(directory, basename(trial));
    lock.release();
  }
}

/** Looks whether a file is a whole database of Botyard, without a change to it. Throws `internal` or `conflict`. */
export function checkBackup(file: string): Pick<Restored, "seq" | "schema"> {
  checkWhole(file);
  const db = openDatabase(file);
  try {
    const schema = db.query<{ user_version: number }>("pragma user_version").get()?.user_version ?? 0;
    if (schema === 0) throw new BotyardError("conflict", `${file} is no database of Botyard`);
    const seq = db.query<{ seq: number }>("select coalesce(max(seq), 0) as seq from log").get()?.seq ?? 0;
    return { seq, schema };
  } finally {
    db.close();
  }
}

async function tryOut(path: string, sealFile: string): Promise<Omit<Restored, "kept">> {
  const store = openSqliteStore(path);
  let locked: string | null = null;
  try {
    const { headSeq: seq, schema } = await store.info();
    try {
      openSealer({ file: sealFile, sealed: await sealedRecords(store) });
    } catch (error) {
      if (!isBotyardError(error)) throw error;
      locked = error.message;
    }
    return { seq, schema, locked };
  } finally {
    await store.close();
    renewLog(path);
  }
}

/**
 * The same positions will be given to other events now: cursors of before must not fit any more. And what waited in the
 * queue then may have been sent since: it is not sent again.
 */
function renewLog(path: string): void {
  const db = openDatabase(path);
  try {
    db.query(
      `update effect set state = 'failed', idempotency_key = null,
       value = json_set(value, '$.state', 'failed', '$.settledBy', 'restart', '$.idempotencyKey', json('null'),
         '$.call', json('null'), '$.error', json(?)) where state = 'accepted'`,
    ).run(JSON.stringify(notAgain));
    db.query("update meta set value = ? where name = 'log'").run(newLogId());
    db.exec("pragma wal_checkpoint(truncate)");
  } finally {
    db.close();
  }
}
