import { BotyardError, type Bytes } from "@botyard/sdk";
import * as api from "../api.ts";
import * as people from "../api-people.ts";
import { parseMxc } from "../ids.ts";
import { orUndefined } from "../request.ts";
import { presences, type JsonObject, type Presence, type WireProfile } from "../wire.ts";
import { asUser, callerOf, joined, puppetKey, registered, type Actor } from "./actor.ts";

/** What lasts for a moment only, per connection: spares repeated calls. */
interface Volatile {
  readonly presence: Map<string, string>;
  readonly read: Map<string, string>;
}

const volatiles = new WeakMap<Actor["context"], Volatile>();
const keptEntries = 20_000;

function volatileOf({ context }: Actor): Volatile {
  const found = volatiles.get(context) ?? { presence: new Map(), read: new Map() };
  volatiles.set(context, found);
  return found;
}

function keep(map: Map<string, string>, key: string, value: string): void {
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > keptEntries && oldest !== undefined) map.delete(oldest);
}

/** Sent only where state or text changed, unless `ignoreCache`. Answers whether it was sent. */
export async function setPresence(
  actor: Actor,
  presence: Presence,
  status?: string,
  ignoreCache = false,
): Promise<boolean> {
  if (!presences.includes(presence))
    throw new BotyardError("invalid", "there is no such presence", {
      issues: [{ path: "presence", expected: presences.join(", ") }],
    });
  const { presence: known } = volatileOf(actor);
  const now = `${presence}\n${status ?? ""}`;
  if (!ignoreCache && known.get(actor.user) === now) return false;
  await asUser(actor, (on) => people.putPresence(on, actor.user, presence, status));
  keep(known, actor.user, now);
  return true;
}

export async function getPresence(actor: Actor, user: string): Promise<{ presence: string; status: string | null }> {
  const found = await people.getPresence(await callerOf(actor), user);
  return { presence: found.presence, status: found.status_msg ?? null };
}

/** `timeoutMs` 0 ends it. Every call is sent: only so a long typing lasts. */
export const setTyping = (actor: Actor, room: string, timeoutMs: number): Promise<void> =>
  joined(actor, room, async (on) => {
    await people.putTyping(on, room, actor.user, timeoutMs > 0 ? timeoutMs : false);
  });

/** Marks as read up to an event; the same event again is not sent. Answers whether it was sent. */
export async function markRead(actor: Actor, room: string, event: string): Promise<boolean> {
  const { read } = volatileOf(actor);
  const key = `${actor.user}\n${room}`;
  if (read.get(key) === event) return false;
  const source = actor.context.realUsers.has(actor.user) ? { [puppetKey]: actor.context.service.id } : undefined;
  const more = source === undefined ? {} : { "com.beeper.read.extra": source, "com.beeper.fully_read.extra": source };
  await asUser(actor, (on) => people.postReadMarkers(on, room, event, more));
  keep(read, key, event);
  return true;
}

export async function sendReceipt(
  actor: Actor,
  room: string,
  event: string,
  type: "m.read" | "m.read.private" | "m.fully_read" = "m.read",
  thread?: string,
): Promise<void> {
  await asUser(actor, (on) => people.postReceipt(on, room, type, event, thread));
}

/** A user without a profile has an empty one; `not_found` for a user that does not exist. */
export async function getProfile(actor: Actor, user = actor.user): Promise<WireProfile> {
  return api.getProfile(await callerOf(actor), user);
}

/** One event in every room of the user, so nothing is sent where it is so already. Answers whether it changed. */
export const setProfile = (actor: Actor, field: "displayname" | "avatar_url", value: string | null): Promise<boolean> =>
  asUser(actor, async (on) => {
    const now = await orUndefined(api.getProfile(on, actor.user));
    if (now !== undefined && (now[field] ?? "") === (value ?? "")) return false;
    await api.putProfile(on, actor.user, field, value ?? "");
    return true;
  });

export async function searchUsers(
  actor: Actor,
  term: string,
  limit = 10,
): Promise<{ readonly limited: boolean; readonly users: readonly { user: string; displayname: string | null }[] }> {
  const { limited, results } = await asUser(actor, (on) => people.searchUsers(on, term, limit));
  return {
    limited,
    users: results.map(({ user_id: user, display_name: displayname }) => ({ user, displayname: displayname ?? null })),
  };
}

/** Answers the `mxc:` address. Never repeated by itself. */
export async function uploadMedia(actor: Actor, file: Bytes): Promise<string> {
  return api.upload(await registered(actor), file);
}

/** The caller reads or cancels the body. Throws `not_found`. */
export async function downloadMedia(actor: Actor, uri: string): Promise<Bytes> {
  const media = parseMxc(uri);
  if (media === undefined)
    throw new BotyardError("not_found", "there is no such file: on Matrix a file is named mxc://server/id");
  return api.download(await callerOf(actor), media.server, media.id);
}

export const getJoinedRooms = (actor: Actor): Promise<readonly string[]> => asUser(actor, api.joinedRooms);

/** Who the homeserver takes the user for. */
export async function whoami(actor: Actor): Promise<{ readonly user: string; readonly device: string | null }> {
  const answer: JsonObject = { ...(await api.whoami(await callerOf(actor))) };
  return {
    user: String(answer["user_id"]),
    device: typeof answer["device_id"] === "string" ? answer["device_id"] : null,
  };
}

/** Lets the homeserver call us; answers how long that took, in milliseconds. */
export async function ping({ context, signal }: Actor, transactionId?: string): Promise<number> {
  const on = await context.caller(undefined, signal);
  const id = transactionId ?? `botyard-${context.host.clock.now()}`;
  return (await api.ping(on, context.service.id, id)).duration_ms;
}
