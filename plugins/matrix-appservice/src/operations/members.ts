import type { HandlersOf, MembershipState } from "@botyard/sdk";
import * as api from "../api.ts";
import type { Capabilities } from "../capabilities.ts";
import { actorOf, type Context } from "../context.ts";
import { membershipOf, transitionOf } from "../decode-member.ts";
import { inRoom } from "../intent.ts";
import { orUndefined, refusedWith, type Caller } from "../request.ts";
import { witness } from "../rooms.ts";
import { errcodes, objectOf, textOf, type WireEvent } from "../wire.ts";

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
  const actor = async (room: string, as: Parameters<typeof actorOf>[1]): Promise<string> =>
    as === null ? witness(context, room) : actorOf(context, as);
  return {
    "members.list": async ({ room, limit, cursor }, { as, signal }) => {
      const { chunk } = await api.members(await context.caller(await actor(room, as), signal), room);
      const all = chunk.flatMap(toMember).sort((a, b) => (a.user < b.user ? -1 : 1));
      const rest = cursor === undefined ? all : all.filter(({ user }) => user > cursor);
      const items = rest.slice(0, limit ?? pageSize);
      const last = items.at(-1)?.user;
      return last !== undefined && rest.length > items.length ? { items, next: last } : { items };
    },

    "members.invite": async ({ room, user }, { as, signal }) =>
      inRoom(context, await actor(room, as), room, signal, async (on) => {
        try {
          await api.invite(on, room, user);
        } catch (error) {
          if (!refusedWith(error, errcodes.forbidden)) throw error;
          const now = await memberNow(on, room, user, "left").catch(() => undefined);
          if (now?.membership === "joined") return now;
          throw error;
        }
        return memberNow(on, room, user, "invited");
      }),

    "members.kick": async ({ room, user, reason }, { as, signal }) =>
      inRoom(context, await actor(room, as), room, signal, async (on) => {
        await api.kick(on, room, user, reason);
        return memberNow(on, room, user, "kicked");
      }),

    "members.ban": async ({ room, user, reason }, { as, signal }) =>
      inRoom(context, await actor(room, as), room, signal, async (on) => {
        await api.ban(on, room, user, reason);
        return memberNow(on, room, user, "banned");
      }),

    "members.unban": async ({ room, user }, { as, signal }) =>
      inRoom(context, await actor(room, as), room, signal, async (on) => {
        const now = await memberNow(on, room, user, "left");
        if (now.membership !== "banned") return now;
        await api.unban(on, room, user);
        return memberNow(on, room, user, "left");
      }),
  };
};
