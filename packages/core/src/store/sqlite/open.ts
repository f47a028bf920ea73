import { closeSync, existsSync, openSync, readSync, renameSync, rmSync, statSync } from "node:fs";
import { BotyardError } from "@botyard/sdk";
import { openDatabase, type Database } from "./database.ts";
import { damagedError, toStoreError } from "./errors.ts";
import { migrations as ours, type Migration } from "./migrations.ts";

/** `full`: what was stored survives a power cut. `normal`: it survives the end of the process, however it ends. */
export type Durability = "normal" | "full";

export interface FileOptions {
  /** Default `full`. */
  readonly durability?: Durability;
  /** For tests of the migration itself. */
  readonly migrations?: readonly Migration[];
}

// "BtYd" in the file's header tells our files from any other program's.
const applicationId = 0x42745964;

/** Of the cache, as SQLite takes it: kibibytes, negative. */
export const cacheSize = -16_384;

/**
 * Pages after which the write-ahead log is written back and begun anew. A longer one is written back less often: half as
 * fast again for events, whose keys come in no order.
 */
export const checkpointPages = 8000;

/** @see https://www.sqlite.org/fileformat.html section 1.3 */
const header = { bytes: 100, magic: "SQLite format 3\0", version: 60, application: 68 };

/**
 * Opens, creates (0600) or brings forward a Botyard database. A file that is damaged, not ours or made by a newer
 * version is refused before anything is written to it. Throws `internal` or `conflict`.
 */
export function openFile(path: string, options: FileOptions = {}): Database {
  const migrations = options.migrations ?? ours;
  inspect(path, migrations.length);
  const db = openDatabase(path);
  try {
    db.exec("pragma busy_timeout = 5000; pragma trusted_schema = off");
    const version = versionOf(db);
    // The header lags behind the write-ahead log.
    if (version > migrations.length) throw newerError(path, version, migrations.length);
    if (version === 0 && countOf(db, "select count(*) as value from sqlite_schema") > 0) throw foreignError(path);
    // Only a file without tables takes it; an older one reuses its free pages and does not become smaller.
    if (version === 0) db.exec("pragma auto_vacuum = incremental");
    db.exec(`pragma journal_mode = wal; pragma synchronous = ${options.durability ?? "full"}`);
    db.exec(
      `pragma wal_autocheckpoint = ${checkpointPages}; pragma journal_size_limit = 67108864; pragma cache_size = ${cacheSize}`,
    );
    migrate(db, version, migrations);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function inspect(path: string, newest: number): void {
  try {
    inspectFile(path, newest);
  } catch (error) {
    throw toStoreError(error, path);
  }
}

function inspectFile(path: string, newest: number): void {
  if (!existsSync(path) || statSync(path).size === 0) {
    // Made here, so that nobody else may read it; SQLite gives its side files the same rights.
    closeSync(openSync(path, "a", 0o600));
    return;
  }
  const found = Buffer.alloc(header.bytes);
  const file = openSync(path, "r");
  try {
    if (readSync(file, found, 0, header.bytes, 0) < header.bytes) throw damagedError(path, "it ends within its header");
  } finally {
    closeSync(file);
  }
  if (found.toString("latin1", 0, 16) !== header.magic) throw damagedError(path, "its header is not SQLite's");
  const version = found.readUInt32BE(header.version);
  const application = found.readUInt32BE(header.application);
  if (application !== applicationId && (application !== 0 || version !== 0)) throw foreignError(path);
  if (version > newest) throw newerError(path, version, newest);
}

function migrate(db: Database, version: number, migrations: readonly Migration[]): void {
  if (version === migrations.length) return;
  if (version > 0) copy(db, `${db.path}.v${version}`);
  db.tx(() => {
    for (const migration of migrations.slice(version)) db.exec(migration);
    db.exec(`pragma application_id = ${applicationId}; pragma user_version = ${migrations.length}`);
  });
}

/** One consistent file, with what the write-ahead log still holds. */
function copy(db: Database, target: string): void {
  const unfinished = `${target}.unfinished`;
  rmSync(unfinished, { force: true });
  db.query("vacuum into ?").run(unfinished);
  renameSync(unfinished, target);
}

function versionOf(db: Database): number {
  return db.query<{ user_version: number }>("pragma user_version").get()?.user_version ?? 0;
}

function countOf(db: Database, sql: string): number {
  return db.query<{ value: number }>(sql).get()?.value ?? 0;
}

function newerError(path: string, version: number, newest: number): BotyardError {
  return new BotyardError(
    "conflict",
    `the database ${path} was made by a newer Botyard (schema ${version}, this one knows ${newest}); it was not touched`,
    { fix: `use that newer Botyard, or the copy from before its change: ${path}.v${newest}` },
  );
}

function foreignError(path: string): BotyardError {
  return new BotyardError("conflict", `${path} is a database of another program; it was not touched`, {
    fix: "choose another data directory: --data DIR, or BOTYARD_DATA=DIR",
  });
}
