import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BotyardError } from "@botyard/sdk";
import { openDatabase, type Database } from "./sqlite/database.ts";

/** The right to run a service on a data directory. */
export interface ServiceLock {
  release(): void;
}

// A database that nobody refers to is closed by the garbage collector, and its lock with it.
const heldHere = new Set<Database>();

/**
 * Takes the data directory for this process. The operating system gives it back when the process ends, however it
 * ends. Throws `conflict` while another process, or another lock of this one, holds it. The folder must exist.
 */
export function lockService(directory: string): ServiceLock {
  const file = join(directory, "service.lock");
  const note = join(directory, "service.pid");
  const db = openDatabase(file);
  try {
    hold(db);
  } catch (error) {
    db.close();
    throw heldError(error, directory, note);
  }
  try {
    writeFileSync(note, `${process.pid}\n`, { mode: 0o600 });
  } catch {
    // For people only: what counts is the lock, which a full disk does not keep us from.
  }
  heldHere.add(db);
  return {
    release() {
      if (!heldHere.delete(db)) return;
      rmSync(note, { force: true });
      db.close();
    },
  };
}

// SQLite's locks are those of the operating system, and work the same on every runtime; node: has no lock of its own.
function hold(db: Database): void {
  db.exec("pragma journal_mode = delete; begin exclusive");
}

function heldError(error: unknown, directory: string, note: string): unknown {
  if (!(error instanceof BotyardError) || error.code !== "conflict") return error;
  return new BotyardError("conflict", `a Botyard service${holder(note)} runs on ${directory} already`, {
    fix: "use that one (botyard status), stop it first, or take another folder: --data DIR",
    cause: error,
  });
}

function holder(note: string): string {
  try {
    const pid = Number(readFileSync(note, "utf8"));
    return Number.isInteger(pid) && pid > 0 ? ` (process ${pid})` : "";
  } catch {
    return "";
  }
}
