import { isBotyardError } from "@botyard/sdk";
import type { Database } from "./database.ts";

interface Waiting {
  readonly work: () => unknown;
  readonly resolve: (value: never) => void;
  readonly reject: (reason: unknown) => void;
}

const isConflict = (error: unknown): boolean => isBotyardError(error) && error.code === "conflict";

/** Runs writes of one turn of the event loop in one transaction, so that they share one wait for the disk. */
export interface Group {
  /**
   * Resolves when the transaction is on disk. A `conflict` undoes this work alone; any other failure undoes the turn's.
   * `work` may run twice: all that it changes is in the database, or set anew by the second run.
   */
  run<T>(work: () => T): Promise<T>;
  /** Does what waits, at once. */
  flush(): void;
}

/** `committed` is called after each transaction. */
export function createGroup(db: Database, committed: () => void = () => {}): Group {
  let waiting: Waiting[] = [];

  /** All of a turn in one transaction. `apart`: each can be undone alone, which costs two statements each. */
  const commit = (turn: readonly Waiting[], apart: boolean): readonly (() => void)[] =>
    db.tx(() =>
      turn.map(({ work, resolve, reject }) => {
        try {
          const value = (apart ? db.tx(work) : work()) as never;
          return () => resolve(value);
        } catch (error) {
          // A full disk has ended the whole transaction: nothing after it may run on its own.
          if (!apart || !isConflict(error)) throw error;
          return () => reject(error);
        }
      }),
    );

  const flush = (): void => {
    const turn = waiting;
    waiting = [];
    if (turn.length === 0) return;
    let settle: readonly (() => void)[];
    try {
      try {
        settle = commit(turn, false);
      } catch (error) {
        // Seldom: everything was undone, and all but the one that conflicts is done again.
        if (turn.length === 1 || !isConflict(error)) throw error;
        settle = commit(turn, true);
      }
    } catch (error) {
      for (const { reject } of turn) reject(error);
      return;
    }
    for (const done of settle) done();
    committed();
  };

  return {
    run<T>(work: () => T): Promise<T> {
      return new Promise<T>((resolve, reject) => {
        if (waiting.length === 0) setImmediate(flush);
        waiting.push({ work, resolve, reject });
      });
    },
    flush,
  };
}
