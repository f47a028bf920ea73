import { BotyardError } from "@botyard/sdk";

/** Where a queued call waits: behind others of the same actor in the same room. */
export interface QueuePlace {
  readonly connection: string;
  /** Handle of the bot, or id of whoever acts; "" for nobody. */
  readonly actor: string;
  /** Native id; "" where the call is about no room. */
  readonly room: string;
}

/**
 * Calls whose caller does not wait. In order for each actor and room; actors of a connection take turns, so that one that
 * sends a thousand messages does not hold up another one's first; connections do not know of each other.
 */
export interface CallQueue {
  /** Throws `rate_limited` (effect `none`) where too many wait. `work` never rejects. */
  add(place: QueuePlace, work: () => Promise<void>): void;
  /** Works are begun from now on: first these, which waited in an earlier process, then what was added meanwhile. */
  begin(before?: readonly (readonly [QueuePlace, Work])[]): void;
  /** No further work is begun: its row keeps it for the next process. Resolves when nothing is under way any more. */
  end(): Promise<void>;
  readonly waiting: number;
}

type Work = () => Promise<void>;

interface Lanes {
  /** By actor, then by room. The order of the actors is the order of turns. */
  readonly actors: Map<string, Map<string, Work[]>>;
  readonly busy: Set<string>;
  running: number;
}

const mostRunning = 8;
const mostWaiting = 10_000;

/** Holds everything until `begin`. */
export function createCallQueue(limits: { readonly running?: number; readonly waiting?: number } = {}): CallQueue {
  const connections = new Map<string, Lanes>();
  let waiting = 0;
  let running = false;
  let underWay = 0;
  let idle = (): void => {};

  /** The first of a lane that nobody works on, of the actor whose turn it is. */
  function take(lanes: Lanes): { readonly lane: string; readonly work: Work } | null {
    for (const [actor, rooms] of lanes.actors) {
      for (const [room, works] of rooms) {
        const lane = JSON.stringify([actor, room]);
        if (lanes.busy.has(lane)) continue;
        const work = works.shift();
        if (works.length === 0) rooms.delete(room);
        lanes.actors.delete(actor);
        if (rooms.size > 0) lanes.actors.set(actor, rooms);
        if (work) return { lane, work };
      }
    }
    return null;
  }

  function pump(name: string, lanes: Lanes): void {
    while (running && lanes.running < (limits.running ?? mostRunning)) {
      const next = take(lanes);
      if (!next) break;
      lanes.busy.add(next.lane);
      lanes.running += 1;
      waiting -= 1;
      underWay += 1;
      void next.work().finally(() => {
        lanes.busy.delete(next.lane);
        lanes.running -= 1;
        underWay -= 1;
        if (underWay === 0) idle();
        pump(name, lanes);
      });
    }
    if (lanes.running === 0 && lanes.actors.size === 0) connections.delete(name);
  }

  function put({ connection, actor, room }: QueuePlace, work: Work, first: boolean): void {
    const lanes = connections.get(connection) ?? { actors: new Map(), busy: new Set<string>(), running: 0 };
    connections.set(connection, lanes);
    const rooms = lanes.actors.get(actor) ?? new Map<string, Work[]>();
    lanes.actors.set(actor, rooms);
    const works = rooms.get(room) ?? [];
    rooms.set(room, works);
    if (first) works.unshift(work);
    else works.push(work);
    waiting += 1;
    pump(connection, lanes);
  }

  return {
    get waiting() {
      return waiting;
    },
    begin(before = []) {
      for (const [place, work] of before.toReversed()) put(place, work, true);
      running = true;
      for (const [name, lanes] of connections) pump(name, lanes);
    },
    async end() {
      running = false;
      if (underWay > 0) await new Promise<void>((resolve) => (idle = resolve));
    },
    add(place, work) {
      if (waiting >= (limits.waiting ?? mostWaiting))
        throw new BotyardError("rate_limited", "too many calls wait already; nothing was done", {
          effect: "none",
          retryAfterMs: 5_000,
        });
      put(place, work, false);
    },
  };
}
