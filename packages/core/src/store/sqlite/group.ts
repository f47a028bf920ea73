import { isBotyardError } from "@botyard/sdk";
import type { Database } from "./database.ts";

interface Waiting {
  readonly work: () => unknown;
  readonly resolve: (value: never) => void;
  readonly reject: (reason: unknown) => void;
}

/** Runs writes of one turn of the event loop in one transaction, so that they share one wait for the disk. */
export interface Group {
  /** Resolves when the transaction is on disk. A `conflict` undoes this work alone; any other failure undoes the turn's. */
  run<T>(work: () => T): Promise<T>;
  /** Does what waits, at once. */
  flush(): void;
}

export function createGroup(db: Database): Group {
  let waiting: Waiting[] = [];

  const flush = (): void => {
    const turn = waiting;
    waiting = [];
    if (turn.length === 0) return;
    const [only] = turn;
    if (only && turn.length === 1) {
      // Alone it needs no savepoint: whatever fails undoes this work only.
      let value: never;
      try {
        value = db.tx(only.work) as never;
      } catch (error) {
        only.reject(error);
        return;
      }
      only.resolve(value);
      return;
    }
    const settle: (() => void)[] = [];
    try {
      db.tx(() => {
        for (const { work, resolve, reject } of turn) {
          try {
            const value = db.tx(work) as never;
            settle.push(() => resolve(value));
          } catch (error) {
            // A full disk has ended the whole transaction: nothing after it may run on its own.
            if (!isBotyardError(error) || error.code !== "conflict") throw error;
            settle.push(() => reject(error));
          }
        }
      });
    } catch (error) {
      for (const { reject } of turn) reject(error);
      return;
    }
    for (const done of settle) done();
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
