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
  /** How often something was undone: what is remembered of the file is out of date when it has changed. */
  undone(): number;
  close(): void;
}

/** In place: the array is the call's own. */
function bound(values: readonly Value[]): SQLInputValue[] {
  const own = values as Value[];
  for (let at = 0; at < own.length; at += 1) {
    const value = own[at];
    if (value === undefined) own[at] = null;
    else if (typeof value === "boolean") own[at] = Number(value);
  }
  return own as SQLInputValue[];
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
  let undone = 0;
  // Prepared when first needed: at a thousand commits a second, parsing "commit" each time shows.
  const marks = new Map<string, ReturnType<DatabaseSync["prepare"]>>();
  const mark = (sql: string): void =>
    guard(() => {
      const statement = marks.get(sql) ?? db.prepare(sql);
      marks.set(sql, statement);
      statement.run();
    });

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
        get(...values) {
          try {
            return (statement.get(...bound(values)) as Row | undefined) ?? null;
          } catch (error) {
            throw toStoreError(error, path);
          }
        },
        all(...values) {
          try {
            return statement.all(...bound(values)) as Row[];
          } catch (error) {
            throw toStoreError(error, path);
          }
        },
        run(...values) {
          try {
            return Number(statement.run(...bound(values)).changes);
          } catch (error) {
            throw toStoreError(error, path);
          }
        },
      };
    },
    tx(work) {
      const point = `s${depth}`;
      mark(depth === 0 ? "begin immediate" : `savepoint ${point}`);
      depth += 1;
      try {
        const result = work();
        mark(depth === 1 ? "commit" : `release ${point}`);
        return result;
      } catch (error) {
        undone += 1;
        if (depth === 1) undo("rollback");
        else undo(`rollback to ${point}; release ${point}`);
        throw error;
      } finally {
        depth -= 1;
      }
    },
    undone: () => undone,
    close: () => guard(() => db.close()),
  };
}
