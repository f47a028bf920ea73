import type { Call, HandlersOf, MembershipState } from "@botyard/sdk";
import * as api from "../api.ts";
import type { Capabilities } from "../capabilities.ts";
import type { Context } from "../context.ts";
import { membershipOf, transitionOf } from "../decode-member.ts";
import { callerOf, type Actor } from "../methods/actor.ts";
import { banUser, inviteUser, kickUser, unbanUser } from "../methods/membership.ts";
import { orUndefined, type Caller } from "../request.ts";
import { witness } from "../rooms.ts";
import { objectOf, textOf, type WireEvent } from "../wire.ts";
import { actorIn } from "./acting.ts";

const pageSize = 100;

interface NativeMember {
  readonly user: string;
  readonly name: string | null;
  readonly membership: MembershipState;
}

function toMember(event: WireEvent): NativeMember[] {
  const now = membershipOf(event.content["membership"]);
  const user = event.state_key;
  if (now === undefined || user === undefined) return [];
  const before = membershipOf(objectOf(objectOf(event.unsigned)["prev_content"])["membership"]);
  return [
    {
      user,
      name: textOf(event.content["displayname"]) ?? null,
      membership: transitionOf(now, before, event.sender === user).membership,
    },
  ];
}

async function memberNow(on: Caller, room: string, user: string, fallback: MembershipState): Promise<NativeMember> {
  const content = await orUndefined(api.getState(on, room, "m.room.member", user));
  const now = membershipOf(content?.["membership"]);
  const membership = now === undefined || now === "leave" ? fallback : transitionOf(now, undefined, false).membership;
  return { user, name: textOf(content?.["displayname"]) ?? null, membership };
}

export const members = (context: Context): HandlersOf<Capabilities, "members"> => {
  /** Who acts: without a bot whoever of ours is in the room. */
  async function actor(room: string, call: Call): Promise<Actor> {
    const acting = await actorIn(context, call);
    return call.as === null ? { ...acting, user: await witness(context, room) } : acting;
  }

  const now = async (by: Actor, room: string, user: string, fallback: MembershipState): Promise<NativeMember> =>
    memberNow(await callerOf(by), room, user, fallback);

  return {
    "members.list": async ({ room, limit, cursor }, call) => {
      const { chunk } = await api.members(await callerOf(await actor(room, call)), room);
      const all = chunk.flatMap(toMember).sort((a, b) => (a.user < b.user ? -1 : 1));
      const rest = cursor === undefined ? all : all.filter(({ user }) => user > cursor);
      const items = rest.slice(0, limit ?? pageSize);
      const last = items.at(-1)?.user;
      return last !== undefined && rest.length > items.length ? { items, next: last } : { items };
    },

    "members.invite": async ({ room, user }, call) => {
      const by = await actor(room, call);
      await inviteUser(by, room, user);
      return now(by, room, user, "invited");
    },

    "members.kick": async ({ room, user, reason }, call) => {
      const by = await actor(room, call);
      await kickUser(by, room, user, reason);
      return now(by, room, user, "kicked");
    },

    "members.ban": async ({ room, user, reason }, call) => {
      const by = await actor(room, call);
      await banUser(by, room, user, reason);
      return now(by, room, user, "banned");
    },

    "members.unban": async ({ room, user }, call) => {
      const by = await actor(room, call);
      await unbanUser(by, room, user);
      return now(by, room, user, "left");
    },
  };
};
