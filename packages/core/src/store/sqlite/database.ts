import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { toStoreError } from "./errors.ts";

/** What a statement takes; booleans are kept as 0 and 1, absent values as null. */
export type Value = SQLInputValue | boolean | undefined;

/** A statement, prepared once. */
export interface Query<Row> {
  get(...values: readonly Value[]): Row | null;
  all(...values: readonly Value[]): Row[];
  /** How many rows were changed. */
  run(...values: readonly Value[]): number;
}

/** One open file. Everything is synchronous, so that nothing comes between the statements of a transaction. */
export interface Database {
  readonly path: string;
  exec(sql: string): void;
  query<Row>(sql: string): Query<Row>;
  /** All or nothing of `work`. Inside another one it is a savepoint: it alone is undone when it throws. */
  tx<T>(work: () => T): T;
  close(): void;
}

function bind(value: Value): SQLInputValue {
  if (value === undefined) return null;
  return typeof value === "boolean" ? Number(value) : value;
}

/** Opens or creates the file. Every error comes out as BotyardError with a sentence. */
export function openDatabase(path: string): Database {
  const guard = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw toStoreError(error, path);
    }
  };
  const db = guard(() => new DatabaseSync(path));
  let depth = 0;

  const undo = (sql: string): void => {
    try {
      db.exec(sql);
    } catch {
      // A full disk ends the transaction by itself: there is nothing left to undo.
    }
  };

  return {
    path,
    exec: (sql) => guard(() => db.exec(sql)),
    query<Row>(sql: string): Query<Row> {
      const statement = guard(() => db.prepare(sql));
      return {
        get: (...values) => guard(() => (statement.get(...values.map(bind)) as Row | undefined) ?? null),
        all: (...values) => guard(() => statement.all(...values.map(bind)) as Row[]),
        run: (...values) => guard(() => Number(statement.run(...values.map(bind)).changes)),
      };
    },
    tx(work) {
      const mark = `s${depth}`;
      guard(() => db.exec(depth === 0 ? "begin immediate" : `savepoint ${mark}`));
      depth += 1;
      try {
        const result = work();
        guard(() => db.exec(depth === 1 ? "commit" : `release ${mark}`));
        return result;
      } catch (error) {
        if (depth === 1) undo("rollback");
        else undo(`rollback to ${mark}; release ${mark}`);
        throw error;
      } finally {
        depth -= 1;
      }
    },
    close: () => guard(() => db.close()),
  };
}
