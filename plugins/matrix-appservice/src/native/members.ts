import * as v from "valibot";
import { defineOperation, NativeId, says, user } from "@botyard/sdk";
import { actor, EventSent, ignoreCache, Json, MemberView, place, reason } from "./fields.ts";

export const ensureJoined = defineOperation({
  name: "matrix.ensure-joined",
  summary: "Bring a user of ours into a room, by whatever way there is",
  description:
    "Registers, joins; where that is refused the inviter is brought in, lifts a ban, invites, and the user joins.",
  run: "platform",
  effect: "write",
  route: "POST /connections/{connection}/matrix/ensure-joined",
  cli: { positionals: ["room"], done: "joined  {user}  ({via})" },
  input: v.strictObject({
    ...place,
    ignoreCache,
    by: v.optional(v.nullable(says("Who lifts a ban and invites: a user of ours; default: the sender.", NativeId))),
  }),
  output: v.object({
    user: v.string(),
    room: v.string(),
    joined: says("False when it was in there before.", v.boolean()),
    via: says("What was done: `registered, invited by @bridge:hs, joined`.", v.string()),
  }),
});

export const ensureRegistered = defineOperation({
  name: "matrix.ensure-registered",
  summary: "Make a user of the namespace exist",
  run: "platform",
  effect: "write",
  route: "POST /connections/{connection}/matrix/ensure-registered",
  cli: { done: "registered  {user}" },
  input: v.strictObject({ ...actor, ignoreCache }),
  output: v.object({ user: v.string(), registered: says("False when it existed before.", v.boolean()) }),
});

export const joinRoom = defineOperation({
  name: "matrix.join-room",
  summary: "Join a room without any help",
  description: "Needs an invite or an open room.",
  run: "platform",
  effect: "write",
  route: "POST /connections/{connection}/matrix/join-room",
  cli: { positionals: ["room"] },
  input: v.strictObject({ ...place, reason }),
  output: v.object({ room: v.string() }),
});

export const leaveRoom = defineOperation({
  name: "matrix.leave-room",
  summary: "Leave a room, or refuse an invite",
  run: "platform",
  effect: "write",
  route: "POST /connections/{connection}/matrix/leave-room",
  cli: { positionals: ["room"] },
  input: v.strictObject({
    ...place,
    reason,
    extraContent: v.optional(says("Further content of the membership event.", Json)),
  }),
  output: v.object({ left: says("False when the user was not in there.", v.boolean()) }),
});

export const forgetRoom = defineOperation({
  name: "matrix.forget-room",
  summary: "Take a room that was left out of the history",
  run: "platform",
  effect: "write",
  route: "POST /connections/{connection}/matrix/forget-room",
  cli: { positionals: ["room"] },
  input: v.strictObject({ ...place }),
  output: v.object({}),
});

export const inviteUser = defineOperation({
  name: "matrix.invite-user",
  summary: "Invite a user to a room",
  run: "platform",
  effect: "write",
  route: "POST /connections/{connection}/matrix/invite-user",
  cli: { positionals: ["room", "user"] },
  input: v.strictObject({
    ...place,
    user,
    reason,
    checkCache: v.optional(says("Do nothing where the user is known to be invited or in there.", v.boolean())),
    extraContent: v.optional(says("Further content of the membership event.", Json)),
  }),
  output: v.object({ invited: says("False when the user was in there before.", v.boolean()) }),
});

export const kickUser = defineOperation({
  name: "matrix.kick-user",
  summary: "Remove a user from a room",
  run: "platform",
  effect: "write",
  destructive: true,
  route: "POST /connections/{connection}/matrix/kick-user",
  cli: { positionals: ["room", "user"] },
  input: v.strictObject({ ...place, user, reason }),
  output: v.object({ user: v.string() }),
});

export const banUser = defineOperation({
  name: "matrix.ban-user",
  summary: "Keep a user out of a room",
  run: "platform",
  effect: "write",
  destructive: true,
  route: "POST /connections/{connection}/matrix/ban-user",
  cli: { positionals: ["room", "user"] },
  input: v.strictObject({ ...place, user, reason }),
  output: v.object({ user: v.string() }),
});

export const unbanUser = defineOperation({
  name: "matrix.unban-user",
  summary: "Let a banned user come back",
  run: "platform",
  effect: "write",
  route: "POST /connections/{connection}/matrix/unban-user",
  cli: { positionals: ["room", "user"] },
  input: v.strictObject({ ...place, user, reason }),
  output: v.object({ unbanned: says("False when the user was not banned.", v.boolean()) }),
});

export const errorAndLeave = defineOperation({
  name: "matrix.error-and-leave",
  summary: "Say in a notice what went wrong, then leave",
  run: "platform",
  effect: "send",
  route: "POST /connections/{connection}/matrix/error-and-leave",
  cli: { positionals: ["room", "text"] },
  input: v.strictObject({
    ...place,
    text: v.optional(says("Plain text.", v.pipe(v.string(), v.maxLength(60_000)))),
    html: v.optional(says("HTML of the same.", v.pipe(v.string(), v.maxLength(60_000)))),
  }),
  output: EventSent,
});

export const getRoomMembers = defineOperation({
  name: "matrix.get-room-members",
  summary: "List users of a room by membership",
  run: "platform",
  effect: "read",
  route: "GET /connections/{connection}/matrix/get-room-members",
  cli: { positionals: ["room"] },
  input: v.strictObject({
    ...place,
    membership: v.optional(says("Default: `join`.", v.array(v.picklist(["invite", "join", "leave", "ban", "knock"])))),
  }),
  output: v.object({ members: v.array(MemberView) }),
});

export const getRoomMemberInfo = defineOperation({
  name: "matrix.get-room-member-info",
  summary: "Show a member of a room",
  run: "platform",
  effect: "read",
  route: "GET /connections/{connection}/matrix/get-room-member-info",
  cli: { positionals: ["room", "user"] },
  input: v.strictObject({ ...place, user, ignoreCache }),
  output: MemberView,
});

export const getRoomDisplayname = defineOperation({
  name: "matrix.get-room-displayname",
  summary: "Show the name a user has in a room",
  run: "platform",
  effect: "read",
  route: "GET /connections/{connection}/matrix/get-room-displayname",
  cli: { positionals: ["room", "user"] },
  input: v.strictObject({ ...place, user, ignoreCache }),
  output: v.object({ displayname: v.nullable(v.string()) }),
});

export const getRoomAvatarUrl = defineOperation({
  name: "matrix.get-room-avatar-url",
  summary: "Show the picture a user has in a room",
  run: "platform",
  effect: "read",
  route: "GET /connections/{connection}/matrix/get-room-avatar-url",
  cli: { positionals: ["room", "user"] },
  input: v.strictObject({ ...place, user, ignoreCache }),
  output: v.object({ avatarUrl: v.nullable(v.string()) }),
});
