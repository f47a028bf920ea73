import type { Host } from "@botyard/sdk";
import type { Settings } from "./settings.ts";
import { createRandoms, type Randoms } from "./randoms.ts";
import { isObject, numberOf, textOf, type Feature } from "./wire.ts";

export interface RoomFacts {
  readonly name: string | null;
}

/** What the server said of a bot when it was last asked. */
export interface BotFacts {
  /** The server's number. */
  readonly id: number | null;
  readonly url: string | null;
  readonly state: number | null;
  readonly features: number | null;
}

/** What the server is, as of the last probe. */
export interface ServerFacts {
  /** `21.1.0`; null before the first probe. */
  readonly talk: string | null;
  readonly askFeatures: boolean;
}

/** Which of a bot's secrets signed a webhook: `bot-secret`, or `bot-secret-next` while it is installed again. */
export interface Heard {
  readonly generation: number;
  readonly kind: string;
  /** The bot's own id, where a Join named it. */
  readonly author: string | null;
}

/** What a bot was asked to be when it was made, or changed: the server shows it to an administrator only. */
export interface Asked {
  /** Null: all. */
  readonly features: readonly Feature[] | null;
  /** 1: on, 2: on, and only occ brings it into rooms. */
  readonly state: number;
}

/**
 * What no call of Talk lists and a restart must not forget: the rooms of each bot, the server's numbers, randoms that
 * were used. Reads are answered from memory; `put` entries are written by who commits.
 */
export interface Memory {
  rooms(handle: string): ReadonlyMap<string, RoomFacts>;
  /** Handles of the bots in a room. */
  botsIn(token: string): readonly string[];
  allRooms(): ReadonlyMap<string, RoomFacts>;
  /** Entries for the store; empty where it is known already. Call `learnt` once they are written. */
  entering(handle: string, token: string, facts: RoomFacts): Readonly<Record<string, unknown>>;
  leaving(handle: string, token: string): Readonly<Record<string, unknown>>;
  /** Takes written entries over. */
  learnt(put: Readonly<Record<string, unknown>>): void;
  enter(handle: string, token: string, facts: RoomFacts): Promise<void>;
  leave(handle: string, token: string): Promise<void>;
  bot(handle: string): BotFacts;
  keepBot(handle: string, facts: BotFacts): Promise<void>;
  asked(handle: string): Asked;
  keepAsked(handle: string, asked: Asked): Promise<void>;
  server(): ServerFacts;
  keepServer(facts: ServerFacts): Promise<void>;
  heard(handle: string): readonly Heard[];
  hear(handle: string, heard: Heard): Promise<void>;
  /** A bot that is being installed again: its number before. While that is the server's, its old secret works. */
  pending(handle: string): { readonly id: number; readonly url: string } | null;
  keepPending(handle: string, pending: { readonly id: number; readonly url: string } | null): Promise<void>;
  /** Forgets all of a bot. */
  forget(handle: string): Promise<void>;
  readonly randoms: Randoms;
  /** Writes what waits for others to be written with. */
  flush(): Promise<void>;
}

const allOn: Asked = { features: null, state: 1 };
const noFacts: BotFacts = { id: null, url: null, state: null, features: null };

