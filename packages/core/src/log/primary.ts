/**
 * Decides whose copy counts of events without a native key: of several sockets in one room only the first observer's,
 * so that three bots in a room make one reaction and not three. In memory: after a start, who delivers first observes.
 */
export interface Primary {
  /**
   * Whether this delivery counts. `observers` are the bots it was for; null: it comes once for all and counts always.
   * `able` says of a bot whether it still receives in that room; one that does not is replaced by who delivers next.
   */
  counts(room: string, observers: readonly string[] | null, able: (handle: string) => boolean): boolean;
  /** Bots that have delivered in a room: what the primary saw they saw too. */
  observersOf(room: string): readonly string[];
}

interface Watched {
  primary: string;
  readonly observers: Set<string>;
}

export function createPrimary(): Primary {
  const rooms = new Map<string, Watched>();
  return {
    counts(room, observers, able) {
      const [first] = observers ?? [];
      if (observers === null || first === undefined) return true;
      const watched = rooms.get(room) ?? { primary: first, observers: new Set() };
      rooms.set(room, watched);
      for (const handle of observers) watched.observers.add(handle);
      if (!able(watched.primary)) {
        watched.observers.delete(watched.primary);
        watched.primary = first;
      }
      return observers.includes(watched.primary);
    },
    observersOf: (room) => [...(rooms.get(room)?.observers ?? [])],
  };
}
