import type { WireAuth } from "../wire-calls.ts";
import { Refusal, type MessageRow, type Model, type RoomRow, type UserRow } from "./model.ts";

/** Who a call turned out to come from. */
export interface Caller {
  /** Null for the console. */
  readonly user: UserRow | null;
  /** May change bots, rooms and members. */
  readonly manages: boolean;
}

const admin = "ops-admin";

/** An owner session is `session-<name>`, an account's password `password-<name>`: whoever knows it, unless it was revoked. */
export function identify(model: Model, auth: WireAuth): Caller {
  switch (auth.kind) {
    case "console":
      return { user: null, manages: model.policy.management === "open" };
    case "owner-session":
      return { user: person(model, auth.token, "session-"), manages: true };
    case "account":
      return { user: account(model, auth.token), manages: false };
    case "bot":
      return { user: botOf(model, auth.token), manages: false };
    case "ghost":
      return { user: ghost(model, auth.user_id), manages: false };
  }
}

function person(model: Model, token: string, prefix: string): UserRow {
  if (model.tokens.has(token)) throw wrongKind(prefix === "session-" ? "owner session" : "password of an account");
  const user = token.startsWith(prefix) ? model.users.get(token.slice(prefix.length)) : undefined;
  if (!user || model.revoked.has(token))
    throw new Refusal(401, "bad_session", "the session is not known or was revoked");
  return user;
}

/** By their own password, else by the one everybody has: `password-<name>`. */
function account(model: Model, password: string): UserRow {
  const [id] = [...model.passwords].find(([, known]) => known === password) ?? [];
  const user = id === undefined ? undefined : model.users.get(id);
  return user ?? person(model, password, "password-");
}

function botOf(model: Model, token: string): UserRow {
  if (/^(?:session|password)-/.test(token)) throw wrongKind("token of a bot");
  const row = model.tokens.get(token);
  const user = model.users.get(row?.user ?? "");
  if (!user?.bot || row?.off) throw new Refusal(401, "bad_token", "the token is not known or was revoked");
  if (!user.bot.active) throw new Refusal(403, "bot_inactive", "the bot is disabled");
  return user;
}

function wrongKind(wanted: string): Refusal {
  return new Refusal(401, "wrong_kind", `this call takes the ${wanted}`);
}

function ghost(model: Model, id: string): UserRow {
  if (!model.policy.ghosts.test(id)) throw new Refusal(403, "no_ghost", "the id is outside the pattern of ghosts");
  const user = model.users.get(id);
  if (!user) throw new Refusal(403, "ghost_unknown", "the ghost has not been made yet");
  return user;
}

/** Calls that change bots, rooms and members. */
export function needManager(model: Model, caller: Caller): UserRow {
  const user = caller.user ?? model.users.get(admin) ?? [...model.users.values()].find(({ bot }) => !bot);
  if (!caller.manages) {
    throw caller.user?.bot
      ? wrongKind("owner session")
      : new Refusal(401, "no_session", "the call needs the owner session");
  }
  if (!user) throw new Refusal(403, "no_owner", "the server has no people");
  return user;
}

/** Calls that change the members of a room: by who manages, or by the room's owner. */
export function needOwner(model: Model, room: RoomRow, caller: Caller): UserRow {
  if (caller.manages || !caller.user) return needManager(model, caller);
  if (room.members.get(caller.user.id)?.role === "owner") return caller.user;
  throw new Refusal(403, "not_the_owner", "only the owner of the room or of the server may do it");
}

/** Calls that somebody makes in their own name. */
export function needUser(caller: Caller): UserRow {
  if (!caller.user) throw new Refusal(401, "nobody", "the call has to be made in somebody's name");
  if (caller.manages) throw wrongKind("token of a bot");
  return caller.user;
}

export function isIn(room: RoomRow, user: UserRow): boolean {
  return room.members.get(user.id)?.status === "joined";
}

export function needMember(room: RoomRow, user: UserRow): void {
  if (!isIn(room, user)) throw new Refusal(403, "not_a_member", "the user is not in the room");
}

/** Open rooms show themselves to everybody, others to their members and to who manages. */
export function maySee(room: RoomRow, caller: Caller): boolean {
  return room.open || caller.manages || (caller.user !== null && room.members.has(caller.user.id));
}

export function findMessage(room: RoomRow, id: string): MessageRow {
  const message = room.messages.get(id);
  if (!message || message.gone) throw new Refusal(404, "no_such_message", "there is no such message");
  return message;
}

export function needHistory(model: Model, room: RoomRow): void {
  if (!model.policy.history) throw new Refusal(403, "no_history", "the server keeps no history");
  if (room.closedHistory) throw new Refusal(403, "history_closed", "the history of the room may not be read");
}
