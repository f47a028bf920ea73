import { isBotyardError } from "@botyard/sdk";
import type { Database } from "./database.ts";
import type { PendingRaw, Writing } from "../types.ts";
import type { LateSync } from "./late-sync.ts";

interface GroupWriting extends Writing {
  /** Kept in the same transaction, with those of the turn's other writes. */
  readonly raw?: PendingRaw;
}

interface Waiting extends GroupWriting {
  readonly work: () => unknown;
  readonly resolve: (value: never) => void;
  readonly reject: (reason: unknown) => void;
}

const isConflict = (error: unknown): boolean => isBotyardError(error) && error.code === "conflict";

/** Runs writes of one turn of the event loop in one transaction, so that they share one wait for the disk. */
export interface Group {
  /**
   * Resolves when the transaction is on disk; with `syncLater` perhaps when it is committed (see LateSync). A `conflict`
   * undoes this work alone; any other failure undoes the turn's. `work` may run twice: all that it changes is in the
   * database, or set anew by the second run.
   */
  run<T>(work: () => T, writing?: GroupWriting): Promise<T>;
  /** Does what waits, at once. */
  flush(): void;
}

export interface GroupOptions {
  /** Writes the intakes of a turn, inside its transaction. */
  readonly together: (raws: readonly PendingRaw[]) => void;
  /** Called after each transaction. */
  readonly committed?: (() => void) | undefined;
  /** Where commits wait for the disk: the way of those that need not. */
  readonly late?: LateSync | undefined;
}

export function createGroup(db: Database, { together, committed, late }: GroupOptions): Group {
  let waiting: Waiting[] = [];

  /** All of a turn in one transaction. `apart`: each can be undone alone, which costs two statements each. */
  const commit = (turn: readonly Waiting[], apart: boolean): readonly (() => void)[] =>
    db.tx(() => {
      const raws: PendingRaw[] = [];
      const settle = turn.map(({ work, raw, resolve, reject }) => {
        try {
          const value = (apart ? db.tx(work) : work()) as never;
          if (raw) raws.push(raw);
          return () => resolve(value);
        } catch (error) {
          // A full disk has ended the whole transaction: nothing after it may run on its own.
          if (!apart || !isConflict(error)) throw error;
          return () => reject(error);
        }
      });
      if (raws.length > 0) together(raws);
      return settle;
    });

  const flush = (): void => {
    const turn = waiting;
    waiting = [];
    if (turn.length === 0) return;
    const commitAll = (): readonly (() => void)[] => {
      try {
        return commit(turn, false);
      } catch (error) {
        // Seldom: everything was undone, and all but the one that conflicts is done again.
        if (turn.length === 1 || !isConflict(error)) throw error;
        return commit(turn, true);
      }
    };
    let settle: readonly (() => void)[];
    try {
      settle = late && turn.every(({ syncLater }) => syncLater) ? late.run(commitAll) : commitAll();
    } catch (error) {
      for (const { reject } of turn) reject(error);
      return;
    }
    for (const done of settle) done();
    committed?.();
  };

  return {
    run<T>(work: () => T, writing?: GroupWriting): Promise<T> {
      return new Promise<T>((resolve, reject) => {
        if (waiting.length === 0) setImmediate(flush);
        waiting.push({ ...writing, work, resolve, reject });
      });
    },
    flush,
  };
}
