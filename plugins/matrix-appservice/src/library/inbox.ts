import type { Clock, EventDraft, Log } from "@botyard/sdk";
import { isObject, objectOf } from "../wire.ts";
import type { Store } from "./store.ts";

/** An event, as a handler gets it. */
export interface AppEvent extends EventDraft {
  /** Place in the order of what came in. */
  readonly seq: number;
  /** Done by one of our own users, or by us in a person's name. */
  readonly own: boolean;
  /** Times a handler has failed on it. */
  readonly attempts: number;
}

/** An event no handler could deal with. */
export interface DeadLetter {
  readonly event: AppEvent;
  readonly error: string;
  /** ISO 8601. */
  readonly at: string;
}

export type Handle = (event: AppEvent) => Promise<void>;

export interface Inbox {
  /** Resolves when the new ones are on disk, together with `put`; answers how many were new. */
  accept(
    drafts: readonly EventDraft[],
    own: (draft: EventDraft) => boolean,
    put: Readonly<Record<string, unknown>>,
  ): Promise<number>;
  /** Begins to hand out what waits, and goes on with what comes; per room in order. */
  start(handle: Handle): Promise<void>;
  /** Resolves when nothing waits or is worked on. */
  settled(): Promise<void>;
  deadLetters(): Promise<readonly DeadLetter[]>;
  /** Puts a dead letter back into the queue; false where there is none. */
  revive(seq: number): Promise<boolean>;
  /** Lets what is worked on end, and begins nothing more. */
  stop(): Promise<void>;
}

export interface InboxOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  /** Pauses before a failed event is tried again, in milliseconds; after the last it is a dead letter. */
  readonly retryMs: readonly number[];
  readonly signal: AbortSignal;
}

const waitingPrefix = "in/";
const deadPrefix = "dead/";
const seenPrefix = "seen/";
/** Event ids remembered: homeservers repeat some, after a kill even late. */
const keptIds = 50_000;
const pruneAt = 55_000;

const keyOf = (prefix: string, seq: number): string => `${prefix}${String(seq).padStart(15, "0")}`;

/** A durable queue: stored before the homeserver is answered, handed out after, kept until a handler has done it. */
export async function createInbox({ store, clock, log, retryMs, signal }: InboxOptions): Promise<Inbox> {
  const seen = new Map<string, number>();
  for (const [key, value] of await store.list(seenPrefix)) seen.set(key.slice(seenPrefix.length), Number(value));
  const sorted = [...seen].sort(([, a], [, b]) => a - b);
  seen.clear();
  for (const [id, seq] of sorted) seen.set(id, seq);
  let next = Number((await store.get("in-next")) ?? 1);
  let handle: Handle | undefined;
  let last: Promise<unknown> = Promise.resolve();
  const rooms = new Map<string, Promise<void>>();

  function schedule(event: AppEvent): void {
    if (handle === undefined) return;
    const room = event.room?.id ?? "";
    const done = (rooms.get(room) ?? Promise.resolve()).then(() => work(event));
    rooms.set(room, done);
    void done.finally(() => {
      if (rooms.get(room) === done) rooms.delete(room);
    });
  }

  /** Later events of the room wait meanwhile. Never throws. */
  async function work(event: AppEvent): Promise<void> {
    let now = event;
    while (!signal.aborted && handle !== undefined) {
      try {
        await handle(now);
        await store.put({ [keyOf(waitingPrefix, now.seq)]: null });
        return;
      } catch (error) {
        const pause = retryMs[now.attempts];
        now = { ...now, attempts: now.attempts + 1 };
        if (pause === undefined) return bury(now, error);
        log.warn("a handler failed; it is tried again", { seq: now.seq, attempts: now.attempts, error });
        await store.put({ [keyOf(waitingPrefix, now.seq)]: now });
        await clock.sleep(pause, signal).catch(() => {});
      }
    }
  }

  async function bury(event: AppEvent, error: unknown): Promise<void> {
    const text = error instanceof Error ? error.message : String(error);
    log.error("no handler could deal with an event; it is a dead letter", { seq: event.seq, error });
    const letter = { event, error: text, at: new Date(clock.now()).toISOString() };
    await store.put({ [keyOf(waitingPrefix, event.seq)]: null, [keyOf(deadPrefix, event.seq)]: letter });
  }

  function forget(): Record<string, unknown> {
    if (seen.size < pruneAt) return {};
    const old = [...seen.keys()].slice(0, seen.size - keptIds);
    for (const id of old) seen.delete(id);
    return Object.fromEntries(old.map((id) => [`${seenPrefix}${id}`, null]));
  }

  const serial = <T>(work: () => Promise<T>): Promise<T> => {
    const done = last.then(work, work);
    last = done.catch(() => {});
    return done;
  };

  return {
    accept: (drafts, own, put) =>
      serial(async () => {
        const entries: Record<string, unknown> = { ...put };
        const events: AppEvent[] = [];
        const ids = new Set<string>();
        let at = next;
        for (const draft of drafts) {
          const id = draft.key?.id;
          if (id !== undefined && (seen.has(id) || ids.has(id))) continue;
          const event: AppEvent = { ...draft, seq: at, own: own(draft), attempts: 0 };
          at += 1;
          entries[keyOf(waitingPrefix, event.seq)] = event;
          if (id !== undefined) {
            ids.add(id);
            entries[`${seenPrefix}${id}`] = event.seq;
          }
          events.push(event);
        }
        if (events.length > 0) entries["in-next"] = at;
        if (Object.keys(entries).length > 0) await store.put({ ...entries, ...forget() });
        next = at;
        for (const { key, seq } of events) if (key !== null) seen.set(key.id, seq);
        for (const event of events) schedule(event);
        return events.length;
      }),
    start: (given) =>
      serial(async () => {
        if (handle !== undefined) return;
        handle = given;
        for (const [, value] of await store.list(waitingPrefix)) schedule(value as AppEvent);
      }),
    async settled() {
      while (rooms.size > 0) await Promise.all(rooms.values());
    },
    async deadLetters() {
      return (await store.list(deadPrefix)).flatMap(([, value]) =>
        isObject(value) ? [value as unknown as DeadLetter] : [],
      );
    },
    revive: (seq) =>
      serial(async () => {
        const letter = objectOf(await store.get(keyOf(deadPrefix, seq)));
        if (!isObject(letter["event"])) return false;
        const event = { ...(letter["event"] as unknown as AppEvent), attempts: 0 };
        await store.put({ [keyOf(deadPrefix, seq)]: null, [keyOf(waitingPrefix, seq)]: event });
        schedule(event);
        return true;
      }),
    async stop() {
      handle = undefined;
      await Promise.all(rooms.values());
    },
  };
}
