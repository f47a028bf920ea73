import { setImmediate } from "node:timers";
import type { Committed, EventDraft } from "@botyard/sdk";

/** Most events, and frames, of one commit. */
const mostAtOnce = 500;
/** More than this waiting holds the socket's reader back. */
const mostWaiting = 2_000;

/** What one frame brings: its text as received, and the events it tells of. */
export interface Piece {
  readonly raw: string;
  readonly events: readonly EventDraft[];
}

/** Commits pieces in their order, as many at a time as came while the commit before was written. */
export interface Batch {
  /** Waits only while too much waits. Throws what a commit before threw. */
  add(piece: Piece): Promise<void>;
  /** Resolves when all that was added is on disk. Throws what a commit threw. */
  flush(): Promise<void>;
}

export function createBatch(commit: (pieces: readonly Piece[]) => Promise<Committed>): Batch {
  const waiting: Piece[] = [];
  let running: Promise<void> | null = null;
  let failure: { readonly error: unknown } | null = null;

  async function drain(): Promise<void> {
    try {
      // What has arrived already is read before the first commit, and goes with it.
      await new Promise<void>((resolve) => setImmediate(resolve));
      while (waiting.length > 0) await commit(waiting.splice(0, mostAtOnce));
    } catch (error) {
      failure ??= { error };
      waiting.length = 0;
    } finally {
      running = null;
    }
  }

  async function flush(): Promise<void> {
    while (running !== null) await running;
    if (failure) throw failure.error;
  }

  return {
    async add(piece) {
      if (failure) throw failure.error;
      waiting.push(piece);
      running ??= drain();
      if (waiting.length >= mostWaiting) await flush();
    },
    flush,
  };
}
