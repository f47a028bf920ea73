import * as v from "valibot";
import { actAs, bot, connection, defineOperation, expected, page, pageInput, room, says, user } from "@botyard/sdk";

export { request } from "./native-request.ts";
export { listTokens, revokeToken } from "./native-tokens.ts";

const id = v.pipe(v.string(), v.regex(/^[a-z0-9]{26}$/, expected("an id of 26 characters a-z 0-9")));
const text = v.pipe(v.string(), v.maxLength(100_000));
const json = v.record(v.string(), v.unknown());
const attachments = v.optional(says("Attachments in the server's own words.", v.array(json)));
const team = says("The team, by id or by its name in addresses.", v.pipe(v.string(), v.minLength(1), v.maxLength(64)));
const trigger = v.pipe(
  v.string(),
  v.minLength(1),
  v.maxLength(128),
  v.regex(/^[^\s/]\S*$/, expected("a word without a slash")),
);

export const respond = defineOperation({
  name: "mattermost.respond",
  summary: "Answer a slash command that was acknowledged",
  description:
    "`invocation` is the id in the event. The server takes several answers for a while (about half an hour by its documentation). Buttons and dialogs have no such address: write to the room, change the message, or open a dialog.",
  run: "platform",
  effect: "send",
  route: "POST /connections/{connection}/mattermost/respond",
  cli: { positionals: ["invocation", "text"] },
  input: v.strictObject({
    connection,
    invocation: says("`event.invocation.id`.", v.pipe(v.string(), v.minLength(1), v.maxLength(64))),
    text,
    type: v.optional(
      says("For the one who asked (default), or for the channel.", v.picklist(["ephemeral", "in_channel"])),
    ),
    attachments,
  }),
  output: v.object({}),
  errors: ["not_found", "gone"],
});

export const sendEphemeral = defineOperation({
  name: "mattermost.send-ephemeral",
  summary: "Show a message to one user only",
  description: "Needs the permission create_post_ephemeral, which bots do not have unless their roles are changed.",
  run: "platform",
  effect: "send",
  route: "POST /connections/{connection}/mattermost/send-ephemeral",
  cli: { positionals: ["room", "user", "text"] },
  input: v.strictObject({ connection, room, user, text, as: actAs }),
  output: v.object({ message: v.string() }),
});

export const openDialog = defineOperation({
  name: "mattermost.open-dialog",
  summary: "Open a dialog in front of who used a command or a button",
  description:
    "`trigger` is `event.invocation.trigger`, good for a few seconds. What is submitted becomes the event `action.invoked`.",
  run: "platform",
  effect: "write",
  route: "POST /connections/{connection}/mattermost/open-dialog",
  input: v.strictObject({
    connection,
    bot,
    trigger: v.pipe(v.string(), v.minLength(1), v.maxLength(1024)),
    dialog: says("In the server's own words: callback_id, title, elements, submit_label, state.", json),
  }),
  output: v.object({}),
});

const Command = v.object({
  id: v.string(),
  team: v.string(),
  trigger: v.string(),
  title: v.string(),
  description: v.string(),
  hint: v.string(),
  ours: says("Whether it calls this Botyard.", v.boolean()),
});

export const listCommands = defineOperation({
  name: "mattermost.list-commands",
  summary: "List the slash commands of a team",
  run: "platform",
  effect: "read",
  route: "GET /connections/{connection}/mattermost/commands",
  cli: { positionals: ["team"], columns: ["trigger", "title", "ours", "id"] },
  input: v.strictObject({ connection, team }),
  output: v.object({ items: v.array(Command) }),
});

export const createCommand = defineOperation({
  name: "mattermost.create-command",
  summary: "Register a slash command that becomes events of a bot",
  run: "platform",
  effect: "write",
  route: "POST /connections/{connection}/mattermost/commands",
  cli: { positionals: ["bot", "team", "trigger"] },
  input: v.strictObject({
    connection,
    bot,
    team,
    trigger: says("The word behind the slash.", trigger),
    title: v.optional(v.pipe(v.string(), v.maxLength(64))),
    description: v.optional(v.pipe(v.string(), v.maxLength(128))),
    hint: v.optional(says("Shown while typing: `[environment]`.", v.pipe(v.string(), v.maxLength(1024)))),
  }),
  output: Command,
  errors: ["conflict"],
});

export const deleteCommand = defineOperation({
  name: "mattermost.delete-command",
  summary: "Take a slash command away",
  run: "platform",
  effect: "write",
  destructive: true,
  route: "DELETE /connections/{connection}/mattermost/commands/{command}",
  cli: { positionals: ["connection", "command"] },
  input: v.strictObject({ connection, command: id }),
  output: v.object({}),
});

const IncomingWebhook = v.object({
  id: v.string(),
  room: v.string(),
  team: v.string(),
  title: v.string(),
  description: v.string(),
});

export const listIncomingWebhooks = defineOperation({
  name: "mattermost.list-incoming-webhooks",
  summary: "List the incoming webhooks; their ids are secrets",
  run: "platform",
  effect: "read",
  secretOutput: true,
  route: "GET /connections/{connection}/mattermost/incoming-webhooks",
  cli: { columns: ["title", "room", "id"] },
  input: v.strictObject({ connection, ...pageInput }),
  output: page(IncomingWebhook),
});

