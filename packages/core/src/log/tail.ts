import type { Event } from "@botyard/sdk";
import type { Position, Store } from "../store/types.ts";
import type { Notifier } from "./notifier.ts";

/**
 * The end of the log, read once for all who wait there: a commit wakes every stream at once, and each asks for the same
 * positions.
 */
export interface Tail {
  /** Positions after `after`; of one connection where it is named. As many as one read takes, oldest first. */
  read(after: number, connection: string | undefined, limit: number): Promise<readonly Position[]>;
  /** First position that is kept, as of the last commit. */
  oldestSeq(): Promise<number>;
  /** The same object for the same position, so that what is made of it can be kept with it. Not to be changed. */
  toEvent(position: Position): Event;
}

// Who is further behind than the others reads alone: memory holds a few pages and no more.
const mostPages = 16;

export function createTail(
  store: Pick<Store, "info" | "readPositions">,
  notifier: Pick<Notifier, "head">,
  toEvent: (position: Position) => Event,
): Tail {
  let head = -1;
  let oldest: Promise<number> | undefined;
  const pages = new Map<string, Promise<readonly Position[]>>();
  const events = new WeakMap<Position, Event>();

  /** What was read before the last commit is of no use after it. */
  function fresh(): void {
    if (notifier.head() === head) return;
    head = notifier.head();
    oldest = undefined;
    pages.clear();
  }

  return {
    read(after, connection, limit) {
      fresh();
      const key = `${after}/${limit}/${connection ?? ""}`;
      const known = pages.get(key);
      if (known) return known;
      const page = store.readPositions({ after, limit, ...(connection === undefined ? {} : { connection }) });
      if (pages.size >= mostPages) return page;
      pages.set(key, page);
      page.catch(() => pages.delete(key));
      return page;
    },
    oldestSeq() {
      fresh();
      if (!oldest) {
        oldest = store.info().then((info) => info.oldestSeq);
        oldest.catch(() => (oldest = undefined));
      }
      return oldest;
    },
    toEvent(position) {
      let event = events.get(position);
      if (!event) {
        event = toEvent(position);
        events.set(position, event);
      }
      return event;
    },
  };
}
