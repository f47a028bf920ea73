import { checkUserId, serverOf } from "../ids.ts";
import type { JsonObject, Membership } from "../wire.ts";
import { append, membershipIn, refuse, stateOf, type SimEvent, type SimRoom, type World } from "./model.ts";
import { levelOf, neededFor } from "./power.ts";

function setMember(
  world: World,
  room: SimRoom,
  sender: string,
  user: string,
  membership: Membership,
  more: JsonObject,
): SimEvent {
  const account = world.accounts.get(user);
  const shown = membership === "invite" || membership === "join" || membership === "knock";
  const profile = {
    ...(shown && account?.displayname !== undefined ? { displayname: account.displayname } : {}),
    ...(shown && account?.avatarUrl !== undefined ? { avatar_url: account.avatarUrl } : {}),
  };
  return append(world, room, {
    type: "m.room.member",
    sender,
    stateKey: user,
    content: { ...profile, ...more, membership },
  });
}

function absent(user: string, room: string): never {
  return refuse(403, "M_FORBIDDEN", `${user} not in room ${room}.`);
}

function reasonOf(body: JsonObject): JsonObject {
  return typeof body["reason"] === "string" ? { reason: body["reason"] } : {};
}

export function join(world: World, room: SimRoom, user: string, more: JsonObject): void {
  const now = membershipIn(room, user);
  if (now === "ban") refuse(403, world.dialect.bannedErrcode, "Cannot join user who was banned");
  const account = world.accounts.get(user);
  if (now === "join") {
    // A repeated join falls back to the global profile where the room had another.
    const shown = stateOf(room, "m.room.member", user)?.content;
    if (shown?.["displayname"] === account?.displayname && shown?.["avatar_url"] === account?.avatarUrl) return;
  } else if (now !== "invite" && stateOf(room, "m.room.join_rules")?.content["join_rule"] !== "public") {
    refuse(403, "M_FORBIDDEN", "You are not invited to this room.");
  }
  setMember(world, room, user, user, "join", more);
}

/** Asks to be let in, where the room's rule takes that. */
export function knock(world: World, room: SimRoom, user: string, body: JsonObject): void {
  const rule = stateOf(room, "m.room.join_rules")?.content["join_rule"];
  if (rule !== "knock" && rule !== "knock_restricted") refuse(403, "M_FORBIDDEN", "You don't have permission to knock");
  const now = membershipIn(room, user);
  if (now === "ban" || now === "invite" || now === "join") refuse(403, "M_FORBIDDEN", "You cannot knock on this room");
  setMember(world, room, user, user, "knock", reasonOf(body));
}

export async function invite(
  world: World,
  room: SimRoom | undefined,
  sender: string,
  body: JsonObject,
  roomId: string,
  more = reasonOf(body),
): Promise<SimEvent> {
  const user = body["user_id"];
  if (user === undefined) refuse(400, "M_MISSING_PARAM", "Missing params: ['user_id']");
  if (typeof user !== "string" || !user.startsWith("@"))
    refuse(400, "M_INVALID_PARAM", "Expected UserID string to start with '@'");
  if (checkUserId(user) !== undefined) refuse(400, "M_INVALID_PARAM", "Expected user ID to have a domain");
  if (serverOf(user) !== world.serverName)
    refuse(403, "M_FORBIDDEN", `Federation denied with ${serverOf(user) ?? ""}.`);
  if (room === undefined || membershipIn(room, sender) !== "join") absent(sender, room?.id ?? roomId);
  const there = membershipIn(room, user);
  if (there === "ban") refuse(403, world.dialect.bannedErrcode, "Cannot invite user who was banned");
  if (there === "join") refuse(403, "M_FORBIDDEN", `${user} is already in the room.`);
  if (levelOf(room, sender) < neededFor(room, "invite"))
    refuse(403, "M_FORBIDDEN", "You don't have permission to invite users");
  await queryUser(world, user);
  return setMember(world, room, sender, user, "invite", {
    ...(body["is_direct"] === true ? { is_direct: true } : {}),
    ...more,
  });
}

