import * as v from "valibot";
import {
  actAs,
  bot,
  connection,
  defineOperation,
  expected,
  message,
  NativeId,
  room,
  says,
  Text,
  user,
} from "@botyard/sdk";
import { permissionBits, type PermissionName } from "./rules.ts";

export { extras } from "./extras.ts";
export { request } from "./native-request.ts";

const place = { connection, room, as: actAs };
const space = says("The server, a space: id or handle.", room);
const PermissionNames = v.array(v.picklist(Object.keys(permissionBits) as [PermissionName, ...PermissionName[]]));
const reason = v.optional(
  says(
    "For the server's audit log.",
    v.pipe(v.string(), v.maxLength(512), v.regex(/^[\x20-\x7e]*$/, expected("ASCII characters"))),
  ),
);

/** What anybody may know of a bot. */
export const PublicBot = v.object({
  id: v.string(),
  username: v.string(),
  description: v.string(),
  /** Id of the file, of tag `avatars`. */
  avatar: v.nullable(v.string()),
});

export const publicBot = defineOperation({
  name: "stoat.public-bot",
  summary: "Show what anybody may know of a bot",
  description: "Any public bot of the instance, managed or not, and the owner's private ones.",
  run: "platform",
  effect: "read",
  route: "GET /connections/{connection}/stoat/public-bots/{id}",
  cli: { positionals: ["id"] },
  input: v.strictObject({ connection, id: says("The server's id of the bot.", NativeId) }),
  output: PublicBot,
});

/** What became of an invitation: the bot may have joined although the permissions were refused. */
export const Invited = v.object({
  room: v.string(),
  joined: says("False when it was in there before.", v.boolean()),
  role: v.nullable(says("Id of the managed role it got; null: none.", v.string())),
  permissions: says(
    "What became of the permissions that were asked for.",
    v.picklist(["none-asked", "given", "refused", "ignored"]),
  ),
  detail: v.optional(says("Why they were refused or ignored.", v.string())),
});

export const inviteBot = defineOperation({
  name: "stoat.invite-bot",
  summary: "Invite a bot to a server or group, with permissions where the instance knows them",
  description:
    "Permissions make a managed role of the bot; servers since 0.16 know it, others ignore it. The server lets the bot join before it looks at the permissions: the answer says both. Needs ManageServer, with permissions ManageRole and each of them; in a group InviteOthers.",
  run: "platform",
  effect: "write",
  route: "POST /connections/{connection}/stoat/invitations",
  cli: { positionals: ["room", "id"], done: "joined {joined} · permissions {permissions}" },
  input: v.strictObject({
    connection,
    room: says("The server or group: id or handle.", room),
    id: says("The server's id of the bot; also one that is not managed, where it is public.", NativeId),
    permissions: v.optional(PermissionNames),
    reason,
  }),
  output: Invited,
});

export const createInvite = defineOperation({
  name: "stoat.create-invite",
  summary: "Make an invitation link's code for people",
  description: "By the owner of the bots: the server lets no bot do it.",
  run: "platform",
  effect: "write",
  route: "POST /connections/{connection}/stoat/invites",
  cli: { positionals: ["room"], done: "{code}" },
  input: v.strictObject({ connection, room: says("A channel of the server.", room) }),
  output: v.object({ code: v.string() }),
});

export const bulkDelete = defineOperation({
  name: "stoat.bulk-delete",
  summary: "Delete up to 100 messages of a channel at once",
  description: "Also of others: needs ManageMessages, for own ones too. Not older than 7 days.",
  run: "platform",
  effect: "write",
  destructive: true,
  route: "POST /connections/{connection}/stoat/bulk-delete",
  input: v.strictObject({
    ...place,
    messages: v.pipe(
      v.array(NativeId),
      v.minLength(1, expected("1 to 100 messages")),
      v.maxLength(100, expected("1 to 100 messages")),
    ),
  }),
  output: v.object({ deleted: v.number() }),
});

export const clearReactions = defineOperation({
  name: "stoat.clear-reactions",
  summary: "Take all reactions off a message",
  description: "Needs ManageMessages.",
  run: "platform",
  effect: "write",
  destructive: true,
  route: "POST /connections/{connection}/stoat/clear-reactions",
  cli: { positionals: ["room", "message"] },
  input: v.strictObject({ ...place, message }),
  output: v.object({}),
});

export const setSlowmode = defineOperation({
  name: "stoat.set-slowmode",
  summary: "Let people write only once in so many seconds",
  run: "platform",
  effect: "write",
  route: "PUT /connections/{connection}/stoat/slowmode",
  cli: { positionals: ["room", "seconds"] },
  input: v.strictObject({
    ...place,
    seconds: says("0 switches it off.", v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(21_600))),
  }),
  output: v.object({ seconds: v.number() }),
});

