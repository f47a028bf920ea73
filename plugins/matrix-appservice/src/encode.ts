import type { FileRef, Format, Mention } from "@botyard/sdk";
import { htmlToPlain, markdownToHtml } from "./html.ts";
import { htmlFormat, type JsonObject } from "./wire.ts";

/** What a bot wants to say, as `messages.send` takes it; mentions of bots are resolved to user ids before. */
export interface Outgoing {
  readonly text: string;
  readonly format?: Format | undefined;
  readonly mentions?: readonly Mention[] | undefined;
  /** At most one: each Matrix message holds one file. */
  readonly files?: readonly FileRef[] | undefined;
  readonly replyTo?: string | null | undefined;
  readonly thread?: string | null | undefined;
  /** Sent as `m.notice`: clients do not notify, and bots do not answer it. */
  readonly silent?: boolean | undefined;
  /** `m.text` unless said otherwise; `silent` wins. */
  readonly msgtype?: "m.text" | "m.notice" | "m.emote" | undefined;
}

/** Content of an `m.room.message`. @see https://spec.matrix.org/v1.19/client-server-api/#mroommessage */
export function encodeMessage(message: Outgoing): JsonObject {
  const relation = relationOf(message);
  return { ...shown(message), ...(relation === undefined ? {} : { "m.relates_to": relation }) };
}

/** Content of an edit: the new text, and a `* ` fallback for clients without edits. @see https://spec.matrix.org/v1.19/client-server-api/#event-replacements */
export function encodeEdit(target: string, message: Outgoing): JsonObject {
  const next = shown(message);
  const { formatted_body: html, body } = next;
  return {
    ...next,
    body: `* ${String(body)}`,
    ...(typeof html === "string" ? { formatted_body: `* ${html}` } : {}),
    "m.new_content": next,
    "m.relates_to": { rel_type: "m.replace", event_id: target },
  };
}

/** Content of an `m.reaction`. @see https://spec.matrix.org/v1.19/client-server-api/#mreaction */
export function encodeReaction(target: string, emoji: string): JsonObject {
  return { "m.relates_to": { rel_type: "m.annotation", event_id: target, key: emoji } };
}

function shown(message: Outgoing): JsonObject {
  const [file] = message.files ?? [];
  const text = bodies(message.text, message.format ?? "plain");
  const mentions = { "m.mentions": mentionsOf(message.mentions ?? []) };
  if (file === undefined)
    return { msgtype: message.silent === true ? "m.notice" : (message.msgtype ?? "m.text"), ...text, ...mentions };
  const name = file.name ?? "file";
  const info = {
    ...(file.mediaType === undefined ? {} : { mimetype: file.mediaType }),
    ...(file.size === undefined ? {} : { size: file.size }),
  };
  const caption = message.text === "" ? { body: name } : text;
  return { msgtype: fileType(file.mediaType), ...caption, filename: name, url: file.id, info, ...mentions };
}

/** `body` and, where there is markup, `formatted_body`. */
function bodies(text: string, format: Format): JsonObject {
  const html = format === "html" ? text : format === "markdown" ? markdownToHtml(text) : undefined;
  if (html === undefined) return { body: text };
  return { body: format === "html" ? htmlToPlain(text) : text, format: htmlFormat, formatted_body: html };
}

/** Always sent, even empty: without it servers guess mentions from the text. */
function mentionsOf(mentions: readonly Mention[]): JsonObject {
  const users = [...new Set(mentions.flatMap(({ kind, id }) => (kind === "room" || id === undefined ? [] : [id])))];
  return {
    ...(users.length === 0 ? {} : { user_ids: users }),
    ...(mentions.some(({ kind }) => kind === "room") ? { room: true } : {}),
  };
}

function relationOf({ replyTo, thread }: Outgoing): JsonObject | undefined {
  const reply = replyTo ?? undefined;
  if (thread === undefined || thread === null)
    return reply === undefined ? undefined : { "m.in_reply_to": { event_id: reply } };
  return {
    rel_type: "m.thread",
    event_id: thread,
    is_falling_back: reply === undefined,
    "m.in_reply_to": { event_id: reply ?? thread },
  };
}

function fileType(mediaType: string | undefined): string {
  const [kind] = (mediaType ?? "").split("/");
  return kind === "image" || kind === "audio" || kind === "video" ? `m.${kind}` : "m.file";
}
