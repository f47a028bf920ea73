import { checkAlias, checkRoomId, checkUserId } from "../ids.ts";
import { isObject, objectOf, textOf, type JsonObject } from "../wire.ts";
import { checkAliasNamespace, resolveAlias } from "./directory.ts";
import { ban, invite, join, kick, knock, leave, unban } from "./members.ts";
import { append, membershipIn, membersOf, refuse, type SimRoom } from "./model.ts";
import { creatorsRule, defaultPowerLevels } from "./power.ts";
import { bodyOf, param, requester, roomOf, type Call } from "./request.ts";

/** Version of rooms made without a wish, as on the recorded server. */
export const defaultVersion = "10";
const versions = new Set(Array.from({ length: 12 }, (_, at) => String(at + 1)));
const presets: Readonly<Record<string, { readonly joinRule: string; readonly guests: string | undefined }>> = {
  private_chat: { joinRule: "invite", guests: "can_join" },
  trusted_private_chat: { joinRule: "invite", guests: "can_join" },
  public_chat: { joinRule: "public", guests: undefined },
};

/** `POST /createRoom`. @see https://spec.matrix.org/v1.19/client-server-api/#creation */
export async function createRoom(call: Call): Promise<JsonObject> {
  const { world } = call;
  const who = requester(call);
  const body = await bodyOf(call);
  const version = textOf(body["room_version"]) ?? defaultVersion;
  if (!versions.has(version))
    refuse(400, "M_UNSUPPORTED_ROOM_VERSION", "Your homeserver does not support this room version");
  const localpart = textOf(body["room_alias_name"]);
  if (localpart?.includes(":"))
    refuse(
      400,
      "M_UNKNOWN",
      "':' is not permitted in the room alias name. Please note this expects a local part — 'wombat', not '#wombat:example.com'.",
    );
  const alias = localpart === undefined ? undefined : `#${localpart}:${world.serverName}`;
  const invited = Array.isArray(body["invite"]) ? body["invite"].map(String) : [];
  for (const user of invited) if (checkUserId(user) !== undefined) refuse(400, "M_UNKNOWN", `Invalid user_id: ${user}`);
  if (alias !== undefined && world.aliases.has(alias)) refuse(400, "M_ROOM_IN_USE", "Room alias already taken");
  if (alias !== undefined) checkAliasNamespace(world, alias, who.service);
  const visible = body["visibility"] === "public";
  const preset = textOf(body["preset"]) ?? (visible ? "public_chat" : "private_chat");
  const rules = presets[preset] ?? refuse(400, "M_BAD_JSON", `'${preset}' is not a valid preset`);

  const createId = world.nextId(43);
  const room: SimRoom = {
    id: creatorsRule(version) ? `!${createId}` : `!${world.nextId(18)}:${world.serverName}`,
    version,
    creator: who.user,
    events: [],
    state: new Map(),
  };
  world.rooms.set(room.id, room);
  if (alias !== undefined) world.aliases.set(alias, room.id);
  const put = (type: string, content: JsonObject, key = ""): void =>
    void append(world, room, { type, sender: who.user, stateKey: key, content });
  const creator = Number(version) < 11 ? { creator: who.user } : {};
  append(
    world,
    room,
    {
      type: "m.room.create",
      sender: who.user,
      stateKey: "",
      content: { ...objectOf(body["creation_content"]), ...creator, room_version: version },
    },
    `$${createId}`,
  );
  const account = world.accounts.get(who.user);
  const name = account === undefined ? who.user.slice(1, who.user.indexOf(":")) : account.displayname;
  put("m.room.member", { ...(name === undefined ? {} : { displayname: name }), membership: "join" }, who.user);
  put("m.room.power_levels", {
    ...defaultPowerLevels(who.user, version, preset, invited),
    ...objectOf(body["power_level_content_override"]),
  });
  if (alias !== undefined) put("m.room.canonical_alias", { alias });
  const initial = (Array.isArray(body["initial_state"]) ? body["initial_state"] : []).filter(isObject);
  const given = new Set(initial.map((entry) => entry["type"]));
  if (!given.has("m.room.join_rules")) put("m.room.join_rules", { join_rule: rules.joinRule });
  if (!given.has("m.room.history_visibility")) put("m.room.history_visibility", { history_visibility: "shared" });
  if (!given.has("m.room.guest_access") && rules.guests !== undefined)
    put("m.room.guest_access", { guest_access: rules.guests });
  for (const entry of initial) put(String(entry["type"]), objectOf(entry["content"]), textOf(entry["state_key"]) ?? "");
  const [title, topic] = [textOf(body["name"]), textOf(body["topic"])];
  if (title !== undefined) put("m.room.name", { name: title });
  if (topic !== undefined) put("m.room.topic", { "m.topic": { "m.text": [{ body: topic }] }, topic });
  if (visible) world.published.add(room.id);
  for (const user of invited)
    await invite(world, room, who.user, { user_id: user, is_direct: body["is_direct"] }, room.id);
  return { room_id: room.id };
}

