import type { EventDraft } from "@botyard/sdk";
import { unknown, type Decoding } from "./decoding.ts";
import { listOf, objectOf, textOf, type JsonObject, type WireFrame, type WireMember } from "./wire.ts";
import { isChannel, isMember } from "./wire-checks.ts";

export function leaving(reason: unknown): "left" | "kicked" | "banned" {
  if (reason === "Kick") return "kicked";
  return reason === "Ban" ? "banned" : "left";
}

export function membership(
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
export function memberJoined(server: string, user: string, joinedAt: unknown, { places, now }: Decoding): EventDraft {
  const given = textOf(joinedAt);
  const at = given === undefined || Number.isNaN(Date.parse(given)) ? undefined : given;
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
    .filter((member) => isMember(member))
    .filter(({ _id, joined_at }) => _id.user === on.places.self?._id && joined_at !== undefined)
    .map(({ _id, joined_at }) => memberJoined(_id.server, _id.user, joined_at, on));
}

export async function joined(frame: WireFrame, on: Decoding): Promise<readonly EventDraft[]> {
  const server = textOf(frame["id"]) ?? textOf(objectOf(frame["server"])["_id"]) ?? "";
  const self = on.places.self?._id ?? "";
  on.places.apply(frame);
  return [memberJoined(server, self, await on.joinedAt(server), on)];
}

/** A server lists a new channel just before it appears; one that was listed long ago only came into sight. */
export function noteNew(frame: WireFrame, { places, fresh }: Decoding): void {
  const before = places.server(textOf(frame["id"]) ?? "")?.channels ?? [];
  for (const id of listOf(objectOf(frame["data"])["channels"]))
    if (typeof id === "string" && !before.includes(id)) fresh.add(id);
}

/** A new channel, or one that came into sight; for a group: the bot was added. */
export function channelAppeared(frame: WireFrame, on: Decoding): EventDraft {
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

export async function channelGone(id: string, on: Decoding): Promise<EventDraft> {
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

export function roomEvent(
  type: "room.created" | "room.updated" | "room.deleted",
  id: string,
  { places, now }: Decoding,
  key: EventDraft["key"],
  native: JsonObject,
): EventDraft {
  return { type, key, time: now(), room: places.eventRoom(id), actor: null, native };
}
