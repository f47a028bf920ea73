import * as v from "valibot";
import { bytes, defineOperation } from "../operation.ts";
import {
  bot,
  bytesInput,
  connection,
  connectionOrAll,
  Handle,
  NativeId,
  page,
  pageInput,
  says,
  Secret,
  Text,
} from "../schema.ts";
import { Bot, BotAnswer, BotChanged, NativeBot } from "../shapes/bot.ts";
import { User } from "../shapes/room.ts";
import { Step, StepDraft } from "../shapes/step.ts";

const options = v.optional(
  says("Options of the platform's own, by its declared schema for this operation.", v.record(v.string(), v.unknown())),
);
const username = v.optional(
  says("The server's name for it; default: the handle.", v.pipe(v.string(), v.minLength(1), v.maxLength(255))),
);
const displayName = says("What people read beside its messages.", Text);
const description = says("What the bot is for.", Text);
const opened = v.optional(v.array(Step));

export const list = defineOperation({
  name: "bots.list",
  summary: "List bots: managed, on the server, or both",
  run: "platform",
  effect: "read",
  route: "GET /connections/{connection}/bots",
  cli: { columns: ["connection", "handle", "username", "state", "nativeId"] },
  input: v.strictObject({
    connection: connectionOrAll,
    source: v.optional(
      says("Bots Botyard manages (default), bots the server knows, or both.", v.picklist(["managed", "server", "all"])),
    ),
    ...pageInput,
  }),
  output: page(Bot),
  answer: page(NativeBot),
});

export const get = defineOperation({
  name: "bots.get",
  summary: "Show one bot",
  run: "platform",
  effect: "read",
  route: "GET /connections/{connection}/bots/{bot}",
  input: v.strictObject({ connection, bot }),
  output: Bot,
  answer: NativeBot,
});

export const create = defineOperation({
  name: "bots.create",
  summary: "Make a bot on the server and manage it",
  description:
    "The handle is ours and never changes; `username` is the server's name for it, by default the handle. Where only a person on the server can make bots the call answers 202 with the step to do.",
  run: "platform",
  effect: "write",
  route: "POST /connections/{connection}/bots",
  cli: { positionals: ["handle"], done: "created  {connection}/{handle}  id {nativeId}" },
  input: v.strictObject({
    connection,
    handle: says("Our name for it, unique on the connection; never changes.", Handle),
    username,
    displayName: v.optional(displayName),
    description: v.optional(description),
    options,
  }),
  output: v.object({ ...BotChanged.entries, opened }),
  answer: BotAnswer,
  errors: ["conflict"],
});

export const adopt = defineOperation({
  name: "bots.adopt",
  summary: "Manage a bot that exists on the server already",
  description: "Nothing changes on the server. Undo: `bots release`.",
  run: "core",
  effect: "write",
  route: "POST /connections/{connection}/bots/{bot}/adopt",
  cli: { done: "adopted  {connection}/{handle}  id {nativeId}" },
  input: v.strictObject({
    connection,
    bot: says("The handle it gets.", bot),
    nativeId: v.optional(says("The server's id or username of it; default: the handle.", NativeId)),
    credentials: v.optional(says("Its credential, where you have it: kind → secret.", v.record(v.string(), Secret))),
    issueCredential: v.optional(
      says("Get a new credential for it, as `credentials.issue` does; its old ones keep working.", v.boolean()),
    ),
  }),
  output: v.object({ ...Bot.entries, opened }),
  errors: ["conflict", "not_found"],
});

export const release = defineOperation({
  name: "bots.release",
  summary: "Stop managing a bot; it stays on the server",
  run: "core",
  effect: "write",
  destructive: true,
  route: "POST /connections/{connection}/bots/{bot}/release",
  cli: { done: "released  {connection}/{handle}; it still exists on the server" },
  input: v.strictObject({ connection, bot }),
  output: v.object({ connection: v.string(), handle: v.string(), nativeId: v.nullable(v.string()) }),
});

