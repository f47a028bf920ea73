import { says } from "@botyard/sdk";
import * as v from "valibot";

const topic = v.pipe(v.string(), v.maxLength(60));

/** What an operator may set for a connection. Nearly everything is found out from the server. */
export const settings = v.strictObject({
  /** A Zulip channel takes no message without a topic. */
  topic: v.optional(says("Topic of messages that are sent to a channel and not to one of its topics.", topic), "bots"),
});
export interface Settings extends v.InferOutput<typeof settings> {}

/** `options` of operations, and `native` of entities. */
export const extras = {
  "messages.send": v.strictObject({
    topic: v.optional(says("Topic of this message, where the room is a whole channel.", topic)),
  }),
  Bot: v.object({
    email: says("Name under which the bot signs in, together with its key.", v.string()),
    botType: v.nullable(says("1: generic, 2: incoming webhook, 3: outgoing webhook, 4: embedded.", v.number())),
  }),
} as const;
