import { setImmediate } from "node:timers";
import type { Committed, EventDraft } from "@botyard/sdk";

/** Most events, and frames, of one commit. */
const mostAtOnce = 500;
/** Most characters of one commit, unless a single frame is larger. */
const mostChars = 4_194_304;
/** More frames, or more text, than this waiting holds the socket's reader back. */
const mostWaiting = 2_000;
const mostCharsWaiting = 4 * mostChars;

/** What one frame brings: its text as received, and the events it tells of. */
export interface Piece {
  readonly raw: string;
  readonly events: readonly EventDraft[];
  /** Channels that are no longer in sight after it. */
  readonly gone?: readonly string[];
}

/** Commits pieces in their order, as many at a time as came while the commit before was written. */
export interface Batch {
  /** A promise only while too much waits. Throws what a commit before threw. */
  add(piece: Piece): Promise<void> | undefined;
  /** Resolves when all that was added is on disk. Throws what a commit threw. */
  flush(): Promise<void>;
}

export function createBatch(commit: (pieces: readonly Piece[]) => Promise<Committed>): Batch {
  const waiting: Piece[] = [];
  let chars = 0;
  let running: Promise<void> | null = null;
  let failure: { readonly error: unknown } | null = null;

  /** The oldest that go together. */
  function next(): readonly Piece[] {
    let [count, size, events] = [0, 0, 0];
    for (const piece of waiting) {
      if (count > 0 && (size + piece.raw.length > mostChars || events + piece.events.length > mostAtOnce)) break;
      count += 1;
      size += piece.raw.length;
      events += piece.events.length;
      if (count >= mostAtOnce) break;
    }
    chars -= size;
    return waiting.splice(0, count);
  }

  async function drain(): Promise<void> {
    try {
      // What has arrived already is read before the first commit, and goes with it.
      await new Promise<void>((resolve) => setImmediate(resolve));
      while (waiting.length > 0) await commit(next());
    } catch (error) {
      failure ??= { error };
      waiting.length = 0;
      chars = 0;
    } finally {
      running = null;
    }
  }

  async function flush(): Promise<void> {
    while (running !== null) await running;
    if (failure) throw failure.error;
  }

  return {
    add(piece) {
      if (failure) throw failure.error;
      waiting.push(piece);
      chars += piece.raw.length;
      running ??= drain();
      return waiting.length >= mostWaiting || chars >= mostCharsWaiting ? flush() : undefined;
    },
    flush,
  };
}
