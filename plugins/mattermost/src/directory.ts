import type { EventRoom } from "@botyard/sdk";
import * as api from "./api.ts";
import type { Caller } from "./request.ts";
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
  /** Who wrote a message. */
  author(message: string): string | undefined;
  setAuthor(message: string, user: string): void;
  /** Looks up what is missing to name these rooms; what cannot be seen stays unnamed. */
  learn(on: Caller, rooms: Iterable<string>): Promise<void>;
}

const mostKept = 5_000;

function keep<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= mostKept) return;
  const [oldest] = map.keys();
  if (oldest !== undefined) map.delete(oldest);
}

export function createDirectory(): Directory {
  const teams = new Map<string, string>();
  const rooms = new Map<string, EventRoom>();
  const users = new Map<string, string>();
  const authors = new Map<string, string>();

  async function look(on: Caller, id: string): Promise<void> {
    const channel: WireChannel = await api.getChannel(on, id);
    if (channel.team_id !== "" && !teams.has(channel.team_id))
      keep(teams, channel.team_id, (await api.getTeam(on, channel.team_id)).name);
    keep(rooms, id, toEventRoom(channel, teams.get(channel.team_id)));
  }

  return {
    team: (id) => teams.get(id),
    setTeam: (id, name) => keep(teams, id, name),
    room: (id) => rooms.get(id),
    setRoom: (room) => keep(rooms, room.id, room),
    forgetRoom: (id) => void rooms.delete(id),
    user: (name) => users.get(name),
    setUser: (name, id) => keep(users, name, id),
    author: (message) => authors.get(message),
    setAuthor: (message, user) => keep(authors, message, user),
    async learn(on, wanted) {
      for (const id of new Set(wanted)) {
        if (rooms.has(id)) continue;
        // A room that cannot be named is still a room: its events come without a name.
        await look(on, id).catch(() => keep(rooms, id, { id }));
      }
    },
  };
}
