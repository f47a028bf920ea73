import type { EventDraft } from "@botyard/sdk";
import { actorOf, decodeContent, decodeMessageEvent } from "./decode.ts";
import type { Places } from "./places.ts";
import {
  isChannel,
  isMessage,
  isObject,
  listOf,
  objectOf,
  textOf,
  type JsonObject,
  type WireFrame,
  type WireMember,
  type WireMessage,
} from "./wire.ts";

/** What a frame is decoded with. */
export interface Decoding {
  readonly places: Places;
  /** Handle of the bot whose socket it came on. */
  readonly handle: string;
  /** The server's clock, ISO 8601: most frames carry no time. */
  readonly now: () => string;
  /** Authors of messages seen lately, for whom a reply is meant. */
  readonly authors: { get(message: string): string | undefined; set(message: string, author: string): void };
  /** Channels a server has listed as new, and that have not appeared yet. */
  readonly fresh: Set<string>;
  /** What has become of a channel that left our sight. */
  readonly fate: (channel: string) => Promise<"deleted" | "hidden" | "unknown">;
  /** When a bot joined a server, by the server. */
  readonly joinedAt: (server: string) => Promise<string | undefined>;
}

/** Says nothing that is an event: state, answers, and what people do between two messages. */
const silent = new Set([
  "Authenticated",
  "Ready",
  "Pong",
  "ChannelStartTyping",
  "ChannelStopTyping",
  "ChannelAck",
  "UserUpdate",
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

/** The events a frame tells of, before `places.apply`. Kinds nobody knows are kept as `platform.unknown`. */
export async function decodeFrame(frame: WireFrame, on: Decoding): Promise<readonly EventDraft[]> {
  if (silent.has(frame.type)) return [];
  const { places, now } = on;
  const id = textOf(frame["id"]) ?? "";
  const native = { type: frame.type };
  switch (frame.type) {
    case "Message":
      return isMessage(frame) ? [messageOf(frame, on)] : [unknown(frame, on)];
    case "MessageUpdate":
      return [editOf(frame, on)];
    case "MessageDelete":
      return [deletion(id, textOf(frame["channel"]) ?? "", on, native)];
    case "BulkMessageDelete":
      return listOf(frame["ids"]).map((one) => deletion(String(one), textOf(frame["channel"]) ?? "", on, native));
    case "MessageReact":
    case "MessageUnreact": {
      const user = textOf(frame["user_id"]) ?? "";
      return [
        {
          type: frame.type === "MessageReact" ? "reaction.added" : "reaction.removed",
          // nothing tells two of the same kind apart
          key: null,
          time: now(),
          room: places.eventRoom(textOf(frame["channel_id"]) ?? ""),
          actor: actorOf(user, places.user(user)),
          message: { id },
          reaction: { emoji: textOf(frame["emoji_id"]) ?? "" },
          native,
        },
      ];
    }
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
      return [await channelGone(id, on)];
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

function messageOf(frame: WireFrame & Parameters<typeof decodeMessageEvent>[0], on: Decoding): EventDraft {
  const { places, authors } = on;
  authors.set(frame._id, frame.author);
  const answered = frame.replies?.[0];
  const repliesTo = answered === undefined ? undefined : (authors.get(answered) ?? pinged(frame, places.self?._id));
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
  if (edited === undefined) return unknown(frame, on);
  const content = textOf(data["content"]);
  const author = on.authors.get(id);
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

function leaving(reason: unknown): "left" | "kicked" | "banned" {
  if (reason === "Kick") return "kicked";
  return reason === "Ban" ? "banned" : "left";
}

function membership(
  frame: WireFrame,
  { places, now }: Decoding,
  room: string,
  state: "joined" | "left" | "kicked" | "banned",
): EventDraft {
  const user = textOf(frame["user"]) ?? "";
  return {
    type: `member.${state}`,
    key: null,
    time: now(),
    room: places.eventRoom(room),
    actor: null,
    member: { user, name: places.user(user)?.name ?? null, membership: state },
    native: { type: frame.type },
  };
}

/** All who see a join learn the same time of it: one fact, on however many sockets. */
function memberJoined(server: string, user: string, joinedAt: unknown, { places, now }: Decoding): EventDraft {
  const at = textOf(joinedAt);
  return {
    type: "member.joined",
    key: at === undefined ? null : { kind: "member", id: `${server}/${user}`, revision: at },
    time: at ?? now(),
    room: places.eventRoom(server),
    actor: null,
    member: { user, name: places.user(user)?.name ?? null, membership: "joined" },
    native: { type: "ServerMemberJoin" },
  };
}

/** Of the members that came with `Ready`: where the bot itself is, and since when. */
export function ownMemberships(members: readonly WireMember[], on: Decoding): readonly EventDraft[] {
  return members
    .filter(({ _id, joined_at }) => _id.user === on.places.self?._id && joined_at !== undefined)
    .map(({ _id, joined_at }) => memberJoined(_id.server, _id.user, joined_at, on));
}

async function joined(frame: WireFrame, on: Decoding): Promise<readonly EventDraft[]> {
  const server = textOf(frame["id"]) ?? textOf(objectOf(frame["server"])["_id"]) ?? "";
  const self = on.places.self?._id ?? "";
  on.places.apply(frame);
  return [memberJoined(server, self, await on.joinedAt(server), on)];
}

/** A server lists a new channel just before it appears; one that was listed long ago only came into sight. */
function noteNew(frame: WireFrame, { places, fresh }: Decoding): void {
  const before = places.server(textOf(frame["id"]) ?? "")?.channels ?? [];
  for (const id of listOf(objectOf(frame["data"])["channels"]))
    if (typeof id === "string" && !before.includes(id)) fresh.add(id);
}

/** A new channel, or one that came into sight; for a group: the bot was added. */
function channelAppeared(frame: WireFrame, on: Decoding): EventDraft {
  if (!isChannel(frame)) return unknown(frame, on);
  const { places } = on;
  const self = places.self?._id ?? "";
  const listed = frame.server !== undefined && places.server(frame.server)?.channels?.includes(frame._id) === true;
  const known = listed && !on.fresh.delete(frame._id);
  places.apply(frame);
  const native = { type: frame.type };
  if (frame.channel_type === "Group") return membership({ type: frame.type, user: self }, on, frame._id, "joined");
  if (known) return seen(frame._id, "visible", on);
  return roomEvent("room.created", frame._id, on, { kind: "room", id: frame._id, revision: "created" }, native);
}

async function channelGone(id: string, on: Decoding): Promise<EventDraft> {
  const fate = on.places.channel(id)?.server === undefined ? "unknown" : await on.fate(id);
  if (fate === "hidden") return seen(id, "hidden", on);
  const key = { kind: "room", id, revision: "deleted" };
  const meaning = fate === "unknown" ? { meaning: "deleted-or-hidden" } : {};
  return roomEvent("room.deleted", id, on, key, { type: "ChannelDelete", ...meaning });
}

/** Concerns this bot alone: another may go on seeing the channel. */
function seen(id: string, meaning: "visible" | "hidden", on: Decoding): EventDraft {
  const time = on.now();
  const native = { type: meaning === "visible" ? "ChannelCreate" : "ChannelDelete", meaning };
  const key = { kind: "sight", id: `${id}/${on.handle}`, revision: `${meaning} ${time}` };
  return { ...roomEvent("room.updated", id, on, key, native), bots: [on.handle] };
}

function roomEvent(
  type: "room.created" | "room.updated" | "room.deleted",
  id: string,
  { places, now }: Decoding,
  key: EventDraft["key"],
  native: JsonObject,
): EventDraft {
  return { type, key, time: now(), room: places.eventRoom(id), actor: null, native };
}

function unknown(frame: WireFrame, { places, now }: Decoding): EventDraft {
  const channel = textOf(frame["channel"]) ?? textOf(frame["channel_id"]);
  const server = textOf(frame["server"]) ?? textOf(objectOf(frame["id"])["server"]) ?? textOf(frame["id"]);
  const known =
    channel ?? (server !== undefined && (places.server(server) ?? places.channel(server)) ? server : undefined);
  return {
    type: "platform.unknown",
    key: null,
    time: now(),
    room: known === undefined ? null : places.eventRoom(known),
    actor: null,
    native: { type: frame.type, data: scrubbed(frame) },
  };
}

/** The frame without its kind, and without anything that is named like a secret. */
function scrubbed(frame: WireFrame): JsonObject {
  const { type: _, ...rest } = frame;
  return JSON.parse(
    JSON.stringify(rest, (name, value: unknown) => (/token|secret|password/i.test(name) ? undefined : value)),
  ) as JsonObject;
}