export const update = defineOperation({
  name: "bots.update",
  summary: "Change a bot's username, display name or description",
  description: "A merge patch: what is absent stays, `null` clears.",
  run: "platform",
  effect: "write",
  route: "PATCH /connections/{connection}/bots/{bot}",
  cli: { done: "updated  {connection}/{handle}" },
  input: v.strictObject({
    connection,
    bot,
    username,
    displayName: v.optional(v.nullable(displayName)),
    description: v.optional(v.nullable(description)),
    options,
  }),
  output: v.object({ ...BotChanged.entries, opened }),
  answer: BotAnswer,
});

export const enable = defineOperation({
  name: "bots.enable",
  summary: "Let a bot act and receive again",
  run: "platform",
  effect: "write",
  route: "POST /connections/{connection}/bots/{bot}/enable",
  cli: { done: "enabled  {connection}/{handle}" },
  input: v.strictObject({ connection, bot }),
  output: v.object({ ...Bot.entries, opened }),
  answer: BotAnswer,
});

export const disable = defineOperation({
  name: "bots.disable",
  summary: "Keep a bot from acting and receiving; reversible",
  run: "platform",
  effect: "write",
  route: "POST /connections/{connection}/bots/{bot}/disable",
  cli: { done: "disabled  {connection}/{handle}" },
  input: v.strictObject({ connection, bot }),
  output: v.object({ ...Bot.entries, opened }),
  answer: BotAnswer,
});

export const remove = defineOperation({
  name: "bots.delete",
  summary: "Delete a bot on the server",
  run: "platform",
  effect: "write",
  destructive: true,
  route: "DELETE /connections/{connection}/bots/{bot}",
  cli: { done: "deleted  {connection}/{handle}" },
  input: v.strictObject({ connection, bot }),
  output: v.object({ connection: v.string(), handle: v.string(), opened }),
  answer: v.object({ steps: v.optional(v.array(StepDraft)) }),
});

export const getIcon = defineOperation({
  name: "bots.get-icon",
  summary: "Download a bot's icon",
  run: "platform",
  effect: "read",
  route: "GET /connections/{connection}/bots/{bot}/icon",
  input: v.strictObject({ connection, bot }),
  output: bytes,
});

export const setIcon = defineOperation({
  name: "bots.set-icon",
  summary: "Give a bot an icon",
  run: "platform",
  effect: "write",
  route: "PUT /connections/{connection}/bots/{bot}/icon",
  input: v.strictObject({ connection, bot, icon: says("The picture.", bytesInput) }),
  output: v.object({ type: v.string(), size: v.number() }),
  errors: ["too_large"],
});

export const deleteIcon = defineOperation({
  name: "bots.delete-icon",
  summary: "Take a bot's icon away",
  run: "platform",
  effect: "write",
  route: "DELETE /connections/{connection}/bots/{bot}/icon",
  input: v.strictObject({ connection, bot }),
  output: v.object({}),
});

export const assign = defineOperation({
  name: "bots.assign",
  summary: "Give a bot another owner on the server",
  run: "platform",
  effect: "write",
  route: "POST /connections/{connection}/bots/{bot}/assign",
  cli: { positionals: ["bot", "owner"], done: "assigned  {connection}/{handle}  to {ownerName|owner}" },
  input: v.strictObject({ connection, bot, owner: says("The new owner's id or username on the server.", NativeId) }),
  output: v.object({ ...Bot.entries, opened }),
  answer: BotAnswer,
});

export const convertToUser = defineOperation({
  name: "bots.convert-to-user",
  summary: "Turn a bot into a user account; Botyard no longer manages it",
  run: "platform",
  effect: "write",
  destructive: true,
  route: "POST /connections/{connection}/bots/{bot}/convert-to-user",
  cli: { done: "converted  {username} is a user now" },
  input: v.strictObject({
    connection,
    bot,
    password: says("Password of the new user account.", Secret),
    options,
  }),
  output: User,
});
