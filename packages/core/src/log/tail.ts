import type { Event } from "@botyard/sdk";
import type { Position, Store } from "../store/types.ts";
import type { Notifier } from "./notifier.ts";

/** A piece of the log. */
export interface Page {
  /** Oldest first. */
  readonly positions: readonly Position[];
  /** The log goes on behind it. */
  readonly full: boolean;
}

/**
 * The log, read once for all who want the same part of it: a commit wakes every stream and every webhook at once, and
 * webhooks that work off a backlog do it side by side.
 */
export interface Tail {
  /** What comes after `after`; of one connection where it is named. */
  read(after: number, connection: string | undefined): Promise<Page>;
  /** First position that is kept. */
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
  /** Positions of a page. */
  size: number,
): Tail {
  let head = -1;
  let oldest: Promise<number> | undefined;
  /** Those that ended where the log ended: of no use after the next commit. */
  const ends = new Map<string, Promise<Page>>();
  /** Full ones stay as they are. */
  const whole = new Map<string, Promise<Page>>();
  const events = new WeakMap<Position, Event>();

  function keep(key: string, page: Promise<Page>): void {
    ends.set(key, page);
    page.then(
      ({ full }) => {
        if (!full) return;
        if (ends.get(key) === page) ends.delete(key);
        whole.set(key, page);
        const [eldest] = whole.keys();
        if (whole.size > mostPages && eldest !== undefined) whole.delete(eldest);
      },
      () => {
        if (ends.get(key) === page) ends.delete(key);
      },
    );
  }

  return {
    read(after, connection) {
      if (notifier.head() !== head) {
        head = notifier.head();
        ends.clear();
      }
      // Whoever begins within a page reads to its end, so that the next one is that of the others.
      const limit = connection === undefined ? size - (after % size) : size;
      const key = `${after}/${connection ?? ""}`;
      const known = whole.get(key) ?? ends.get(key);
      if (known) return known;
      const page = store
        .readPositions({ after, limit, ...(connection === undefined ? {} : { connection }) })
        .then((positions) => ({ positions, full: positions.length === limit }));
      if (ends.size < mostPages) keep(key, page);
      return page;
    },
    oldestSeq() {
      if (!oldest) {
        oldest = store.info().then((info) => info.oldestSeq);
        oldest.catch(() => {});
        // Retention may move it at any time.
        setImmediate(() => (oldest = undefined));
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