/** A user nobody knows is looked for at the application services; whatever they answer, the invite is made. */
async function queryUser(world: World, user: string): Promise<void> {
  if (world.accounts.has(user)) return;
  for (const service of world.services) {
    if (service.registration.url === null || !service.interested(user)) continue;
    if ((await world.ask(service, "GET", `/users/${encodeURIComponent(user)}`))?.status === 200) return;
  }
}

export function leave(
  world: World,
  room: SimRoom | undefined,
  user: string,
  body: JsonObject,
  more = reasonOf(body),
): SimEvent {
  if (room === undefined) refuse(404, "M_UNKNOWN", "Not a known room");
  const now = membershipIn(room, user);
  if (now !== "join" && now !== "invite" && now !== "knock") absent(user, room.id);
  return setMember(world, room, user, user, "leave", more);
}

function targetOf(body: JsonObject): string {
  const user = body["user_id"];
  if (user === undefined) refuse(400, "M_MISSING_PARAM", "Missing params: ['user_id']");
  if (typeof user !== "string" || !user.startsWith("@"))
    refuse(400, "M_INVALID_PARAM", "Expected UserID string to start with '@'");
  return user;
}

function mustBeIn(room: SimRoom, sender: string): void {
  if (membershipIn(room, sender) !== "join") absent(sender, room.id);
}

export function kick(world: World, room: SimRoom, sender: string, body: JsonObject, more = reasonOf(body)): SimEvent {
  const user = targetOf(body);
  const there = membershipIn(room, user);
  if (there !== "join" && there !== "invite" && there !== "knock")
    refuse(403, "M_FORBIDDEN", "The target user is not in the room");
  mustBeIn(room, sender);
  const have = levelOf(room, sender);
  if (user !== sender && (have < neededFor(room, "kick") || have <= levelOf(room, user)))
    refuse(403, "M_FORBIDDEN", `You cannot kick user ${user}.`);
  return setMember(world, room, sender, user, "leave", more);
}

export function ban(world: World, room: SimRoom, sender: string, body: JsonObject, more = reasonOf(body)): SimEvent {
  const user = targetOf(body);
  mustBeIn(room, sender);
  const have = levelOf(room, sender);
  if (have < neededFor(room, "ban")) refuse(403, "M_FORBIDDEN", "You don't have permission to ban");
  if (have <= levelOf(room, user)) refuse(403, "M_FORBIDDEN", "You don't have permission to ban this user");
  return setMember(world, room, sender, user, "ban", more);
}

export function unban(world: World, room: SimRoom, sender: string, body: JsonObject, more = reasonOf(body)): SimEvent {
  const user = targetOf(body);
  const there = membershipIn(room, user);
  if (there !== "ban")
    refuse(403, "M_BAD_STATE", `Cannot unban user who was not banned (membership=${there ?? "None"})`);
  mustBeIn(room, sender);
  if (levelOf(room, sender) < neededFor(room, "ban")) refuse(403, "M_FORBIDDEN", `You cannot unban user ${user}.`);
  return setMember(world, room, sender, user, "leave", more);
}

/** `PUT …/state/m.room.member/{user}` does what the named endpoints do, and keeps extra content. */
export async function putMember(
  world: World,
  room: SimRoom,
  sender: string,
  user: string,
  content: JsonObject,
): Promise<SimEvent> {
  const { membership, ...more } = content;
  const body = { ...more, user_id: user };
  if (membership === "join" && user !== sender) refuse(403, "M_FORBIDDEN", "Cannot force another user to join.");
  if (membership === "join") {
    const there = membershipIn(room, user);
    if (there === "ban") refuse(403, world.dialect.bannedErrcode, "Cannot join user who was banned");
    if (there !== "join" && there !== "invite" && stateOf(room, "m.room.join_rules")?.content["join_rule"] !== "public")
      refuse(403, "M_FORBIDDEN", "You are not invited to this room.");
    return setMember(world, room, sender, user, "join", more);
  }
  if (membership === "invite") return invite(world, room, sender, body, room.id, more);
  if (membership === "leave" && user === sender) return leave(world, room, sender, body, more);
  if (membership === "leave") {
    const end = membershipIn(room, user) === "ban" ? unban : kick;
    return end(world, room, sender, body, more);
  }
  if (membership === "ban") return ban(world, room, sender, body, more);
  return refuse(400, "M_BAD_JSON", "membership is missing or unknown");
}
