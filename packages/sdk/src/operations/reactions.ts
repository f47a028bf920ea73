import * as v from "valibot";
import { defineOperation } from "../operation.ts";
import { actAs, connection, expected, message, room, says } from "../schema.ts";

const place = { connection, room, message, as: actAs };
const emoji = says("One emoji in Unicode.", v.pipe(v.string(), v.regex(/^\S{1,64}$/u, expected("one emoji"))));
const cli = { positionals: ["room", "message", "emoji"] };

export const add = defineOperation({
  name: "reactions.add",
  summary: "React to a message",
  run: "platform",
  effect: "write",
  route: "PUT /connections/{connection}/rooms/{room}/messages/{message}/reactions/{emoji}",
  cli,
  input: v.strictObject({ ...place, emoji }),
  output: v.object({ emoji: v.string(), added: v.boolean() }),
});

export const remove = defineOperation({
  name: "reactions.remove",
  summary: "Take a reaction back",
  run: "platform",
  effect: "write",
  route: "DELETE /connections/{connection}/rooms/{room}/messages/{message}/reactions/{emoji}",
  cli,
  input: v.strictObject({ ...place, emoji }),
  output: v.object({ emoji: v.string(), removed: v.boolean() }),
});

export const list = defineOperation({
  name: "reactions.list",
  summary: "List the reactions to a message",
  run: "platform",
  effect: "read",
  route: "GET /connections/{connection}/rooms/{room}/messages/{message}/reactions",
  cli: { positionals: ["room", "message"], columns: ["emoji", "users"] },
  input: v.strictObject(place),
  output: v.object({ items: v.array(v.object({ emoji: v.string(), users: v.array(v.string()) })) }),
});
