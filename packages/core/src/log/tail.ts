import type { Event } from "@botyard/sdk";
import type { Position, Store } from "../store/types.ts";
import type { Notifier } from "./notifier.ts";
import type { Page } from "./types.ts";

/**
 * The log, read once for all who want the same part of it: a commit wakes every stream, webhook and long poll at once,
 * webhooks that work off a backlog do it side by side, and whoever acknowledges a page asks for the next one.
 */
export interface Tail {
  /** What comes after `after`, as far as one read takes; of one connection where it is named. */
  read(after: number, connection?: string): Promise<Page>;
  /** First position that is kept. */
  oldestSeq(): Promise<number>;
  /** The same object for the same position, so that what is made of it can be kept with it. Not to be changed. */
  toEvent(position: Position): Event;
}

// Who is further behind than the others reads for itself: memory holds a few pages and no more.
const mostPages = 16;
/** Positions of one: enough to make a page of most filters, little enough to hold in memory. */
const size = 250;

export function createTail(
  store: Pick<Store, "info" | "readPositions">,
  notifier: Pick<Notifier, "head">,
  toEvent: (position: Position) => Event,
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
      const key = `${after}/${connection ?? ""}`;
      const known = whole.get(key) ?? ends.get(key);
      if (known) return known;
      // Pages begin at the same places for all, so that they meet there. Within one, the rest of it.
      const within = connection === undefined ? after % size : 0;
      const around = within === 0 ? undefined : whole.get(`${after - within}/`);
      if (around) return around.then(({ positions }) => ({ positions: behind(positions, after), full: true }));
      const limit = size - within;
      const page = store
        .readPositions({ after, limit, ...(connection === undefined ? {} : { connection }) })
        .then((positions) => ({ positions, full: positions.length === limit }));
      if (ends.size < mostPages) keep(key, page);
      return page;
    },
    oldestSeq() {
      // Those who are woken together ask together; later it is asked again, because retention may move it at any time.
      oldest ??= store.info().then(
        (info) => {
          oldest = undefined;
          return info.oldestSeq;
        },
        (error: unknown) => {
          oldest = undefined;
          throw error;
        },
      );
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

function behind(positions: readonly Position[], after: number): readonly Position[] {
  const at = positions.findIndex(({ seq }) => seq > after);
  return at < 0 ? [] : positions.slice(at);
}
