import * as v from "valibot";
import { defineOperation } from "../operation.ts";
import { actAs, connection, page, pageInput, room, says, Text, user } from "../schema.ts";
import { Member } from "../shapes/room.ts";

const place = { connection, room, as: actAs };
const reason = v.optional(says("Shown to people where the platform has a place for it.", Text));
const NativeMember = v.omit(Member, ["bot"]);

export const list = defineOperation({
  name: "members.list",
  summary: "List who is in a room",
  run: "platform",
  effect: "read",
  route: "GET /connections/{connection}/rooms/{room}/members",
  cli: { columns: ["user", "name", "membership", "role", "bot"] },
  input: v.strictObject({ ...place, ...pageInput }),
  output: page(Member),
  answer: page(NativeMember),
});

export const invite = defineOperation({
  name: "members.invite",
  summary: "Invite a user, or add them where the platform adds",
  run: "platform",
  effect: "write",
  route: "PUT /connections/{connection}/rooms/{room}/members/{user}",
  cli: { positionals: ["room", "user"] },
  input: v.strictObject({ ...place, user }),
  output: Member,
  answer: NativeMember,
});

export const kick = defineOperation({
  name: "members.kick",
  summary: "Take a user out of a room",
  run: "platform",
  effect: "write",
  destructive: true,
  route: "DELETE /connections/{connection}/rooms/{room}/members/{user}",
  cli: { positionals: ["room", "user"] },
  input: v.strictObject({ ...place, user, reason }),
  output: Member,
  answer: NativeMember,
});

export const ban = defineOperation({
  name: "members.ban",
  summary: "Keep a user out of a room",
  run: "platform",
  effect: "write",
  destructive: true,
  route: "PUT /connections/{connection}/rooms/{room}/bans/{user}",
  cli: { positionals: ["room", "user"] },
  input: v.strictObject({ ...place, user, reason }),
  output: Member,
  answer: NativeMember,
});

export const unban = defineOperation({
  name: "members.unban",
  summary: "Let a banned user come back",
  run: "platform",
  effect: "write",
  route: "DELETE /connections/{connection}/rooms/{room}/bans/{user}",
  cli: { positionals: ["room", "user"] },
  input: v.strictObject({ ...place, user }),
  output: Member,
  answer: NativeMember,
});
