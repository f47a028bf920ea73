import { BotyardError, isBotyardError, type Acting, type Room } from "@botyard/sdk";
import * as api from "./api.ts";
import { acting, type Context } from "./context.ts";
import { createPlaces, kindOf } from "./places.ts";
import type { Caller } from "./request.ts";
import { isUlid } from "./ulid.ts";
import { type WireChannel, type WireMember, type WireServer, type WireUser } from "./wire.ts";
import { isChannel } from "./wire-checks.ts";

/** What a room's id names. */
export type Where =
  | { readonly kind: "server"; readonly server: string }
  | { readonly kind: "channel"; readonly server: string }
  | { readonly kind: "group" }
  | { readonly kind: "direct" };

/** A room without its handle, which only who sees all rooms can tell. */
export function isRoomOf(of: WireServer | WireChannel): Room {
  return createPlaces().room(of);
}

/** Ids of servers and channels look alike: a channel first, for there are more of them. */
async function fetchEither(on: Caller, id: string): Promise<WireServer | WireChannel> {
  try {
    return await api.fetchChannel(on, id);
  } catch (error) {
    if (!isBotyardError(error) || error.code !== "not_found") throw error;
    return api.fetchServer(on, id);
  }
}

/** Throws `not_found`, `forbidden`. */
export async function whereOf(context: Context, as: Acting | null, on: Caller, room: string): Promise<Where> {
  const known = as === null ? undefined : context.links.get(as.handle ?? "")?.places;
  if (known?.server(room)) return { kind: "server", server: room };
  const found = known?.channel(room) ?? (await fetchEither(on, room));
  if (!isChannel(found)) return { kind: "server", server: found._id };
  if (found.server !== undefined) return { kind: "channel", server: found.server };
  return { kind: kindOf(found) === "group" ? "group" : "direct" };
}

/** The server of a room that is one or is in one. Throws `invalid` for groups and direct rooms. */
export async function serverOf(context: Context, as: Acting | null, on: Caller, room: string): Promise<string> {
  const place = await whereOf(context, as, on, room);
  if (place.kind === "server" || place.kind === "channel") return place.server;
  throw new BotyardError("invalid", "This works in servers only, not in groups and direct rooms.", {
    issues: [{ path: "room", expected: "a server, or a channel of one" }],
  });
}

/** As the server has it now, with its handle where what is seen tells one. */
export async function roomOf(context: Context, as: Acting | null, on: Caller, id: string): Promise<Room> {
  const found = await fetchEither(on, id);
  const places = await context.placesOf(as, false, on.signal);
  return places.room(found);
}

/** Of a server, of the server of a channel, or of a group. */
export async function membersOf(
  context: Context,
  on: Caller,
  room: string,
): Promise<{ readonly members: readonly WireMember[]; readonly users: readonly WireUser[] }> {
  const place = await whereOf(context, null, on, room);
  if (place.kind === "server" || place.kind === "channel") return api.serverMembers(on, place.server);
  if (place.kind === "group") return { members: [], users: await api.groupMembers(on, room) };
  const { recipients = [] } = await api.fetchChannel(on, room);
  const users = [];
  for (const id of recipients) users.push(await api.user(on, id));
  return { members: [], users };
}

/** The id behind what a person types; null for none. Ids come back as they are. */
export async function resolveRoom(context: Context, ref: string, as: Acting | null): Promise<string | null> {
  const { signal } = context.host;
  if (isUlid(ref)) return ref;
  if (!ref.startsWith("user:")) {
    const known = (await context.placesOf(as, false, signal)).find(ref);
    return known ?? (await context.placesOf(as, true, signal)).find(ref);
  }
  if (as === null) return null;
  try {
    return (await acting(context, { as, signal }, (on) => api.openDirect(on, ref.slice(5))))._id;
  } catch (error) {
    if (isBotyardError(error) && error.code === "not_found") return null;
    throw error;
  }
}
