/** A send of a key that is on its way. */
export interface Sending {
  /** Ledger row: `op_…`. */
  readonly operation: string;
  /** Resolves when it is over, with whether it was taken back before anything had left. */
  readonly over: Promise<boolean>;
}

/** What goes on under each key just now: so that a revocation can say what it ended. */
export interface Activity {
  /** An open stream or a waiting read; call what comes back when it is over. */
  reading(keyId: string): () => void;
  /** The same for a send; `takenBack`: nothing of it had left. */
  sending(keyId: string, operation: string): (takenBack: boolean) => void;
  readers(keyId: string): number;
  sends(keyId: string): readonly Sending[];
}

export function createActivity(): Activity {
  const readers = new Map<string, number>();
  const sends = new Map<string, Set<Sending>>();
  return {
    reading(keyId) {
      readers.set(keyId, (readers.get(keyId) ?? 0) + 1);
      let open = true;
      return () => {
        if (!open) return;
        open = false;
        const left = (readers.get(keyId) ?? 1) - 1;
        if (left > 0) readers.set(keyId, left);
        else readers.delete(keyId);
      };
    },
    sending(keyId, operation) {
      let end: (takenBack: boolean) => void = () => {};
      const one: Sending = { operation, over: new Promise((resolve) => (end = resolve)) };
      const own = sends.get(keyId) ?? new Set();
      sends.set(keyId, own.add(one));
      return (takenBack) => {
        own.delete(one);
        if (own.size === 0) sends.delete(keyId);
        end(takenBack);
      };
    },
    readers: (keyId) => readers.get(keyId) ?? 0,
    sends: (keyId) => [...(sends.get(keyId) ?? [])],
  };
}
