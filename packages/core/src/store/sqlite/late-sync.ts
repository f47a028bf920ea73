import { closeSync, fdatasync, openSync } from "node:fs";
import type { Database } from "./database.ts";

/**
 * Commits that do not wait for the disk, where the others do. The disk is waited for behind them and beside everything
 * else, so that a power cut within those milliseconds undoes the last of them and nothing before; the end of the process
 * undoes none.
 */
export interface LateSync {
  /** `transaction` begins and commits by itself. */
  run<T>(transaction: () => T): T;
  close(): void;
}

type Sync = (file: number, done: (error: Error | null) => void) => void;

/** Of an open database whose commits wait for the disk. `sync`: for tests. */
export function createLateSync(db: Database, sync: Sync = fdatasync): LateSync {
  let file: number | null = null;
  let running = false;
  let again = false;
  let on = true;

  /** One at a time: what was written while the disk was waited for is the next one's. */
  const syncBehind = (): void => {
    if (running) {
      again = true;
      return;
    }
    running = true;
    // The log's file stays the same one for as long as the database is open.
    file ??= openSync(`${db.path}-wal`, "r+");
    sync(file, (error) => {
      running = false;
      // What the disk does not say here, the next commit says that waits for it.
      if (error) on = false;
      if (!on) close();
      else if (again) {
        again = false;
        syncBehind();
      }
    });
  };
  const close = (): void => {
    on = false;
    if (running || file === null) return;
    closeSync(file);
    file = null;
  };

  return {
    run(transaction) {
      if (!on) return transaction();
      db.exec("pragma synchronous = normal");
      try {
        return transaction();
      } finally {
        db.exec("pragma synchronous = full");
        syncBehind();
      }
    },
    close,
  };
}
