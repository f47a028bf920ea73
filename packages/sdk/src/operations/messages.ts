import * as v from "valibot";
import { defineOperation } from "../operation.ts";
import { actAs, connection, expected, message, page, pageInput, room, says } from "../schema.ts";
import { contentInput, Message, NativeMessage } from "../shapes/content.ts";

const place = { connection, room, as: actAs };
const options = v.optional(
  says("Options of the platform's own, by its declared schema for this operation.", v.record(v.string(), v.unknown())),
);

/** A message that was sent, with the ledger row that proves it. */
export const SentMessage = v.object({
  operation: says("Ledger row: `op_…`.", v.string()),
  status: v.literal("sent"),
  connection: v.string(),
  room: v.string(),
  message: v.nullable(
    says("The server's id; null where the server gives none and history has not shown it yet.", v.string()),
  ),
  time: v.nullable(v.string()),
});
export interface SentMessage extends v.InferOutput<typeof SentMessage> {}

export const send = defineOperation({
  name: "messages.send",
  summary: "Send a message to a room",
  description:
    "Repeated by itself only when the platform proves the repeat harmless. Give an `Idempotency-Key` to be able to repeat it yourself.",
  run: "platform",
  effect: "send",
  route: "POST /connections/{connection}/rooms/{room}/messages",
  cli: { positionals: ["room", "text"], done: "sent  {operation}  message {message}" },
  input: v.strictObject({ ...place, ...contentInput, options }),
  output: SentMessage,
  answer: v.object({ message: v.nullable(v.string()), time: v.optional(v.nullable(v.string())) }),
  errors: ["too_large", "rate_limited", "timeout"],
});

export const reply = defineOperation({
  name: "messages.reply",
  summary: "Answer an event: bot, room and thread are taken from it",
  description:
    "The default idempotency key is made of event, bot and body, so that a program that died between reply and ack may simply do it again.",
  run: "core",
  effect: "send",
  route: "POST /events/{event}/reply",
  cli: { positionals: ["event", "text"], done: "sent  {operation}  message {message}" },
  input: v.strictObject({
    event: says(
      "Id of the event that is answered: `evt_…`.",
      v.pipe(v.string(), v.regex(/^evt_[0-9A-Z]+$/, expected("an event's id: evt_…"))),
    ),
    as: actAs,
    ...contentInput,
    options,
  }),
  output: SentMessage,
});

export const update = defineOperation({
  name: "messages.update",
  summary: "Change what a message says",
  run: "platform",
  effect: "write",
  route: "PATCH /connections/{connection}/rooms/{room}/messages/{message}",
  cli: { positionals: ["room", "message", "text"] },
  input: v.strictObject({
    ...place,
    message,
    text: contentInput.text,
    format: contentInput.format,
    plain: contentInput.plain,
    mentions: contentInput.mentions,
  }),
  output: v.object({ message: v.string(), editedAt: v.nullable(v.string()) }),
});

export const remove = defineOperation({
  name: "messages.delete",
  summary: "Delete a message",
  run: "platform",
  effect: "write",
  destructive: true,
  route: "DELETE /connections/{connection}/rooms/{room}/messages/{message}",
  cli: { positionals: ["room", "message"] },
  input: v.strictObject({ ...place, message }),
  output: v.object({ message: v.string() }),
});

export const get = defineOperation({
  name: "messages.get",
  summary: "Show one message as it stands on the server",
  run: "platform",
  effect: "read",
  route: "GET /connections/{connection}/rooms/{room}/messages/{message}",
  cli: { positionals: ["room", "message"] },
  input: v.strictObject({ ...place, message }),
  output: Message,
  answer: NativeMessage,
});

export const list = defineOperation({
  name: "messages.list",
  summary: "Read a room's history, newest first",
  run: "platform",
  effect: "read",
  route: "GET /connections/{connection}/rooms/{room}/messages",
  cli: { positionals: ["room"], columns: ["time", "sender.name", "content.text", "id"] },
  input: v.strictObject({ ...place, ...pageInput }),
  output: page(Message),
  answer: page(NativeMessage),
});

export const markRead = defineOperation({
  name: "messages.mark-read",
  summary: "Mark a room as read up to a message",
  run: "platform",
  effect: "write",
  route: "POST /connections/{connection}/rooms/{room}/messages/{message}/read",
  cli: { positionals: ["room", "message"] },
  input: v.strictObject({ ...place, message }),
  output: v.object({ message: v.string() }),
});

export const pin = defineOperation({
  name: "messages.pin",
  summary: "Pin a message",
  run: "platform",
  effect: "write",
  route: "PUT /connections/{connection}/rooms/{room}/pins/{message}",
  cli: { positionals: ["room", "message"] },
  input: v.strictObject({ ...place, message }),
  output: v.object({
    message: v.string(),
    pinned: says("False when it was pinned before.", v.boolean()),
  }),
});

export const unpin = defineOperation({
  name: "messages.unpin",
  summary: "Take a pin away",
  run: "platform",
  effect: "write",
  route: "DELETE /connections/{connection}/rooms/{room}/pins/{message}",
  cli: { positionals: ["room", "message"] },
  input: v.strictObject({ ...place, message }),
  output: v.object({
    message: v.string(),
    unpinned: says("False when it was not pinned.", v.boolean()),
  }),
});

export const listPins = defineOperation({
  name: "messages.list-pins",
  summary: "List the pinned messages of a room",
  run: "platform",
  effect: "read",
  route: "GET /connections/{connection}/rooms/{room}/pins",
  cli: { positionals: ["room"], columns: ["time", "sender.name", "content.text", "id"] },
  input: v.strictObject({ ...place, ...pageInput }),
  output: page(Message),
  answer: page(NativeMessage),
});
