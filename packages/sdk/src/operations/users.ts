import * as v from "valibot";
import { defineOperation } from "../operation.ts";
import { connection, Handle, page, pageInput, says, user } from "../schema.ts";
import { Bot, BotAnswer } from "../shapes/bot.ts";
import { User } from "../shapes/room.ts";

export const list = defineOperation({
  name: "users.list",
  summary: "List users of the chat server",
  run: "platform",
  effect: "read",
  route: "GET /connections/{connection}/users",
  cli: { columns: ["username", "name", "kind", "id"] },
  input: v.strictObject({ connection, search: v.optional(says("Part of a name.", v.string())), ...pageInput }),
  output: page(User),
});

export const get = defineOperation({
  name: "users.get",
  summary: "Show one user of the chat server",
  run: "platform",
  effect: "read",
  route: "GET /connections/{connection}/users/{user}",
  input: v.strictObject({ connection, user }),
  output: User,
});

export const convertToBot = defineOperation({
  name: "users.convert-to-bot",
  summary: "Turn a user account into a bot and manage it",
  run: "platform",
  effect: "write",
  destructive: true,
  route: "POST /connections/{connection}/users/{user}/convert-to-bot",
  cli: { positionals: ["user", "handle"], done: "converted  {connection}/{handle}  id {nativeId}" },
  input: v.strictObject({ connection, user, handle: says("Handle the new bot gets.", Handle) }),
  output: Bot,
  answer: BotAnswer,
  errors: ["conflict"],
});
