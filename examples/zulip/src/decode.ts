import type { EventDraft, FileRef, Mention, NativeBot, NativeMessage, Room, User } from "@botyard/sdk";
import type { Names } from "./directory.ts";
import { placeOf, toEventRoom, toHandle, toRoomId } from "./places.ts";
import type { WireMessage, WireStream, WireUser } from "./wire.ts";

/** `helper-bot` of `helper-bot@chat.example.org`. */
export const toUsername = (email: string): string => email.replace(/@[^@]*$/, "");

export const iso = (seconds: number): string => new Date(seconds * 1000).toISOString();

export function decodeBot({ user_id, email, full_name, is_active, bot_owner_id, bot_type }: WireUser): NativeBot {
  return {
    nativeId: String(user_id),
    username: toUsername(email),
    displayName: full_name,
    description: null,
    enabled: is_active,
    owner: bot_owner_id == null ? null : String(bot_owner_id),
    native: { email, botType: bot_type ?? null },
  };
}

export function decodeUser({ user_id, email, full_name, is_bot }: WireUser): User {
  return { id: String(user_id), username: toUsername(email), name: full_name, kind: is_bot ? "bot" : "user" };
}

export function decodeChannel({ stream_id, name, description }: WireStream): Room {
  return { id: String(stream_id), kind: "channel", name, handle: name, topic: description };
}

export function decodeTopic({ stream_id, name }: WireStream, topic: string): Room {
  const id = toRoomId({ kind: "topic", stream: stream_id, topic });
  return { id, kind: "channel", name: topic, handle: toHandle(name, topic), parent: String(stream_id) };
}

/** Words after `@**` that mean everybody. */
const everybody = new Set(["all", "everyone", "channel", "stream", "topic"]);

/** `@**Name**`, `@**Name|31**`; `@_**Name**` tells nobody and is no mention. */
export async function decodeMentions(text: string, directory: Names): Promise<Omit<Mention, "bot">[]> {
  const found: Omit<Mention, "bot">[] = [];
  for (const match of text.matchAll(/@\*\*([^*\n]+)\*\*/g)) {
    const place = { offset: match.index, length: match[0].length };
    const [, name = "", id] = /^(.*?)(?:\|(\d+))?$/.exec(match[1] ?? "") ?? [];
    if (id === undefined && everybody.has(name)) {
      found.push({ kind: "room", ...place });
      continue;
    }
    const user = id ?? (await directory.byName(name))?.user_id;
    if (user !== undefined) found.push({ kind: "user", id: String(user), ...place });
  }
  return found;
}

function decodeFiles(text: string): FileRef[] {
  const links = text.matchAll(/\[([^\]]*)\]\((?:https?:\/\/[^)\s/]+)?\/user_uploads\/([^)\s]+)\)/g);
  return [...links].map(([, name, id = ""]) => ({ id, name: name || null }));
}

function toPlain(text: string): string {
  return text
    .replaceAll(/@_?\*\*([^*\n|]+)(?:\|\d+)?\*\*/g, "@$1")
    .replaceAll(/#\*\*([^*\n]+)\*\*/g, "#$1")
    .replaceAll(/!?\[([^\]]*)\]\([^)\s]+\)/g, "$1")
    .replaceAll(/\*\*([^*\n]+)\*\*/g, "$1")
    .replaceAll(/`([^`\n]+)`/g, "$1");
}

export async function decodeContent(
  text: string,
  directory: Names,
): Promise<NonNullable<EventDraft["content"]> & NativeMessage["content"]> {
  const mentions = await decodeMentions(text, directory);
  return { text, format: "markdown", plain: toPlain(text), mentions, files: decodeFiles(text) };
}

export async function decodeMessage(message: WireMessage, directory: Names): Promise<NativeMessage> {
  const { id, sender_id, sender_full_name, timestamp, content, last_edit_timestamp } = message;
  return {
    id: String(id),
    room: toRoomId(placeOf(message)),
    time: iso(timestamp),
    sender: { id: String(sender_id), name: sender_full_name },
    content: await decodeContent(content, directory),
    thread: null,
    replyTo: null,
    editedAt: last_edit_timestamp === undefined ? null : iso(last_edit_timestamp),
  };
}

/** `effectId`: the key that came back with it, where it is our own. */
export async function decodeCreated(message: WireMessage, directory: Names, effectId?: string): Promise<EventDraft> {
  const { id, sender_id, sender_full_name, sender_email, timestamp, content, display_recipient } = message;
  const sender = await directory.user(sender_id);
  return {
    key: { kind: "message", id: String(id) },
    type: "message.created",
    time: iso(timestamp),
    room: toEventRoom(placeOf(message), typeof display_recipient === "string" ? display_recipient : undefined),
    actor: {
      id: String(sender_id),
      kind: sender === undefined ? "unknown" : sender.is_bot ? "bot" : "user",
      handle: toUsername(sender_email),
      name: sender_full_name,
    },
    message: { id: String(id) },
    content: await decodeContent(content, directory),
    ...(effectId === undefined ? {} : { effectId }),
  };
}