export const createIncomingWebhook = defineOperation({
  name: "mattermost.create-incoming-webhook",
  summary: "Make an address under which anybody who knows it may post",
  run: "platform",
  effect: "write",
  secretOutput: true,
  route: "POST /connections/{connection}/mattermost/incoming-webhooks",
  cli: { positionals: ["room"] },
  input: v.strictObject({
    connection,
    room,
    title: v.optional(v.pipe(v.string(), v.maxLength(64))),
    description: v.optional(v.pipe(v.string(), v.maxLength(500))),
  }),
  output: v.object({ ...IncomingWebhook.entries, url: v.string() }),
});

export const deleteIncomingWebhook = defineOperation({
  name: "mattermost.delete-incoming-webhook",
  summary: "Take an incoming webhook away",
  run: "platform",
  effect: "write",
  destructive: true,
  route: "DELETE /connections/{connection}/mattermost/incoming-webhooks/{webhook}",
  cli: { positionals: ["connection", "webhook"] },
  input: v.strictObject({ connection, webhook: id }),
  output: v.object({}),
});

export const postIncomingWebhook = defineOperation({
  name: "mattermost.post-incoming-webhook",
  summary: "Post through an incoming webhook, under another name if the server allows it",
  description:
    "The server answers without the post's id, a repeat posts twice, and what is longer than a message is cut into several, within words too.",
  run: "platform",
  effect: "send",
  route: "POST /connections/{connection}/mattermost/incoming-webhooks/{webhook}/posts",
  cli: { positionals: ["connection", "webhook", "text"] },
  input: v.strictObject({
    connection,
    webhook: id,
    text,
    channel: v.optional(says("Another channel, by name, or `@user`.", v.pipe(v.string(), v.maxLength(128)))),
    username: v.optional(v.pipe(v.string(), v.maxLength(64))),
    iconEmoji: v.optional(v.pipe(v.string(), v.maxLength(64))),
    attachments,
    props: v.optional(json),
  }),
  output: v.object({}),
});

const OutgoingWebhook = v.object({
  id: v.string(),
  room: v.nullable(v.string()),
  team: v.string(),
  title: v.string(),
  words: v.array(v.string()),
  ours: v.boolean(),
});

export const listOutgoingWebhooks = defineOperation({
  name: "mattermost.list-outgoing-webhooks",
  summary: "List the outgoing webhooks of a team",
  run: "platform",
  effect: "read",
  route: "GET /connections/{connection}/mattermost/outgoing-webhooks",
  cli: { positionals: ["team"], columns: ["title", "words", "ours", "id"] },
  input: v.strictObject({ connection, team }),
  output: v.object({ items: v.array(OutgoingWebhook) }),
});

export const createOutgoingWebhook = defineOperation({
  name: "mattermost.create-outgoing-webhook",
  summary: "Let a trigger word in a public channel call a bot that is not in there",
  description:
    "Becomes `command.invoked` of the bot. Posts of bots trigger it too; those of managed bots are left out, against loops.",
  run: "platform",
  effect: "write",
  route: "POST /connections/{connection}/mattermost/outgoing-webhooks",
  cli: { positionals: ["bot", "room"] },
  input: v.strictObject({
    connection,
    bot,
    room,
    words: v.pipe(v.array(trigger), v.minLength(1), v.maxLength(50)),
    title: v.optional(v.pipe(v.string(), v.maxLength(64))),
  }),
  output: OutgoingWebhook,
  errors: ["conflict"],
});

export const deleteOutgoingWebhook = defineOperation({
  name: "mattermost.delete-outgoing-webhook",
  summary: "Take an outgoing webhook away",
  run: "platform",
  effect: "write",
  destructive: true,
  route: "DELETE /connections/{connection}/mattermost/outgoing-webhooks/{webhook}",
  cli: { positionals: ["connection", "webhook"] },
  input: v.strictObject({ connection, webhook: id }),
  output: v.object({}),
});

export const updateChannel = defineOperation({
  name: "mattermost.update-channel",
  summary: "Change a channel's address, name, header or purpose",
  run: "platform",
  effect: "write",
  route: "PATCH /connections/{connection}/mattermost/channels/{room}",
  cli: { positionals: ["room"] },
  input: v.strictObject({
    connection,
    room,
    name: v.optional(says("In its address.", v.pipe(v.string(), v.regex(/^[a-z0-9_-]{1,64}$/)))),
    displayName: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(64))),
    header: v.optional(v.pipe(v.string(), v.maxLength(1024))),
    purpose: v.optional(v.pipe(v.string(), v.maxLength(250))),
    as: actAs,
  }),
  output: v.object({
    id: v.string(),
    name: v.string(),
    displayName: v.string(),
    header: v.string(),
    purpose: v.string(),
  }),
});

export const setMemberRole = defineOperation({
  name: "mattermost.set-member-role",
  summary: "Make a member of a channel its administrator, or an ordinary member again",
  run: "platform",
  effect: "write",
  route: "PUT /connections/{connection}/mattermost/channels/{room}/members/{user}/role",
  cli: { positionals: ["room", "user", "role"] },
  input: v.strictObject({ connection, room, user, role: v.picklist(["member", "admin"]) }),
  output: v.object({ role: v.picklist(["member", "admin"]) }),
});
