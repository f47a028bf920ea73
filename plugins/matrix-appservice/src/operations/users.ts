import { BotyardError, type HandlersOf } from "@botyard/sdk";
import * as api from "../api.ts";
import type { Capabilities } from "../capabilities.ts";
import type { Context } from "../context.ts";
import { checkUserId, localpartOf } from "../ids.ts";
import { searchUsers } from "../methods/people.ts";
import { orUndefined } from "../request.ts";
import { witness } from "../rooms.ts";
import { actorIn } from "./acting.ts";

const pageSize = 50;
const mostFound = 500;
/** Rooms whose members are listed. */
const mostRooms = 200;

/** Who shares a room with us. */
async function known(
  context: Context,
  signal: AbortSignal,
): Promise<readonly { readonly user: string; readonly displayname: string | null }[]> {
  const users = new Map<string, string | null>();
  for (const room of (await context.memory.rooms()).slice(0, mostRooms)) {
    const on = await context.caller(await witness(context, room), signal);
    const { joined } = await api.joinedMembers(on, room);
    for (const [user, { display_name: name }] of Object.entries(joined)) users.set(user, name ?? null);
  }
  return [...users].map(([user, displayname]) => ({ user, displayname }));
}

export const users = (context: Context): HandlersOf<Capabilities, "users"> => ({
  "users.list": async ({ search, limit = pageSize, cursor }, call) => {
    const { owns } = await context.identity();
    const found =
      search === undefined || search === ""
        ? await known(context, call.signal)
        : (await searchUsers(await actorIn(context, call), search, mostFound)).users;
    const all = found.toSorted((a, b) => (a.user < b.user ? -1 : 1));
    const rest = cursor === undefined ? all : all.filter(({ user }) => user > cursor);
    const items = rest.slice(0, limit).map(({ user, displayname }) => ({
      id: user,
      username: localpartOf(user),
      name: displayname,
      kind: owns(user) ? ("bot" as const) : ("user" as const),
    }));
    const last = items.at(-1)?.id;
    return last !== undefined && rest.length > items.length ? { items, next: last } : { items };
  },

  "users.get": async ({ user }, { signal }) => {
    const wrong = checkUserId(user);
    if (wrong !== undefined) throw new BotyardError("not_found", `there is no such user: ${wrong}`);
    const profile = await orUndefined(api.getProfile(await context.caller(undefined, signal), user));
    if (profile === undefined)
      throw new BotyardError("not_found", `the homeserver has no user ${user}, or does not show it`);
    const { owns } = await context.identity();
    return {
      id: user,
      username: localpartOf(user),
      name: profile.displayname ?? null,
      kind: owns(user) ? "bot" : "user",
    };
  },
});
