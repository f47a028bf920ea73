import { BotyardError } from "@botyard/sdk";
import * as api from "./api.ts";
import type { Context } from "./context.ts";
import { membershipOf } from "./decode-member.ts";
import { checkLocalpart, checkUserId, localpartOf } from "./ids.ts";
import { refusedWith, type Caller } from "./request.ts";
import { errcodes, type Membership } from "./wire.ts";

/*
 * What has to be true before a user of ours can act: it exists, and it is in the room. Both are remembered; when the
 * homeserver then says otherwise, the memory is dropped and it is done again once.
 */

/** Whether this made the user; `known` costs no request. */
export type Registered = "known" | "existed" | "made";

/** Makes a user of the namespace exist. Throws `invalid` for an id that cannot, `forbidden` outside the namespace. */
export async function ensureRegistered(
  context: Context,
  user: string,
  options: { readonly signal?: AbortSignal; readonly fresh?: boolean } = {},
): Promise<Registered> {
  const { memory } = context;
  // A person's account is there already, and none of ours to make.
  if (context.realUsers.has(user)) return "known";
  if (options.fresh !== true && (await memory.isRegistered(user))) return "known";
  const wrong = checkUserId(user) ?? checkLocalpart(localpartOf(user));
  if (wrong !== undefined) throw new BotyardError("invalid", wrong);
  if (!(await context.identity()).owns(user))
    throw new BotyardError("forbidden", `${user} is outside the users namespace of the registration`);
  let made: Registered = "made";
  try {
    await api.register(await context.caller(user, options.signal), localpartOf(user));
  } catch (error) {
    if (!refusedWith(error, errcodes.userInUse)) throw error;
    made = "existed";
  }
  await memory.setRegistered(user, true);
  return made;
}

export interface Joined {
  /** False when it was in there before. */
  readonly joined: boolean;
  /** `registered, invited by @bridge:hs, joined` */
  readonly via: string;
}

interface EnsureOptions {
  readonly signal?: AbortSignal;
  /** Does not trust the memory. */
  readonly fresh?: boolean;
  /** Who lifts bans and invites: default the sender; `null`: nobody. */
  readonly by?: string | null;
}

const was: Joined = { joined: false, via: "was in there" };

/**
 * Brings a user of ours into a room: joins; where that is refused, the sender lifts a ban and invites, and the user
 * joins. Throws `forbidden` with what a person has to do where the sender cannot.
 */
export async function ensureJoined(
  context: Context,
  user: string,
  room: string,
  options: EnsureOptions = {},
): Promise<Joined> {
  const { memory } = context;
  if (options.fresh !== true && (await memory.membership(room, user)) === "join") return was;
  const registered = await ensureRegistered(context, user, options);
  const on = await context.caller(user, options.signal);
  // A repeated join would reset a name that is special to the room.
  if (options.fresh === true && (await membershipSeen(on, room, user)) === "join") {
    await memory.setMembership(room, user, "join");
    return was;
  }
  const done: string[] = registered === "made" ? ["registered"] : [];
  const finish = async (): Promise<Joined> => {
    await memory.setMembership(room, user, "join");
    await memory.setMember(room, user, { membership: "join" });
    return { joined: true, via: [...done, "joined"].join(", ") };
  };
  let refusal = await tryJoin(on, room);
  if (refusal === undefined) return finish();
  if (
    registered === "known" &&
    refusal === errcodes.forbidden &&
    (await ensureRegistered(context, user, { ...options, fresh: true })) === "made"
  ) {
    done.push("registered");
    refusal = await tryJoin(on, room);
    if (refusal === undefined) return finish();
  }
  done.push(...(await letIn(context, user, room, refusal === errcodes.badState, options)));
  await api.join(on, room);
  return finish();
}

/** Errcode of a refusal that an invite may mend; anything else is thrown. */
async function tryJoin(on: Caller, room: string): Promise<string | undefined> {
  try {
    await api.join(on, room);
    return undefined;
  } catch (error) {
    if (refusedWith(error, errcodes.forbidden)) return errcodes.forbidden;
    if (refusedWith(error, errcodes.badState)) return errcodes.badState;
    throw error;
  }
}

/** The inviter lifts a ban and invites. Servers report a ban as M_BAD_STATE or as M_FORBIDDEN, so the state decides. */
async function letIn(
  context: Context,
  user: string,
  room: string,
  banned: boolean,
  options: EnsureOptions,
): Promise<string[]> {
  const { sender: bridge } = await context.identity();
  const sender = options.by === undefined ? bridge : options.by;
  if (sender === null || user === sender) throw notIn(user, room);
  try {
    // An inviter that is not in there is brought in by the bridge bot.
    await ensureJoined(context, sender, room, options.signal === undefined ? {} : { signal: options.signal });
  } catch (error) {
    if (refusedWith(error, errcodes.forbidden, errcodes.badState)) throw notIn(sender, room, user, error);
    throw error;
  }
  const on = await context.caller(sender, options.signal);
  const done: string[] = [];
  const unban = async (): Promise<void> => {
    await api.unban(on, room, user);
    done.push(`unbanned by ${sender}`);
  };
  if (banned) await unban();
  try {
    await api.invite(on, room, user);
  } catch (error) {
    if (!refusedWith(error, errcodes.forbidden, errcodes.badState)) throw error;
    const there = await membershipSeen(on, room, user);
    // Refused as not allowed although the user may come in: somebody else was quicker.
    if (there === "join" || there === "invite") return done;
    if (there !== "ban") {
      await context.memory.setMembership(room, sender, undefined);
      throw new BotyardError("forbidden", `${sender} may not invite in this room`, {
        cause: error,
        fix: `give ${sender} the right to invite there, or invite ${user} yourself`,
      });
    }
    await unban();
    await api.invite(on, room, user);
  }
  return [...done, `invited by ${sender}`];
}

function notIn(sender: string, room: string, user = sender, cause?: unknown): BotyardError {
  const who = user === sender ? sender : `${sender} or ${user}`;
  return new BotyardError(
    "forbidden",
    `${user} was not invited to ${room}, and ${user === sender ? "nobody of ours" : sender} is in there to do it`,
    {
      upstream: { status: 403, code: errcodes.forbidden },
      fix: `in a Matrix client, as a member of the room:  /invite ${user === sender ? who : sender}`,
      ...(cause === undefined ? {} : { cause }),
    },
  );
}

/** Membership by the room's state; `undefined` where there is none or it is not shown. */
export async function membershipSeen(on: Caller, room: string, user: string): Promise<Membership | undefined> {
  try {
    return membershipOf((await api.getState(on, room, "m.room.member", user))["membership"]);
  } catch (error) {
    if (refusedWith(error, errcodes.forbidden, errcodes.notFound)) return undefined;
    throw error;
  }
}

/**
 * Does something in a room as a user. After the homeserver's M_FORBIDDEN what is remembered of registration, membership
 * and power levels is dropped and read again, and it is tried once more: either it works then, or the level that is
 * missing is known by name.
 */
export async function inRoom<T>(
  context: Context,
  user: string,
  room: string,
  signal: AbortSignal,
  work: (on: Caller) => Promise<T>,
): Promise<T> {
  const on = await context.caller(user, signal);
  try {
    return await work(on);
  } catch (error) {
    if (!refusedWith(error, errcodes.forbidden)) throw error;
    await context.memory.setLevels(room, undefined);
    await ensureJoined(context, user, room, { signal, fresh: true });
    return work(on);
  }
}
