import type { Content, EventDraft, EventKey, EventRoom, NativeMessage } from "@botyard/sdk";
import { decodeContent } from "./decode-content.ts";
import { decodeMember } from "./decode-member.ts";
import { effectIdOf } from "./effect.ts";
import type { EventNative } from "./settings.ts";
import { objectOf, textOf, type JsonObject, type WireEvent } from "./wire.ts";

/** A neutral event that always has its place, its time and what Matrix calls it. */
export interface Decoded extends EventDraft {
  readonly key: EventKey;
  readonly room: EventRoom;
  readonly native: { readonly [K in keyof EventNative]: EventNative[K] };
}

/** What is known beside the event itself. */
export interface DecodeContext {
  /** The room, as it is called; default: its id. */
  readonly room?: EventRoom;
  /** The reaction with this event id, where it is remembered: its redaction is then `reaction.removed`. */
  readonly reaction?: (eventId: string) => { readonly message: string; readonly emoji: string } | undefined;
}

/** State that is part of what a room looks like or allows. */
const roomState = new Set([
  "m.room.name",
  "m.room.topic",
  "m.room.avatar",
  "m.room.canonical_alias",
  "m.room.join_rules",
  "m.room.power_levels",
  "m.room.history_visibility",
  "m.room.guest_access",
  "m.room.pinned_events",
  "m.room.encryption",
  "m.room.server_acl",
  "m.room.tombstone",
  "m.space.child",
  "m.space.parent",
]);

export const toTime = (ms: number): string => new Date(Math.min(Math.max(ms, 0), 8.64e15)).toISOString();

/** Never throws: an event without a neutral kind becomes `platform.unknown`. */
export function decodeEvent(event: WireEvent, context: DecodeContext = {}): Decoded {
  const known = base(event, context);
  return (
    decodeMessage(event, known) ??
    decodeRelation(event, known, context) ??
    decodeMember(event, known) ??
    decodeState(event, known) ?? {
      type: "platform.unknown",
      ...known,
      native: { ...known.native, content: event.content },
    }
  );
}

type Known = Omit<Decoded, "type">;

function base(event: WireEvent, { room = { id: event.room_id } }: DecodeContext): Known {
  const { content, state_key: stateKey } = event;
  const msgtype = textOf(content["msgtype"]);
  const effectId = effectIdOf(event);
  return {
    key: { kind: "event", id: event.event_id },
    ...(effectId === undefined ? {} : { effectId }),
    time: toTime(event.origin_server_ts),
    room,
    actor: event.sender === "" ? null : { id: event.sender, kind: "user" },
    native: {
      type: event.type,
      eventId: event.event_id,
      ...(msgtype === undefined ? {} : { msgtype }),
      ...(stateKey === undefined ? {} : { stateKey }),
    },
  };
}

interface MessageParts {
  /** Id of the message that an edit replaces. */
  readonly replaces: string | undefined;
  readonly thread: string | null;
  readonly replyTo: string | null;
  readonly content: Content;
}

function readMessage(event: WireEvent): MessageParts | undefined {
  if ((event.type !== "m.room.message" && event.type !== "m.sticker") || event.state_key !== undefined)
    return undefined;
  const relates = objectOf(event.content["m.relates_to"]);
  const replaces = relates["rel_type"] === "m.replace" ? textOf(relates["event_id"]) : undefined;
  const shown = replaces === undefined ? event.content : objectOf(event.content["m.new_content"]);
  if (textOf(shown["body"]) === undefined) return undefined;
  return { replaces, ...placeOf(event.content), content: decodeContent(shown, event.type) };
}

function decodeMessage(event: WireEvent, known: Known): Decoded | undefined {
  const parts = readMessage(event);
  if (parts === undefined) return undefined;
  const { replaces, thread, replyTo, content } = parts;
  return {
    type: replaces === undefined ? "message.created" : "message.updated",
    ...known,
    message: { id: replaces ?? event.event_id, thread, replyTo, editedAt: replaces === undefined ? null : known.time },
    content,
  };
}

function placeOf(content: JsonObject): { thread: string | null; replyTo: string | null } {
  const relates = objectOf(content["m.relates_to"]);
  const thread = relates["rel_type"] === "m.thread" ? (textOf(relates["event_id"]) ?? null) : null;
  const reply = textOf(objectOf(relates["m.in_reply_to"])["event_id"]) ?? null;
  // In a thread the reply is mostly a stand-in for clients without threads.
  return { thread, replyTo: thread !== null && relates["is_falling_back"] === true ? null : reply };
}

function decodeRelation(event: WireEvent, known: Known, context: DecodeContext): Decoded | undefined {
  if (event.state_key !== undefined) return undefined;
  const place = { thread: null, replyTo: null, editedAt: null };
  if (event.type === "m.reaction") {
    const relates = objectOf(event.content["m.relates_to"]);
    const [id, emoji] = [textOf(relates["event_id"]), textOf(relates["key"])];
    if (relates["rel_type"] !== "m.annotation" || id === undefined || emoji === undefined) return undefined;
    return { type: "reaction.added", ...known, message: { id, ...place }, reaction: { emoji } };
  }
  if (event.type !== "m.room.redaction") return undefined;
  const redacted = textOf(event.content["redacts"]) ?? event.redacts;
  if (redacted === undefined) return undefined;
  const reaction = context.reaction?.(redacted);
  return reaction === undefined
    ? { type: "message.deleted", ...known, message: { id: redacted, ...place } }
    : {
        type: "reaction.removed",
        ...known,
        message: { id: reaction.message, ...place },
        reaction: { emoji: reaction.emoji },
      };
}

function decodeState(event: WireEvent, known: Known): Decoded | undefined {
  if (event.state_key === undefined) return undefined;
  const native = { ...known.native, content: event.content };
  if (event.type === "m.room.create") return { type: "room.created", ...known, native };
  if (!roomState.has(event.type)) return undefined;
  const name = event.type === "m.room.name" ? (textOf(event.content["name"]) ?? null) : undefined;
  return { type: "room.updated", ...known, room: name === undefined ? known.room : { ...known.room, name }, native };
}

/** A message of history as it stands now: the newest edit the server bundled with it is applied; `undefined` for anything else. */
export function toMessage(event: WireEvent): NativeMessage | undefined {
  const parts = readMessage(event);
  if (parts === undefined || parts.replaces !== undefined) return undefined;
  const edit = objectOf(objectOf(objectOf(event.unsigned)["m.relations"])["m.replace"]);
  const edited = objectOf(objectOf(edit["content"])["m.new_content"]);
  const editTime = edit["origin_server_ts"];
  const applied = textOf(edited["body"]) !== undefined && edit["sender"] === event.sender;
  return {
    id: event.event_id,
    room: event.room_id,
    time: toTime(event.origin_server_ts),
    sender: { id: event.sender, name: null },
    content: applied ? decodeContent(edited, event.type) : parts.content,
    thread: parts.thread,
    replyTo: parts.replyTo,
    editedAt: applied && typeof editTime === "number" ? toTime(editTime) : null,
  };
}
