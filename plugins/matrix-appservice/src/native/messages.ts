import * as v from "valibot";
import { defineOperation, NativeId, says } from "@botyard/sdk";
import { content, eventId, EventSent, eventType, Json, mxc, place, reason, timestampMs, written } from "./fields.ts";

const BatchEvent = v.strictObject({
  type: eventType,
  sender: says("A user of ours.", NativeId),
  timestampMs,
  content,
  stateKey: v.optional(says("Makes it state.", v.string())),
});

/** Of texts, notices and emotes alike. */
const words = v.strictObject({
  ...place,
  text: v.optional(says("Plain text.", v.pipe(v.string(), v.maxLength(60_000)))),
  html: v.optional(says("HTML of the same.", v.pipe(v.string(), v.maxLength(60_000)))),
  replyTo: v.optional(says("Event this one answers.", NativeId)),
  thread: v.optional(says("Root event of its thread.", NativeId)),
  ...written,
});

export const sendMessageEvent = defineOperation({
  name: "matrix.send-message-event",
  summary: "Send any event to a room",
  description: "Sent once, however often it is tried. Too low a power level is refused before anything is sent.",
  run: "platform",
  effect: "send",
  route: "POST /connections/{connection}/matrix/send-message-event",
  input: v.strictObject({ ...place, type: eventType, content, ...written }),
  output: EventSent,
});

export const sendText = defineOperation({
  name: "matrix.send-text",
  summary: "Send a text",
  run: "platform",
  effect: "send",
  route: "POST /connections/{connection}/matrix/send-text",
  cli: { positionals: ["room", "text"] },
  input: words,
  output: EventSent,
});

export const sendNotice = defineOperation({
  name: "matrix.send-notice",
  summary: "Send a notice: clients do not notify, bots do not answer",
  run: "platform",
  effect: "send",
  route: "POST /connections/{connection}/matrix/send-notice",
  cli: { positionals: ["room", "text"] },
  input: words,
  output: EventSent,
});

export const sendEmote = defineOperation({
  name: "matrix.send-emote",
  summary: "Send what somebody does",
  run: "platform",
  effect: "send",
  route: "POST /connections/{connection}/matrix/send-emote",
  cli: { positionals: ["room", "text"] },
  input: words,
  output: EventSent,
});

export const sendFile = defineOperation({
  name: "matrix.send-file",
  summary: "Send an uploaded file as a message",
  run: "platform",
  effect: "send",
  route: "POST /connections/{connection}/matrix/send-file",
  cli: { positionals: ["room", "url"] },
  input: v.strictObject({
    ...place,
    url: mxc,
    name: v.optional(says("File name.", v.pipe(v.string(), v.maxLength(255)))),
    mediaType: v.optional(
      says("`image/png`: images, audio and video are shown as such.", v.pipe(v.string(), v.maxLength(255))),
    ),
    size: v.optional(says("Bytes.", v.pipe(v.number(), v.integer(), v.minValue(0)))),
    caption: v.optional(says("Text beside it.", v.pipe(v.string(), v.maxLength(60_000)))),
    ...written,
  }),
  output: EventSent,
});

export const react = defineOperation({
  name: "matrix.react",
  summary: "React to an event",
  run: "platform",
  effect: "send",
  route: "POST /connections/{connection}/matrix/react",
  cli: { positionals: ["room", "event", "emoji"] },
  input: v.strictObject({
    ...place,
    event: eventId,
    emoji: says("What to show.", v.pipe(v.string(), v.minLength(1), v.maxLength(255))),
    ...written,
  }),
  output: v.object({ event: v.nullable(says("Null when it was there before.", v.string())) }),
});

export const redact = defineOperation({
  name: "matrix.redact",
  summary: "Redact an event",
  run: "platform",
  effect: "write",
  destructive: true,
  route: "POST /connections/{connection}/matrix/redact",
  cli: { positionals: ["room", "event"] },
  input: v.strictObject({ ...place, event: eventId, reason }),
  output: EventSent,
});

export const markRead = defineOperation({
  name: "matrix.mark-read",
  summary: "Mark a room as read up to an event",
  run: "platform",
  effect: "write",
  route: "POST /connections/{connection}/matrix/mark-read",
  cli: { positionals: ["room", "event"] },
  input: v.strictObject({ ...place, event: eventId }),
  output: v.object({ sent: says("False when it was marked so last.", v.boolean()) }),
});

export const sendReceipt = defineOperation({
  name: "matrix.send-receipt",
  summary: "Say that an event was read",
  run: "platform",
  effect: "write",
  route: "POST /connections/{connection}/matrix/send-receipt",
  cli: { positionals: ["room", "event"] },
  input: v.strictObject({
    ...place,
    event: eventId,
    type: v.optional(says("Default: `m.read`.", v.picklist(["m.read", "m.read.private", "m.fully_read"]))),
    thread: v.optional(says("Root event of a thread, or `main`.", NativeId)),
  }),
  output: v.object({}),
});

export const batchSend = defineOperation({
  name: "matrix.batch-send",
  summary: "Insert events into the past of a room",
  description: "MSC2716, gone from Synapse since 1.87: elsewhere `unsupported`, unless `emulate` is given.",
  run: "platform",
  effect: "send",
  route: "POST /connections/{connection}/matrix/batch-send",
  input: v.strictObject({
    ...place,
    prevEventId: says("Event after which the batch stands.", NativeId),
    batchId: v.optional(says("`nextBatchId` of the batch before.", NativeId)),
    events: says("Oldest first.", v.pipe(v.array(BatchEvent), v.minLength(1), v.maxLength(100))),
    stateEventsAtStart: v.optional(
      says("State that holds inside the batch.", v.pipe(v.array(BatchEvent), v.maxLength(100))),
    ),
    emulate: v.optional(
      says("Where the server has no batches: send each event dated with its time, at the room's end.", v.boolean()),
    ),
  }),
  output: v.object({
    eventIds: v.array(v.string()),
    nextBatchId: v.nullable(v.string()),
    emulated: says("The events stand at the room's end and carry `dev.botyard.emulated`.", v.boolean()),
    native: says("As the server answered.", Json),
  }),
});