export const getPermissions = defineOperation({
  name: "stoat.get-permissions",
  summary: "Show what everybody and each role may do in a server",
  run: "platform",
  effect: "read",
  route: "GET /connections/{connection}/stoat/permissions",
  cli: { positionals: ["room"] },
  input: v.strictObject({ connection, room: space, as: actAs }),
  output: v.object({
    everybody: v.array(v.string()),
    roles: v.array(
      v.object({
        id: v.string(),
        name: v.string(),
        allow: v.array(v.string()),
        deny: v.array(v.string()),
        /** Id of the bot a managed role belongs to. */
        bot: v.nullable(v.string()),
      }),
    ),
  }),
});

export const setPermissions = defineOperation({
  name: "stoat.set-permissions",
  summary: "Say what a role may do in a server, or everybody in a channel",
  description:
    "With `role`: of that role in the server. Without: what a channel changes for everybody. Replaces what was set before. Needs ManagePermissions.",
  run: "platform",
  effect: "write",
  route: "PUT /connections/{connection}/stoat/permissions",
  cli: { positionals: ["room"] },
  input: v.strictObject({
    ...place,
    role: v.optional(says("Id of a role of the server.", NativeId)),
    allow: v.optional(PermissionNames),
    deny: v.optional(PermissionNames),
  }),
  output: v.object({ allow: v.array(v.string()), deny: v.array(v.string()) }),
});

export const createRole = defineOperation({
  name: "stoat.create-role",
  summary: "Make a role in a server",
  run: "platform",
  effect: "write",
  route: "POST /connections/{connection}/stoat/roles",
  cli: { positionals: ["room", "name"], done: "created  role {id}" },
  input: v.strictObject({
    connection,
    room: space,
    as: actAs,
    name: v.pipe(v.string(), v.minLength(1), v.maxLength(32)),
  }),
  output: v.object({ id: v.string(), name: v.string() }),
});

/** A member of a server as the server keeps it. */
export const ServerMember = v.object({
  user: v.string(),
  nickname: v.nullable(v.string()),
  roles: v.array(v.string()),
  joinedAt: v.nullable(v.string()),
  timeoutUntil: v.nullable(v.string()),
});

export const setMember = defineOperation({
  name: "stoat.set-member",
  summary: "Change a member's nickname, roles or time-out in a server",
  description: "What is absent stays, `null` clears. `roles` replaces all of them.",
  run: "platform",
  effect: "write",
  route: "PATCH /connections/{connection}/stoat/members/{user}",
  cli: { positionals: ["room", "user"] },
  input: v.strictObject({
    connection,
    room: space,
    user,
    as: actAs,
    nickname: v.optional(v.nullable(v.pipe(v.string(), v.minLength(1), v.maxLength(32)))),
    roles: v.optional(v.array(NativeId)),
    timeoutUntil: v.optional(
      v.nullable(v.pipe(v.string(), v.isoTimestamp(expected("a time like 2026-11-20T08:14:03.120Z")))),
    ),
  }),
  output: ServerMember,
});

export const getProfile = defineOperation({
  name: "stoat.get-profile",
  summary: "Read the profile text of a user",
  description: "Of people who share a server or group with who asks.",
  run: "platform",
  effect: "read",
  route: "GET /connections/{connection}/stoat/profiles/{user}",
  cli: { positionals: ["user"] },
  input: v.strictObject({ connection, user, as: actAs }),
  output: v.object({ content: v.nullable(Text) }),
});

export const oauth2Secret = defineOperation({
  name: "stoat.oauth2-secret",
  summary: "Read a bot's OAuth2 client id and secret",
  description:
    "Where the instance has OAuth2 at all. A public client has no secret. It is not sealed: it belongs to the program that logs people in.",
  run: "platform",
  effect: "read",
  secretOutput: true,
  route: "POST /connections/{connection}/stoat/oauth2-secrets/{bot}",
  input: v.strictObject({ connection, bot }),
  output: v.object({ clientId: v.string(), clientSecret: v.nullable(v.string()) }),
});

export const oauth2Apps = defineOperation({
  name: "stoat.oauth2-apps",
  summary: "List the bots the owner has let log in by OAuth2",
  run: "platform",
  effect: "read",
  route: "GET /connections/{connection}/stoat/oauth2-apps",
  cli: { columns: ["client", "name", "scopes", "revokedAt"] },
  input: v.strictObject({ connection }),
  output: v.object({
    items: v.array(
      v.object({
        client: v.string(),
        name: v.nullable(v.string()),
        scopes: v.array(v.string()),
        since: v.nullable(v.string()),
        revokedAt: v.nullable(v.string()),
      }),
    ),
  }),
});

export const oauth2Revoke = defineOperation({
  name: "stoat.oauth2-revoke",
  summary: "Take back what the owner let a bot do by OAuth2",
  description: "The branch that has OAuth2 went on accepting access tokens it had given before.",
  run: "platform",
  effect: "write",
  destructive: true,
  route: "DELETE /connections/{connection}/stoat/oauth2-apps/{client}",
  cli: { positionals: ["client"] },
  input: v.strictObject({ connection, client: NativeId }),
  output: v.object({}),
});
