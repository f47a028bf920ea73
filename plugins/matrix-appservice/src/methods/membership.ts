import { BotyardError } from "@botyard/sdk";
import * as api from "../api.ts";
import { markEffect } from "../effect.ts";
import { checkUserId } from "../ids.ts";
import { ensureJoined, ensureRegistered, membershipSeen, type Joined } from "../intent.ts";
import { memberOf, type MemberInfo } from "../room-state.ts";
import { orUndefined, refusedWith, type Caller } from "../request.ts";
import { readTransaction } from "../transactions.ts";
import { errcodes, type JsonObject, type Membership } from "../wire.ts";
import { asUser, callerOf, joined, learnState, marked, sendEvent, type Actor } from "./actor.ts";

export interface EnsureJoinedOptions {
  /** Does not trust what is remembered. */
  readonly ignoreCache?: boolean | undefined;
  /** Who lifts a ban and invites; default the sender, `null`: nobody. */
  readonly by?: string | null | undefined;
}

/** Brings the user into a room; see `ensureJoined` of `intent.ts`. `joined` is false when it was in there before. */
export function bringIn(actor: Actor, room: string, options: EnsureJoinedOptions = {}): Promise<Joined> {
  if (room === "")
    throw new BotyardError("invalid", "no room was named", { issues: [{ path: "room", expected: "a room's id" }] });
  return ensureJoined(actor.context, actor.user, room, {
    signal: actor.signal,
    fresh: options.ignoreCache === true,
    ...(options.by === undefined ? {} : { by: options.by }),
  });
}

/** Makes the user exist; true when this made it. */
export async function bringAbout(actor: Actor, ignoreCache = false): Promise<boolean> {
  const done = await ensureRegistered(actor.context, actor.user, { signal: actor.signal, fresh: ignoreCache });
  return done === "made";
}

/** Joins, without any help: an invite or an open room is needed. Answers the room's id, also for an alias. */
export async function joinRoom(actor: Actor, roomOrAlias: string, reason?: string): Promise<string> {
  const { room_id: room } = await asUser(actor, (on) => api.join(on, roomOrAlias, reason));
  await actor.context.memory.setMembership(room, actor.user, "join");
  return room;
}

const membershipEvent = "m.room.member";

interface Change {
  readonly ask: (on: Caller, room: string, user: string, reason?: string) => Promise<JsonObject>;
  readonly to: Membership;
  /** As state `leave` is one and the same: what it does depends on what was before. */
  readonly from?: readonly Membership[];
}

const inside = ["join", "invite", "knock"] as const;
const changes = {
  invite: { ask: api.invite, to: "invite" },
  kick: { ask: api.kick, to: "leave", from: inside },
  ban: { ask: api.ban, to: "ban" },
  unban: { ask: api.unban, to: "leave", from: ["ban"] },
  leave: { ask: (on, room, _, reason) => api.leave(on, room, reason), to: "leave", from: inside },
} as const satisfies Readonly<Record<string, Change>>;

interface ChangeOptions {
  readonly reason?: string | undefined;
  /** Further content of the membership event; then it is written as state. */
  readonly extraContent?: JsonObject | undefined;
}

/** Changes a membership. In a person's name it is written as state and marked: else its echo would look like their own doing. */
async function change(
  actor: Actor,
  on: Caller,
  room: string,
  user: string,
  action: keyof typeof changes,
  { reason, extraContent }: ChangeOptions,
): Promise<void> {
  const { ask, to, from }: Change = changes[action];
  const asState = extraContent !== undefined || actor.context.realUsers.has(actor.user);
  const before = asState && from !== undefined ? await membershipSeen(on, room, user) : undefined;
  // Where it would do something else, the homeserver says by the usual way why it does not do this.
  if (!asState || (from !== undefined && (before === undefined || !from.includes(before)))) {
    await ask(on, room, user, reason);
    return;
  }
  const profile = action === "invite" ? ((await orUndefined(api.getProfile(on, user))) ?? {}) : {};
  const content = marked(actor, {
    ...(action === "invite" ? { is_direct: false } : {}),
    ...(profile.displayname == null ? {} : { displayname: profile.displayname }),
    ...(profile.avatar_url == null ? {} : { avatar_url: profile.avatar_url }),
    ...(reason === undefined ? {} : { reason }),
    ...extraContent,
    membership: to,
  });
  await api.putState(on, room, membershipEvent, user, markEffect(content, actor.effectId));
}

/** Keeps both indexes: ours, and who is in a room. */
async function note(actor: Actor, room: string, user: string, membership: Membership): Promise<void> {
  const { owns } = await actor.context.identity();
  if (owns(user)) await actor.context.memory.setMembership(room, user, membership);
  const before = await actor.context.memory.member(room, user);
  await actor.context.memory.setMember(room, user, { ...before, membership });
}

export interface InviteOptions extends ChangeOptions {
  /** Does nothing where the user is known to be invited or in the room. */
  readonly checkCache?: boolean | undefined;
}

