import { DatabaseSync } from "node:sqlite";
import type { Store } from "./store.ts";

/**
 * One file, made where it is missing; a `put` is on disk when it resolves. One program at a time.
 *
 * @example
 * createAppService({ registration: "./registration.yaml", homeserverUrl, store: "./bridge.db" });
 */
export function fileStore(path: string): Store {
  const db = new DatabaseSync(path);
  db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000");
  db.exec("CREATE TABLE IF NOT EXISTS entries (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID");
  const read = db.prepare("SELECT value FROM entries WHERE key = ?");
  const write = db.prepare(
    "INSERT INTO entries (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
  );
  const remove = db.prepare("DELETE FROM entries WHERE key = ?");
  // Code points above every character of a key end the range.
  const range = db.prepare("SELECT key, value FROM entries WHERE key >= ? AND key < ? ORDER BY key");
  return {
    async get(key) {
      const row = read.get(key);
      return row === undefined ? undefined : (JSON.parse(String(row["value"])) as unknown);
    },
    async put(entries) {
      db.exec("BEGIN IMMEDIATE");
      try {
        for (const [key, value] of Object.entries(entries)) {
          if (value === null || value === undefined) remove.run(key);
          else write.run(key, JSON.stringify(value));
        }
        db.exec("COMMIT");
      } catch (error) {
        db.exec("ROLLBACK");
        throw error;
      }
    },
    async list(prefix) {
      return range
        .all(prefix, `${prefix}\u{10ffff}`)
        .map((row) => [String(row["key"]), JSON.parse(String(row["value"])) as unknown] as const);
    },
    close: () => db.close(),
  };
}
