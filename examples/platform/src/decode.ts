import type { EventDraft, Member, NativeBot, Room } from "@botyard/sdk";
import type { WireBot, WireMember, WireRoom, WireUpdate } from "./wire.ts";

export function decodeBot({ bot_id, user_name, full_name, about }: WireBot): NativeBot {
  return { nativeId: bot_id, username: user_name, displayName: full_name, description: about, enabled: true };
}

export function decodeRoom({ room_id, title }: WireRoom): Room {
  return { id: room_id, kind: "channel", name: title, handle: title };
}

export function decodeMember({ user_id, user_name }: WireMember): Member {
  return { user: user_id, name: user_name, membership: "joined" };
}

/** Nothing is dropped: a kind nobody knows yet is stored as `platform.unknown`. */
export function decodeUpdate({ seq, kind, message }: WireUpdate, now: string): EventDraft {
  if (kind !== "message" || !message) {
    return { key: { kind: "update", id: String(seq) }, type: "platform.unknown", time: now, room: null, actor: null };
  }
  const { message_id, room_id, author, body, mentions, post_key, sent_at } = message;
  return {
    key: { kind: "message", id: message_id },
    type: "message.created",
    time: sent_at,
    room: { id: room_id, kind: "channel" },
    actor: { id: author.user_id, kind: author.is_bot ? "bot" : "user", handle: author.user_name },
    message: { id: message_id },
    content: {
      text: body,
      format: "plain",
      plain: body,
      // Whether it is one of our bots the core finds out.
      mentions: mentions.map(({ user_id, at, len }) => ({ kind: "user", id: user_id, offset: at, length: len })),
      files: [],
    },
    ...(post_key === null ? {} : { effectId: post_key }),
  };
}
