import { BotyardError } from "@botyard/sdk";
import type { Context } from "../context.ts";
import * as members from "../methods/membership.ts";
import { textContent } from "../methods/messages.ts";
import type { MemberInfo } from "../room-state.ts";
import type * as membersOperations from "../native/members.ts";
import { actorIn, inTheRoom, type MatrixOf } from "./acting.ts";

const shown = (user: string, { membership, displayname, avatarUrl }: MemberInfo) => ({
  user,
  membership,
  displayname: displayname ?? null,
  avatarUrl: avatarUrl ?? null,
});

export const matrixMembers = (context: Context): MatrixOf<typeof membersOperations> => {
  const { prepare } = inTheRoom(context);
  return {
    "matrix.ensure-joined": async ({ room, ignoreCache, by }, call) => {
      const actor = await actorIn(context, call);
      const { joined, via } = await members.bringIn(actor, room, { ignoreCache, by });
      return { user: actor.user, room, joined, via };
    },
    "matrix.ensure-registered": async ({ ignoreCache }, call) => {
      const actor = await actorIn(context, call);
      return { user: actor.user, registered: await members.bringAbout(actor, ignoreCache) };
    },
    "matrix.join-room": async ({ room, reason }, call) => ({
      room: await members.joinRoom(await actorIn(context, call), room, reason),
    }),
    "matrix.leave-room": async ({ room, reason, extraContent }, call) => ({
      left: await members.leaveRoom(await actorIn(context, call), room, { reason, extraContent }),
    }),
    "matrix.forget-room": async ({ room }, call) => {
      await members.forgetRoom(await actorIn(context, call), room);
      return {};
    },
    "matrix.invite-user": {
      prepare,
      run: async ({ room, user, ...options }, call) => ({
        invited: await members.inviteUser(await actorIn(context, call), room, user, options),
      }),
    },
    "matrix.kick-user": {
      prepare,
      async run({ room, user, reason }, call) {
        await members.kickUser(await actorIn(context, call), room, user, reason);
        return { user };
      },
    },
    "matrix.ban-user": {
      prepare,
      async run({ room, user, reason }, call) {
        await members.banUser(await actorIn(context, call), room, user, reason);
        return { user };
      },
    },
    "matrix.unban-user": {
      prepare,
      run: async ({ room, user, reason }, call) => ({
        unbanned: await members.unbanUser(await actorIn(context, call), room, user, reason),
      }),
    },
    "matrix.error-and-leave": {
      prepare,
      async run({ room, text, html }, call) {
        if (text === undefined && html === undefined)
          throw new BotyardError("invalid", "there is nothing to say", {
            issues: [{ path: "text", expected: "text, html or both" }],
          });
        const content = textContent("m.notice", text, { html });
        return { event: await members.errorAndLeave(await actorIn(context, call), room, content) };
      },
    },
    "matrix.get-room-members": async ({ room, membership }, call) => {
      const found = await members.getRoomMembers(await actorIn(context, call), room, membership);
      return { members: found.map(({ user, ...member }) => shown(user, member)) };
    },
    "matrix.get-room-member-info": async ({ room, user, ignoreCache }, call) =>
      shown(user, await members.getMemberInfo(await actorIn(context, call), room, user, ignoreCache)),
    "matrix.get-room-displayname": async ({ room, user, ignoreCache }, call) => {
      const member = await members.getMemberInfo(await actorIn(context, call), room, user, ignoreCache);
      return { displayname: member.displayname ?? null };
    },
    "matrix.get-room-avatar-url": async ({ room, user, ignoreCache }, call) => {
      const member = await members.getMemberInfo(await actorIn(context, call), room, user, ignoreCache);
      return { avatarUrl: member.avatarUrl ?? null };
    },
  };
};
