import type { BotAnswer, EventDraft, FileRef, NativeBot, NativeMessage, Room, User } from "@botyard/sdk";
import { toPlain } from "./plain.ts";
import { effectOf } from "./reference.ts";
import type { WireBot, WireFile, WireFrame, WireMember, WireMessage, WireRoom, WireUser } from "./wire.ts";

export function decodeBot(bot: WireBot): NativeBot {
  return {
    nativeId: bot.bot_id,
    username: bot.user_name,
    displayName: bot.full_name,
    description: bot.about,
    enabled: bot.active,
    owner: bot.owner,
    native: { badge: bot.badge, hookUrl: bot.hook_url },
  };
}

/** Fields in which the server did not do what was asked. */
export function decodeChanges(asked: string | undefined, bot: WireBot): Pick<BotAnswer, "changed"> {
  if (asked === undefined || asked === bot.user_name) return {};
  return { changed: [{ field: "username", asked, given: bot.user_name }] };
}

export function decodeRoom(room: WireRoom): Room {
  return {
    id: room.room_id,
    kind: room.room_type,
    name: room.title,
    handle: room.slug,
    members: room.member_count,
    ...(room.space_id === null ? {} : { parent: room.space_id }),
    ...(room.topic === null ? {} : { topic: room.topic }),
  };
}

export function decodeMember(member: WireMember): {
  user: string;
  name: string | null;
  membership: WireMember["status"];
  role: string;
} {
  return { user: member.user_id, name: member.full_name, membership: member.status, role: member.role };
}

export function decodeUser(user: WireUser): User {
  return { id: user.user_id, username: user.user_name, name: user.full_name, kind: user.is_bot ? "bot" : "user" };
}

export function decodeFile(file: WireFile): FileRef {
  return { id: file.file_id, name: file.file_name, mediaType: file.mime, size: file.bytes };
}

export function decodeMessage(message: WireMessage): NativeMessage {
  const mentions = message.mentions.map(({ user_id, at, len }) => ({
    ...(user_id === null ? { kind: "room" as const } : { kind: "user" as const, id: user_id }),
    offset: at,
    length: len,
  }));
  return {
    id: message.message_id,
    room: message.room_id,
    time: message.sent_at,
    sender: { id: message.author.user_id, name: message.author.full_name ?? message.author.user_name },
    content: {
      text: message.body,
      format: message.markup,
      plain: toPlain(message.body, message.markup),
      mentions,
      files: message.files.map(decodeFile),
    },
    thread: message.thread_root,
    replyTo: message.reply_to,
    editedAt: message.edited_at,
  };
}

function decodeActor(user: WireUser): NonNullable<EventDraft["actor"]> {
  return {
    id: user.user_id,
    kind: user.is_bot ? "bot" : "user",
    handle: user.user_name,
    name: user.full_name,
  };
}

/** A frame as an event. `handles` turns ids of bots into handles of managed ones; others see nothing here. */
export function decodeFrame(frame: WireFrame, handles: ReadonlyMap<string, string>): EventDraft {
  const base = {
    time: frame.at,
    room: frame.room && {
      id: frame.room.room_id,
      kind: frame.room.room_type,
      handle: frame.room.slug,
      name: frame.room.title,
      ...(frame.room.space_id === null ? {} : { parent: frame.room.space_id }),
    },
    bots: frame.audience.flatMap((id) => handles.get(id) ?? []),
    native: { op: frame.op },
  };
  switch (frame.op) {
    case "message":
    case "message-edit":
      return { ...base, ...decodeMessageEvent(frame.message) };
    case "message-gone":
      return {
        ...base,
        type: "message.deleted",
        key: { kind: "message", id: frame.message_id, revision: "gone" },
        actor: decodeActor(frame.by),
        message: { id: frame.message_id, thread: frame.thread_root },
      };
    case "reaction":
      return {
        ...base,
        type: frame.added ? "reaction.added" : "reaction.removed",
        key: { kind: "reaction", id: frame.change_id },
        actor: decodeActor(frame.by),
        message: { id: frame.message_id },
        reaction: { emoji: frame.emoji },
      };
    case "member":
      return {
        ...base,
        type: `member.${frame.status}`,
        key: { kind: "member", id: frame.change_id },
        actor: decodeActor(frame.by),
        member: { user: frame.user.user_id, name: frame.user.full_name, membership: frame.status },
      };
    case "room":
      return {
        ...base,
        type: `room.${frame.change}`,
        key: { kind: "room", id: frame.change_id },
        actor: decodeActor(frame.by),
      };
    default:
      return { ...base, type: "platform.unknown", key: { kind: "odd", id: frame.change_id }, actor: null };
  }
}

/** The part of a message's event that the message alone tells: the same from a frame and from history. */
export function decodeMessageEvent(
  wire: WireMessage,
): Pick<EventDraft, "type" | "key" | "actor" | "message" | "content"> & Partial<EventDraft> {
  const { content, thread, replyTo, editedAt } = decodeMessage(wire);
  const effectId = effectOf(wire.reference);
  return {
    type: editedAt === null ? "message.created" : "message.updated",
    key: { kind: "message", id: wire.message_id, ...(editedAt === null ? {} : { revision: editedAt }) },
    actor: decodeActor(wire.author),
    message: { id: wire.message_id, thread, replyTo, editedAt },
    content,
    ...(wire.reply_author === null ? {} : { repliesTo: wire.reply_author }),
    ...(effectId === null ? {} : { effectId }),
  };
}
