import { isBotyardError, type EventRoom } from "@botyard/sdk";
import * as api from "./api.ts";
import { orUndefined, type Caller } from "./request.ts";
import { toEventRoom } from "./room-shape.ts";
import type { WireChannel } from "./wire.ts";

/** Names that frames do not carry, remembered in memory; bounded, and asked for again when needed. */
export interface Directory {
  /** Name of a team in addresses: `eng`. */
  team(id: string): string | undefined;
  setTeam(id: string, name: string): void;
  room(id: string): EventRoom | undefined;
  setRoom(room: EventRoom): void;
  forgetRoom(id: string): void;
  /** Id of a user by username. */
  user(name: string): string | undefined;
  setUser(name: string, id: string): void;
  /** Username of a user. */
  username(id: string): string | undefined;
  /** Looks up what is missing to name these users; who cannot be seen stays unnamed. */
  learnUsers(on: Caller, users: Iterable<string>): Promise<void>;
  /** Who wrote a message. */
  author(message: string): string | undefined;
  setAuthor(message: string, user: string): void;
  /** Looks up what is missing to name these rooms; what cannot be seen stays unnamed. */
  learn(on: Caller, rooms: Iterable<string>): Promise<void>;
}

const mostKept = 5_000;

/** The newest names, and those of before: dropping the old half costs nothing, and what is asked for stays. */
interface Names<V> {
  get(key: string): V | undefined;
  set(key: string, value: V): void;
  delete(key: string): void;
}

function createNames<V>(): Names<V> {
  let young = new Map<string, V>();
  let old = new Map<string, V>();
  const set = (key: string, value: V): void => {
    young.set(key, value);
    if (young.size < mostKept) return;
    old = young;
    young = new Map();
  };
  return {
    get(key) {
      const found = young.get(key);
      if (found !== undefined) return found;
      const before = old.get(key);
      if (before !== undefined) set(key, before);
      return before;
    },
    set,
    delete(key) {
      young.delete(key);
      old.delete(key);
    },
  };
}

export function createDirectory(): Directory {
  const teams = createNames<string>();
  const rooms = createNames<EventRoom>();
  const users = createNames<string>();
  const authors = createNames<string>();
  const usernames = createNames<string>();
  const setUser = (name: string, id: string): void => {
    users.set(name, id);
    usernames.set(id, name);
  };

  async function look(on: Caller, id: string): Promise<void> {
    const channel: WireChannel = await api.getChannel(on, id);
    if (channel.team_id !== "" && teams.get(channel.team_id) === undefined)
      teams.set(channel.team_id, (await api.getTeam(on, channel.team_id)).name);
    rooms.set(id, toEventRoom(channel, teams.get(channel.team_id)));
  }

  return {
    team: (id) => teams.get(id),
    setTeam: (id, name) => teams.set(id, name),
    room: (id) => rooms.get(id),
    setRoom: (room) => rooms.set(room.id, room),
    forgetRoom: (id) => rooms.delete(id),
    user: (name) => users.get(name),
    setUser,
    username: (id) => usernames.get(id),
    async learnUsers(on, wanted) {
      const unknown = [...new Set(wanted)].filter((id) => usernames.get(id) === undefined);
      for (let at = 0; at < unknown.length; at += 100)
        for (const { id, username } of (await orUndefined(api.getUsers(on, unknown.slice(at, at + 100)))) ?? [])
          setUser(username, id);
    },
    author: (message) => authors.get(message),
    setAuthor: (message, user) => authors.set(message, user),
    async learn(on, wanted) {
      for (const id of new Set(wanted)) {
        if (rooms.get(id) !== undefined) continue;
        // A room that cannot be named is still a room: its events come without a name.
        await look(on, id).catch((error: unknown) => {
          if (isBotyardError(error) && (error.code === "not_found" || error.code === "forbidden"))
            rooms.set(id, { id });
        });
      }
    },
  };
}