/** Invites; who is in the room already is no error. Answers whether this invited. */
export function inviteUser(actor: Actor, room: string, user: string, options: InviteOptions = {}): Promise<boolean> {
  const wrong = checkUserId(user);
  if (wrong !== undefined)
    throw new BotyardError("invalid", wrong, { issues: [{ path: "user", expected: "@name:server" }] });
  return joined(actor, room, async (on) => {
    const { memory } = actor.context;
    const known = (await memory.member(room, user))?.membership;
    if (options.checkCache === true && (known === "invite" || known === "join")) return false;
    try {
      await change(actor, on, room, user, "invite", options);
    } catch (error) {
      if (!refusedWith(error, errcodes.forbidden)) throw error;
      // Only the state tells "is in there already" from "may not invite".
      const now = await readMember(actor, room, user, true).catch(() => undefined);
      if (now?.membership !== "join") throw error;
      return false;
    }
    await note(actor, room, user, "invite");
    return true;
  });
}

export type LeaveOptions = ChangeOptions;

/** Leaves, or refuses an invite; who is not in the room is no error. Answers whether this left. */
export async function leaveRoom(actor: Actor, room: string, options: LeaveOptions = {}): Promise<boolean> {
  let left = true;
  try {
    await asUser(actor, (on) => change(actor, on, room, actor.user, "leave", options));
  } catch (error) {
    if (!refusedWith(error, errcodes.forbidden)) throw error;
    left = false;
  }
  await note(actor, room, actor.user, "leave");
  return left;
}

export const kickUser = (actor: Actor, room: string, user: string, reason?: string): Promise<void> =>
  joined(actor, room, async (on) => {
    await change(actor, on, room, user, "kick", { reason });
    await note(actor, room, user, "leave");
  });

export const banUser = (actor: Actor, room: string, user: string, reason?: string): Promise<void> =>
  joined(actor, room, async (on) => {
    await change(actor, on, room, user, "ban", { reason });
    await note(actor, room, user, "ban");
  });

/** Who is not banned is no error: answers false. */
export const unbanUser = (actor: Actor, room: string, user: string, reason?: string): Promise<boolean> =>
  joined(actor, room, async (on) => {
    try {
      await change(actor, on, room, user, "unban", { reason });
    } catch (error) {
      if (!refusedWith(error, errcodes.forbidden, errcodes.badState)) throw error;
      const now = await readMember(actor, room, user, true).catch(() => undefined);
      if (now?.membership === "ban") throw error;
      return false;
    }
    await note(actor, room, user, "leave");
    return true;
  });

export async function forgetRoom(actor: Actor, room: string): Promise<void> {
  await api.forget(await callerOf(actor), room);
}

/** A member as the room's state shows it, from memory where name and picture are known; `not_found` for a stranger. */
export async function getMemberInfo(
  actor: Actor,
  room: string,
  user: string,
  ignoreCache = false,
): Promise<MemberInfo> {
  const known = ignoreCache ? undefined : await actor.context.memory.member(room, user);
  if (known !== undefined && known.displayname !== undefined && known.avatarUrl !== undefined) return known;
  const found = await joined(actor, room, () => readMember(actor, room, user, true));
  if (found !== undefined) return found;
  throw new BotyardError("not_found", `${user} was never in this room`);
}

/** Reads a member's state and remembers it. */
async function readMember(actor: Actor, room: string, user: string, fresh: boolean): Promise<MemberInfo | undefined> {
  const { memory } = actor.context;
  const known = fresh ? undefined : await memory.member(room, user);
  if (known !== undefined) return known;
  const content = await orUndefined(api.getState(await callerOf(actor), room, membershipEvent, user));
  const member = content === undefined ? undefined : memberOf(content);
  if (content !== undefined) await learnState(actor, room, membershipEvent, user, content);
  return member;
}

/** Users with one of these memberships; default: who is joined. */
export async function getRoomMembers(
  actor: Actor,
  room: string,
  allowed: readonly Membership[] = ["join"],
): Promise<readonly ({ readonly user: string } & MemberInfo)[]> {
  const { memory } = actor.context;
  if (allowed.length === 1 && allowed[0] === "join")
    return joined(actor, room, async (on) => {
      const { joined: all } = await api.joinedMembers(on, room);
      const members = Object.entries(all).map(([user, profile]) => ({
        user,
        membership: "join" as const,
        displayname: profile.display_name ?? null,
        avatarUrl: profile.avatar_url ?? null,
      }));
      for (const { user, ...member } of members) await memory.setMember(room, user, member);
      return members;
    });
  const { chunk } = await asUser(actor, (on) => api.members(on, room));
  const { events } = readTransaction("", { events: chunk });
  return events.flatMap(({ state_key: user, content }) => {
    const member = memberOf(content);
    return user === undefined || member === undefined || !allowed.includes(member.membership)
      ? []
      : [{ user, ...member }];
  });
}

/** Says why as a notice, then leaves. */
export async function errorAndLeave(actor: Actor, room: string, content: JsonObject): Promise<string> {
  const event = await sendEvent(actor, room, "m.room.message", content);
  await leaveRoom(actor, room);
  return event;
}