/** `POST /join/{idOrAlias}` and `POST /rooms/{id}/join`. */
export async function joinRoom(call: Call): Promise<JsonObject> {
  const { world } = call;
  const who = requester(call);
  const body = await bodyOf(call, true);
  const name = param(call, "room");
  const isAlias = checkAlias(name) === undefined;
  if (!isAlias && checkRoomId(name) !== undefined)
    refuse(400, "M_UNKNOWN", `${name} was not legal room ID or room alias`);
  const id = isAlias ? await resolveAlias(world, name) : name;
  const room = world.rooms.get(id);
  if (room === undefined)
    refuse(404, "M_UNKNOWN", "Can't join remote room because no servers that are in the room have been provided.");
  join(world, room, who.user, typeof body["reason"] === "string" ? { reason: body["reason"] } : {});
  return { room_id: room.id };
}

/** `POST /knock/{idOrAlias}` */
export async function knockRoom(call: Call): Promise<JsonObject> {
  const who = requester(call);
  const body = await bodyOf(call, true);
  const name = param(call, "room");
  const room = call.world.rooms.get(name.startsWith("#") ? await resolveAlias(call.world, name) : name);
  if (room === undefined) refuse(404, "M_UNKNOWN", "Can't knock on a room that no known server is in.");
  knock(call.world, room, who.user, body);
  return { room_id: room.id };
}

/** `POST /rooms/{id}/{invite|leave|kick|ban|unban|forget}` */
export async function act(call: Call): Promise<JsonObject> {
  const { world } = call;
  const who = requester(call);
  const action = param(call, "action");
  const body = await bodyOf(call, action === "leave" || action === "forget");
  const room = roomOf(call);
  if (action === "invite") await invite(world, room, who.user, body, param(call, "room"));
  else if (action === "leave") leave(world, room, who.user, body);
  else if (room === undefined) refuse(404, "M_UNKNOWN", "Not a known room");
  else if (action === "kick") kick(world, room, who.user, body);
  else if (action === "ban") ban(world, room, who.user, body);
  else if (action === "unban") unban(world, room, who.user, body);
  else if (membershipIn(room, who.user) === "join") refuse(400, "M_UNKNOWN", `User ${who.user} in room ${room.id}`);
  return {};
}

/** `GET /joined_rooms` */
export function joinedRooms(call: Call): JsonObject {
  const who = requester(call);
  const rooms = [...call.world.rooms.values()].filter((room) => membershipIn(room, who.user) === "join");
  return { joined_rooms: rooms.map(({ id }) => id) };
}

/** `GET /rooms/{id}/joined_members`: any user of the application service may stand in for the one that asks. */
export function joinedMembers(call: Call): JsonObject {
  const who = requester(call);
  const room = roomOf(call);
  const joined = room === undefined ? [] : membersOf(room, "join");
  const seen = joined.some(
    ({ state_key: user }) => user === who.user || (user !== undefined && who.service?.interested(user) === true),
  );
  if (!seen)
    refuse(
      403,
      "M_FORBIDDEN",
      who.service === undefined ? `User ${who.user} not in room ${param(call, "room")}.` : "Appservice not in room",
    );
  const profile = ({ content }: { content: JsonObject }): JsonObject => ({
    avatar_url: content["avatar_url"] ?? null,
    display_name: content["displayname"] ?? null,
  });
  return { joined: Object.fromEntries(joined.map((event) => [event.state_key, profile(event)])) };
}