export async function openMemory(host: Host<Settings>): Promise<Memory> {
  const rooms = new Map<string, Map<string, RoomFacts>>();
  const bots = new Map<string, BotFacts>();
  const askeds = new Map<string, Asked>();
  const heards = new Map<string, Heard[]>();
  const randoms = createRandoms();
  const pendings = new Map<string, { readonly id: number; readonly url: string }>();
  let server: ServerFacts = { talk: null, askFeatures: false };

  const roomsOf = (handle: string): Map<string, RoomFacts> => {
    const known = rooms.get(handle) ?? new Map<string, RoomFacts>();
    rooms.set(handle, known);
    return known;
  };
  const orNull = (value: unknown): number | null => (typeof value === "number" ? value : null);

  function take(key: string, value: unknown): void {
    const [kind, handle = "", rest = ""] = key.split("/");
    if (kind === "room") {
      if (value === null) roomsOf(handle).delete(rest);
      else if (isObject(value)) roomsOf(handle).set(rest, { name: textOf(value["name"]) || null });
    } else if (kind === "bot" && isObject(value)) {
      const url = value["url"];
      bots.set(handle, {
        id: orNull(value["id"]),
        url: typeof url === "string" ? url : null,
        state: orNull(value["state"]),
        features: orNull(value["features"]),
      });
    } else if (kind === "asked" && isObject(value)) {
      askeds.set(handle, value as unknown as Asked); // written below and by nobody else
    } else if (kind === "heard" && Array.isArray(value)) {
      heards.set(handle, value as Heard[]); // written below and by nobody else
    } else if (kind === "pending") {
      if (isObject(value)) pendings.set(handle, { id: numberOf(value["id"]), url: textOf(value["url"]) });
      else pendings.delete(handle);
    } else if (key === "server" && isObject(value)) {
      server = { talk: textOf(value["talk"]) || null, askFeatures: value["askFeatures"] === true };
    }
  }

  for (const [key, value] of await host.store.list("")) if (!randoms.take(key, value)) take(key, value);
  await host.store.put(randoms.renew());

  const write = async (entries: Readonly<Record<string, unknown>>): Promise<void> => {
    await host.store.put(entries);
    for (const [key, value] of Object.entries(entries)) take(key, value);
  };

  const memory: Memory = {
    rooms: (handle) => rooms.get(handle) ?? new Map(),
    botsIn: (token) => [...rooms].flatMap(([handle, known]) => (known.has(token) ? [handle] : [])),
    allRooms: () => new Map([...rooms.values()].flatMap((known) => [...known])),
    entering(handle, token, facts) {
      const known = rooms.get(handle)?.get(token);
      if (known && (facts.name === null || known.name === facts.name)) return {};
      return { [`room/${handle}/${token}`]: { name: facts.name } };
    },
    leaving: (handle, token) => (rooms.get(handle)?.has(token) ? { [`room/${handle}/${token}`]: null } : {}),
    learnt(put) {
      for (const [key, value] of Object.entries(put)) take(key, value);
    },
    enter: (handle, token, facts) => write(memory.entering(handle, token, facts)),
    leave: (handle, token) => write(memory.leaving(handle, token)),
    bot: (handle) => bots.get(handle) ?? noFacts,
    async keepBot(handle, facts) {
      if (JSON.stringify(bots.get(handle)) !== JSON.stringify(facts)) await write({ [`bot/${handle}`]: facts });
    },
    asked: (handle) => askeds.get(handle) ?? allOn,
    keepAsked: (handle, asked) => write({ [`asked/${handle}`]: asked }),
    server: () => server,
    async keepServer(facts) {
      if (JSON.stringify(server) !== JSON.stringify(facts)) await write({ server: facts });
    },
    heard: (handle) => heards.get(handle) ?? [],
    async hear(handle, heard) {
      const others = memory
        .heard(handle)
        .filter(({ generation, kind }) => generation !== heard.generation || kind !== heard.kind);
      await write({ [`heard/${handle}`]: [...others.slice(-3), heard] });
    },
    pending: (handle) => pendings.get(handle) ?? null,
    async keepPending(handle, pending) {
      if (pending !== null || pendings.has(handle)) await write({ [`pending/${handle}`]: pending });
    },
    async forget(handle) {
      const keys = (await host.store.list("")).map(([key]) => key).filter((key) => key.split("/")[1] === handle);
      await host.store.put(Object.fromEntries(keys.map((key) => [key, null])));
      rooms.delete(handle);
      bots.delete(handle);
      askeds.delete(handle);
      heards.delete(handle);
      pendings.delete(handle);
      randoms.forget(handle);
    },
    randoms,
    flush: () => host.store.put(randoms.rest()),
  };
  return memory;
}
