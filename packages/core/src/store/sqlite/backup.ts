import { chmodSync, closeSync, openSync, rmSync, statSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { BotyardError } from "@botyard/sdk";
import type { StoreCopy } from "../types.ts";
import { openDatabase, type Database } from "./database.ts";
import { damagedError } from "./errors.ts";

let copies = 0;

/** Suffix of a copy that was not taken away: a crash left it. */
export const backupSuffix = ".backup-";

/** Throws `internal` when SQLite finds anything wrong with the file. It is not written to. */
export function checkWhole(path: string): void {
  const db = openDatabase(path);
  try {
    const found = db.query<{ integrity_check: string }>("pragma integrity_check(1)").get()?.integrity_check;
    if (found !== "ok") throw damagedError(path, found ?? "it does not answer");
  } finally {
    db.close();
  }
}

/** One consistent file beside the database, made while it is in use, opened once to see that it is whole. */
export function copyDatabase(db: Database): StoreCopy {
  const path = `${db.path}${backupSuffix}${process.pid}-${(copies += 1)}`;
  const remove = (): void => rmSync(path, { force: true });
  remove();
  try {
    // Made here, so that nobody else may read it; SQLite fills an empty file.
    closeSync(openSync(path, "wx", 0o600));
    db.query("vacuum into ?").run(path);
    chmodSync(path, 0o600);
    checkWhole(path);
    return { path, bytes: statSync(path).size, remove };
  } catch (error) {
    remove();
    throw error;
  }
}

/** Of the disk a file lies on, in bytes; null where the system does not tell. */
export async function diskOf(path: string): Promise<{ readonly free: number; readonly total: number } | null> {
  const found = await statfs(dirname(path)).catch(() => null);
  return found && { free: found.bavail * found.bsize, total: found.blocks * found.bsize };
}

export function noFileError(): BotyardError {
  return new BotyardError(
    "unsupported",
    "everything here is in memory and ends with the process; there is no file to copy",
    {
      instead: "botyard serve",
    },
  );
}
