import type { Acting } from "@botyard/sdk";
import * as api from "./api.ts";
import { actorOf, callerOf, findUser, noSuch, type Context } from "./context.ts";
import { isId } from "./ids.ts";
import { orUndefined, type Caller } from "./request.ts";
import type { WireChannel, WireTeam } from "./wire.ts";

/** A room of either kind. */
export type Place =
  | { readonly kind: "channel"; readonly channel: WireChannel }
  | { readonly kind: "team"; readonly team: WireTeam };

/** The channel or team with this id. Throws `not_found`. */
export async function findPlace(on: Caller, id: string): Promise<Place> {
  if (!isId(id)) throw noSuch("room");
  const channel = await orUndefined(api.getChannel(on, id));
  if (channel) return { kind: "channel", channel };
  const team = await orUndefined(api.getTeam(on, id));
  if (team) return { kind: "team", team };
  throw noSuch("room");
}

export async function teamName(context: Context, on: Caller, id: string): Promise<string | undefined> {
  if (id === "") return undefined;
  const known = context.directory.team(id);
  if (known !== undefined) return known;
  const team = await orUndefined(api.getTeam(on, id));
  if (team) context.directory.setTeam(id, team.name);
  return team?.name;
}

/** The id behind `team:channel`, `team`, `user:<id>` or `@name`; an id comes back as it is. */
export async function resolveRoom(context: Context, ref: string, as: Acting | null): Promise<string | null> {
  const { signal } = context.host;
  if (isId(ref)) return ref;
  const person = ref.startsWith("user:") ? ref.slice(5) : ref.startsWith("@") ? ref : undefined;
  if (person !== undefined) {
    const { on, id } = await actorOf(context, as, signal);
    const user = await orUndefined(findUser(on, person));
    return user === undefined ? null : (await api.openDirect(on, [id, user.id])).id;
  }
  const [team = "", channel] = ref.split(":");
  const isName = (name: string): boolean => /^[a-z0-9_-]{1,64}$/.test(name);
  if (!isName(team) || (channel !== undefined && !isName(channel))) return null;
  const on = await callerOf(context, { as, signal });
  if (channel === undefined) return (await orUndefined(api.getTeamByName(on, team)))?.id ?? null;
  return (await orUndefined(api.getChannelByName(on, team, channel)))?.id ?? null;
}

/** The id of a team given by id or name. Throws `not_found`. */
export async function teamIdOf(on: Caller, team: string): Promise<string> {
  if (isId(team)) return team;
  if (/^[a-z0-9-]{1,64}$/.test(team)) return (await api.getTeamByName(on, team)).id;
  throw noSuch("team");
}
