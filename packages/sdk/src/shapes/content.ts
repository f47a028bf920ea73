import * as v from "valibot";
import { expected, NativeId, says } from "../schema.ts";

export const Format = v.picklist(["plain", "markdown", "html"]);
export type Format = v.InferOutput<typeof Format>;

export const Mention = v.object({
  kind: says(
    "`bot`: a managed one, named by its handle in `bot`. `room`: everybody in the room.",
    v.picklist(["user", "bot", "room"]),
  ),
  id: v.optional(says("The server's id of the mentioned user.", v.string())),
  bot: v.optional(v.string()),
  offset: says("Start in `text`, in UTF-16 units.", v.number()),
  length: v.number(),
});
export interface Mention extends v.InferOutput<typeof Mention> {}

export const FileRef = v.object({
  id: v.string(),
  name: v.nullable(v.string()),
  mediaType: v.optional(v.string()),
  size: v.optional(v.number()),
});
export interface FileRef extends v.InferOutput<typeof FileRef> {}

/** What a message says; `messages.send` takes the same object unchanged. */
export const Content = v.object({
  text: v.string(),
  format: Format,
  plain: says("`text` without markup: derived, recomputed when sent.", v.string()),
  mentions: v.array(Mention),
  files: v.array(FileRef),
});
export interface Content extends v.InferOutput<typeof Content> {}

/** Fields of `Content` and of a message's place, as an input takes them. */
export const contentInput = {
  text: says(
    "What the message says.",
    v.pipe(v.string(), v.maxLength(1_000_000, expected("at most 1000000 characters"))),
  ),
  format: v.optional(says("How `text` is written; default: plain.", Format)),
  plain: v.optional(says("Accepted, so that `content` of an event can be sent unchanged, and recomputed.", v.string())),
  mentions: v.optional(says("Whom `text` mentions, and where.", v.array(Mention))),
  files: v.optional(says("Uploaded files, by id.", v.array(FileRef))),
  replyTo: v.optional(v.nullable(says("Message this one answers.", NativeId))),
  thread: v.optional(v.nullable(says("Root message of the thread it belongs to.", NativeId))),
  silent: v.optional(says("Without a notification.", v.boolean())),
};

/** A message as it stands on the server now. */
export const Message = v.object({
  id: v.string(),
  room: v.string(),
  time: v.string(),
  sender: v.object({ id: v.string(), name: v.nullable(v.string()), bot: v.nullable(v.string()) }),
  content: Content,
  thread: v.nullable(v.string()),
  replyTo: v.nullable(v.string()),
  editedAt: v.nullable(v.string()),
});
export interface Message extends v.InferOutput<typeof Message> {}

/** A message as a plugin answers it: the core says which managed bot the sender is. */
export const NativeMessage = v.object({
  ...Message.entries,
  sender: v.object({ id: v.string(), name: v.nullable(v.string()) }),
});
export interface NativeMessage extends v.InferOutput<typeof NativeMessage> {}
