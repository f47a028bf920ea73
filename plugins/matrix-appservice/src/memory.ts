import type { PluginStore } from "@botyard/sdk";
import { isObject, objectOf, textOf, type Membership, type WireEvent } from "./wire.ts";
import { membershipOf } from "./decode-member.ts";
import { createRoomState, stateEntries, type RoomState } from "./room-state.ts";

/** What is known of a room, for events and lists. */
export interface RoomFacts {
  readonly name?: string;
  readonly alias?: string;
  readonly topic?: string;
  readonly space?: boolean;
  readonly public?: boolean;
  /** An invite said that it is meant for two. */
  readonly direct?: boolean;
}

export interface Reaction {
  readonly message: string;
  readonly emoji: string;
}

/**
 * What the homeserver has told about our own users and rooms, kept in the connection's store: a repeated join is not
 * harmless, so it has to survive a restart. Ten thousand ghosts are ten thousand small rows and no memory.
 */
export interface Memory extends RoomState {
  isRegistered(user: string): Promise<boolean>;
  setRegistered(user: string, registered: boolean): Promise<void>;
  membership(room: string, user: string): Promise<Membership | undefined>;
  setMembership(room: string, user: string, membership: Membership | undefined): Promise<void>;
  /** Our users that are joined to a room. */
  joinedTo(room: string): Promise<readonly string[]>;
  /** Rooms that one of our users is joined to. */
  rooms(): Promise<readonly string[]>;
  /** Rooms that said that they are encrypted. */
  encryptedRooms(): Promise<readonly string[]>;
  facts(room: string): Promise<RoomFacts | undefined>;
  setFacts(room: string, facts: RoomFacts): Promise<void>;
  /** Entries that events add; they count once `keep` was called, after the same entries were stored. */
  learn(event: WireEvent, owns: (user: string) => boolean, pending: Map<string, unknown>): Promise<void>;
  keep(entries: ReadonlyMap<string, unknown>): void;
  /** They were not stored after all: what is asked for next comes from the store. */
  drop(entries: ReadonlyMap<string, unknown>): void;
  /**
   * Runs pieces of work that learn and begin to store, one after the other; the next may begin while the last is still on
   * its way to the disk. Resolves when it is there.
   */
  taking(begin: () => Promise<{ readonly stored: Promise<void> }>): Promise<void>;
  /** Runs `learn`, storing and `keep` as one: what our own calls find out meanwhile waits, and is not overwritten by older news. */
  exclusive<T>(work: () => Promise<T>): Promise<T>;
  /** Forgets all but the newest reactions: a redaction of an older one is reported as a deleted message. */
  prune(): Promise<void>;
  /** As it will be once `pending` is stored; the same object as long as nothing changed. */
  factsWith(room: string, pending: ReadonlyMap<string, unknown>): Promise<RoomFacts | undefined>;
  reactionWith(event: string, pending: ReadonlyMap<string, unknown>): Promise<Reaction | undefined>;
}

const registeredKey = (user: string): string => `reg/${user}`;
const memberKey = (room: string, user: string): string => `mem/${room}/${user}`;
const roomKey = (room: string): string => `room/${room}`;
const reactionKey = (event: string): string => `re/${event}`;

const keptReactions = 5000;

/** Bytes of one value of the store; a homeserver's events are not larger, what is put together of several could be. */
const largestValue = 60_000;
/** Most of a name or topic that is remembered. */
const longestText = 4_000;

/** Entries held in memory in front of the store. */
const cacheSize = 60_000;

