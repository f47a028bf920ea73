import type { EventDraft } from "@botyard/sdk";
import { actorOf, decodeContent, decodeMessageEvent, type Names } from "./decode.ts";
import { scrubbed, unknown, type Decoding } from "./decoding.ts";
import { presence, typing } from "./frames-people.ts";
import {
  channelAppeared,
  channelGone,
  joined,
  leaving,
  memberJoined,
  membership,
  noteNew,
  roomEvent,
} from "./frames-rooms.ts";
import type { ReactionChange } from "./memory.ts";
import { isObject, listOf, objectOf, textOf, type JsonObject, type WireFrame, type WireMessage } from "./wire.ts";
import { isWhole } from "./wire-checks.ts";

/** Says nothing that is an event: state, and answers. */
const silent = new Set([
  "Authenticated",
  "Ready",
  "Pong",
  "ChannelAck",
  "UserSettingsUpdate",
  "UserRelationship",
  "UserSlowmodes",
]);

/** A `Bulk` as the frames in it, however deep; other frames as they are. */
export function unwrap(frame: WireFrame, depth = 0): readonly WireFrame[] {
  if (frame.type !== "Bulk" || depth > 8) return [frame];
  return listOf(frame["v"]).flatMap((inner) =>
    isObject(inner) && typeof inner["type"] === "string" ? unwrap(inner as WireFrame, depth + 1) : [],
  );
}

/**
 * The events a frame tells of, before `places.apply`. Kinds nobody knows are kept as `platform.unknown`. A promise only
 * where the server is asked something.
 */
export function decodeFrame(frame: WireFrame, on: Decoding): readonly EventDraft[] | Promise<readonly EventDraft[]> {
  return isWhole(frame) ? decodeWhole(frame, on) : [unknown(frame, on)];
}

/** Of a frame that has what its kind is read by. */
export function decodeWhole(frame: WireFrame, on: Decoding): readonly EventDraft[] | Promise<readonly EventDraft[]> {
  if (silent.has(frame.type)) return [];
  const { places, now } = on;
  const id = textOf(frame["id"]) ?? "";
  const native = { type: frame.type };
  switch (frame.type) {
    case "Message":
      return [messageOf(frame as WireFrame & WireMessage, on)];
    case "MessageUpdate":
      return [editOf(frame, on)];
    case "MessageDelete":
      return [deletion(id, textOf(frame["channel"]) ?? "", on, native)];
    case "BulkMessageDelete":
      return listOf(frame["ids"]).flatMap((one) =>
        typeof one === "string" && one !== "" ? [deletion(one, textOf(frame["channel"]) ?? "", on, native)] : [],
      );
    case "MessageReact":
    case "MessageUnreact": {
      const change = {
        message: id,
        user: textOf(frame["user_id"]) ?? "",
        emoji: textOf(frame["emoji_id"]) ?? "",
        added: frame.type === "MessageReact",
      };
      const room = places.eventRoom(textOf(frame["channel_id"]) ?? "");
      return [{ ...reactionDraft(change, places.user, now()), room }];
    }
    case "ChannelStartTyping":
    case "ChannelStopTyping":
      return typing(frame, on);
    case "UserUpdate":
      return presence(frame, on);
    case "ServerCreate":
      return joined(frame, on);
    case "ServerMemberJoin":
      return [memberJoined(id, textOf(frame["user"]) ?? "", objectOf(frame["member"])["joined_at"], on)];
    case "ServerMemberLeave":
      return [membership(frame, on, id, leaving(frame["reason"]))];
    case "ChannelGroupJoin":
      return [membership(frame, on, id, "joined")];
    case "ChannelGroupLeave":
      return [membership(frame, on, id, "left")];
    case "ChannelCreate":
      return [channelAppeared(frame, on)];
    case "ChannelDelete":
      return channelGone(id, on).then((draft) => [draft]);
    case "ServerDelete":
      return [roomEvent("room.deleted", id, on, { kind: "room", id, revision: "deleted" }, native)];
    case "ServerUpdate":
      noteNew(frame, on);
      return [{ ...roomEvent("room.updated", id, on, null, native), native: { ...native, data: scrubbed(frame) } }];
    case "ChannelUpdate":
      return [{ ...roomEvent("room.updated", id, on, null, native), native: { ...native, data: scrubbed(frame) } }];
    default:
      return [unknown(frame, on)];
  }
}

/** `meaning`: `history` where no frame told of it. Nothing tells two of the same kind apart: it has no key. */
export function reactionDraft(
  { message, user, emoji, added }: ReactionChange & { readonly message: string },
  names: Names,
  time: string,
  meaning?: string,
): Omit<EventDraft, "room"> {
  return {
    type: added ? "reaction.added" : "reaction.removed",
    key: null,
    time,
    actor: actorOf(user, names(user)),
    message: { id: message },
    reaction: { emoji },
    native: { type: added ? "MessageReact" : "MessageUnreact", ...(meaning === undefined ? {} : { meaning }) },
  };
}

function messageOf(frame: WireFrame & Parameters<typeof decodeMessageEvent>[0], on: Decoding): EventDraft {
  const { places, memory } = on;
  const answered = frame.replies?.[0];
  const repliesTo = answered === undefined ? undefined : (memory.author(answered) ?? pinged(frame, places.self?._id));
  return { room: places.eventRoom(frame.channel), ...decodeMessageEvent(frame, places.user, repliesTo) };
}

/** An answer that tells the author of what it answers names them, though not in its text. */
function pinged({ mentions, content }: WireMessage, self: string | undefined): string | undefined {
  return self !== undefined && mentions?.includes(self) && !content?.includes(`<@${self}>`) ? self : undefined;
}

/** Only a new text or edit time is an edit; pins, embeds that were loaded and cleared reactions come the same way. */
function editOf(frame: WireFrame, on: Decoding): EventDraft {
  const data = objectOf(frame["data"]);
  const edited = textOf(data["edited"]);
  const id = textOf(frame["id"]) ?? "";
  if (edited === undefined || Number.isNaN(Date.parse(edited))) return unknown(frame, on);
  const content = textOf(data["content"]);
  const author = on.memory.author(id);
  return {
    type: "message.updated",
    key: { kind: "message", id, revision: edited },
    time: edited,
    room: on.places.eventRoom(textOf(frame["channel"]) ?? ""),
    actor: author === undefined ? null : actorOf(author, on.places.user(author)),
    message: { id, editedAt: edited },
    ...(content === undefined ? {} : { content: decodeContent({ content }, on.places.user) }),
    native: { type: frame.type },
  };
}

function deletion(id: string, channel: string, on: Decoding, native: JsonObject): EventDraft {
  return {
    type: "message.deleted",
    key: { kind: "message", id, revision: "deleted" },
    time: on.now(),
    room: on.places.eventRoom(channel),
    // who did it is in the audit log, not in the frame
    actor: null,
    message: { id },
    native,
  };
}