export function createMemory(store: PluginStore): Memory {
  const cache = new Map<string, unknown>();

  function remember(key: string, value: unknown): void {
    cache.delete(key);
    cache.set(key, value ?? null);
    if (cache.size <= cacheSize) return;
    const [oldest] = cache.keys();
    if (oldest !== undefined) cache.delete(oldest);
  }

  async function get(key: string): Promise<unknown> {
    if (cache.has(key)) return cache.get(key) ?? undefined;
    const value = await store.get(key);
    remember(key, value);
    return value ?? undefined;
  }

  let last: Promise<unknown> = Promise.resolve();
  const storing = new Set<Promise<unknown>>();

  function exclusive<T>(work: () => Promise<T>): Promise<T> {
    const done = last.then(async () => {
      if (storing.size > 0) await Promise.all(storing);
      return work();
    });
    last = done.catch(() => {});
    return done;
  }

  function taking(begin: () => Promise<{ readonly stored: Promise<void> }>): Promise<void> {
    const begun = last.then(begin);
    last = begun.then(
      ({ stored }) => {
        const ended: Promise<unknown> = stored.catch(() => {}).finally(() => storing.delete(ended));
        storing.add(ended);
      },
      () => {},
    );
    return begun.then(({ stored }) => stored);
  }

  const put = (key: string, value: unknown): Promise<void> =>
    exclusive(async () => {
      await store.put({ [key]: value ?? null });
      remember(key, value);
    });

  const read = async (key: string, pending: ReadonlyMap<string, unknown>): Promise<unknown> =>
    pending.has(key) ? (pending.get(key) ?? undefined) : get(key);

  async function joined(prefix: string): Promise<(readonly [room: string, user: string])[]> {
    const entries = await store.list(prefix);
    return entries.flatMap(([key, value]) => {
      // Room ids hold no slash; a user id comes last.
      const cut = key.lastIndexOf("/@");
      return value === "join" && cut > 0 ? [[key.slice("mem/".length, cut), key.slice(cut + 1)] as const] : [];
    });
  }

  return {
    ...createRoomState({ get, put }),
    isRegistered: async (user) => (await get(registeredKey(user))) === true,
    setRegistered: (user, registered) => put(registeredKey(user), registered ? true : undefined),
    membership: async (room, user) => membershipOf(await get(memberKey(room, user))),
    setMembership: (room, user, membership) => put(memberKey(room, user), membership),
    joinedTo: async (room) => (await joined(`mem/${room}/`)).map(([, user]) => user),
    rooms: async () => [...new Set((await joined("mem/")).map(([room]) => room))],
    encryptedRooms: async () => (await store.list("enc/")).map(([key]) => key.slice("enc/".length)),
    facts: async (room) => toFacts(await get(roomKey(room))),
    setFacts: (room, facts) => put(roomKey(room), facts),
    factsWith: async (room, pending) => toFacts(await read(roomKey(room), pending)),
    reactionWith: async (event, pending) => toReaction(await read(reactionKey(event), pending)),
    async prune() {
      const all = (await store.list("re/")).map(([key, value]) => ({ key, at: Number(objectOf(value)["at"] ?? 0) }));
      const old = all.sort((a, b) => b.at - a.at).slice(keptReactions);
      if (old.length > 0) await store.put(Object.fromEntries(old.map(({ key }) => [key, null])));
    },
    exclusive,
    taking,
    drop: (entries) => entries.forEach((_, key) => cache.delete(key)),
    keep: (entries) => entries.forEach((value, key) => remember(key, value)),
    async learn(event, owns, pending) {
      const { type, room_id: room, state_key: key, content } = event;
      // What the store would refuse must not keep the homeserver's queue from going on.
      const set = (entry: string, value: unknown): void => {
        if (Buffer.byteLength(JSON.stringify(value)) <= largestValue) pending.set(entry, value);
      };
      const ours = type === "m.room.member" && key !== undefined && owns(key) ? memberKey(room, key) : undefined;
      const now = ours === undefined ? undefined : membershipOf(content["membership"]);
      // Nobody who is in a room is invited to it: the invite is older than the join we have made since.
      const late = ours !== undefined && now === "invite" && (await read(ours, pending)) === "join";
      if (ours !== undefined && now !== undefined && !late) set(ours, now);
      if (!late) for (const [entry, value] of stateEntries(event)) set(entry, value);
      if (type === "m.reaction" && key === undefined) {
        const relates = objectOf(content["m.relates_to"]);
        const [message, emoji] = [textOf(relates["event_id"]), textOf(relates["key"])];
        if (message !== undefined && emoji !== undefined)
          set(reactionKey(event.event_id), { message, emoji, at: event.origin_server_ts });
      }
      const before = toFacts(await read(roomKey(room), pending));
      const after = factsAfter(event, before ?? {});
      if (after !== undefined) set(roomKey(room), after);
    },
  };
}

/** Whether an event can change anything that is remembered: what people write does not, and most of what comes is that. */
export function teaches({ type, state_key: key }: WireEvent): boolean {
  return key === undefined ? type === "m.reaction" : type === "m.room.member" || key === "";
}

/** Room facts once this event happened; `undefined` where it changes none. */
function factsAfter({ type, state_key: key, content }: WireEvent, facts: RoomFacts): RoomFacts | undefined {
  if (type === "m.room.member")
    return content["is_direct"] === true && facts.direct !== true ? { ...facts, direct: true } : undefined;
  return key === "" ? applyState(facts, type, content) : undefined;
}

/** Facts with one piece of state; `undefined` for state that shows in none. */
export function applyState(facts: RoomFacts, type: string, content: WireEvent["content"]): RoomFacts | undefined {
  switch (type) {
    case "m.room.create":
      return { ...facts, space: content["type"] === "m.space" };
    case "m.room.join_rules":
      return { ...facts, public: content["join_rule"] === "public" };
    case "m.room.name":
      return withText(facts, "name", content["name"]);
    case "m.room.canonical_alias":
      return withText(facts, "alias", content["alias"]);
    case "m.room.topic":
      return withText(facts, "topic", content["topic"]);
    default:
      return undefined;
  }
}

function withText(facts: RoomFacts, field: "name" | "alias" | "topic", value: unknown): RoomFacts {
  const { [field]: _, ...rest } = facts;
  return typeof value === "string" && value !== "" ? { ...rest, [field]: value.slice(0, longestText) } : rest;
}

function toFacts(value: unknown): RoomFacts | undefined {
  return isObject(value) ? value : undefined;
}

function toReaction(value: unknown): Reaction | undefined {
  const { message, emoji } = objectOf(value);
  return typeof message === "string" && typeof emoji === "string" ? { message, emoji } : undefined;
}
