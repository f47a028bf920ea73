import type { WireMember, WireRoom, WireRoomType, WireStatus } from "../wire.ts";
import { isIn, maySee, needManager, needUser, type Caller } from "./access.ts";
import type { CallsOf, Context } from "./context.ts";
import {
  Refusal,
  botsIn,
  findRoom,
  findUser,
  isoNow,
  toWireUser,
  type Model,
  type RoomRow,
  type UserRow,
} from "./model.ts";

export function toWireRoom(room: RoomRow): WireRoom {
  return {
    room_id: room.id,
    room_type: room.type,
    slug: room.slug,
    title: room.title,
    space_id: room.space,
    topic: room.topic,
    is_open: room.open,
    member_count: [...room.members.values()].filter(({ status }) => status === "joined").length,
  };
}

export function toWireMember(model: Model, room: RoomRow, user: UserRow, status?: WireStatus): WireMember {
  const row = room.members.get(user.id);
  return {
    user_id: user.id,
    full_name: user.fullName,
    status: status ?? row?.status ?? "left",
    role: row?.role ?? "member",
    is_bot: model.users.get(user.id)?.bot != null,
  };
}

export interface NewRoom {
  readonly id?: string;
  readonly type: WireRoomType;
  readonly slug: string;
  readonly title: string;
  readonly space?: string | null;
  readonly topic?: string | null;
  readonly open: boolean;
  readonly closedHistory?: boolean;
}

export function addRoom(model: Model, room: NewRoom): RoomRow {
  const row: RoomRow = {
    id: room.id ?? model.id("r"),
    type: room.type,
    slug: room.slug,
    title: room.title,
    space: room.space ?? null,
    topic: room.topic ?? null,
    open: room.open,
    closedHistory: room.closedHistory ?? false,
    members: new Map(),
    messages: new Map(),
    pins: new Set(),
    seen: new Map(),
  };
  model.rooms.set(row.id, row);
  return row;
}

/** Says to the bots of a room, and to one that has just gone, that somebody's membership changed. */
export function publishMember(context: Context, room: RoomRow, user: UserRow, status: WireStatus, by: UserRow): void {
  const { model } = context;
  const audience = new Set(botsIn(model, room));
  if (user.bot) audience.add(user.id);
  context.publish({
    op: "member",
    at: isoNow(model),
    room: toWireRoom(room),
    audience: [...audience],
    change_id: model.id("c"),
    user: toWireUser(user),
    status,
    by: toWireUser(by),
  });
}

/** The room itself, and before it the space it is in: what was entered, in order. */
export function enter(context: Context, room: RoomRow, user: UserRow, by: UserRow): string[] {
  const space = room.space === null ? undefined : context.model.rooms.get(room.space);
  const entered = space ? enter(context, space, user, by) : [];
  if (isIn(room, user)) return entered;
  room.members.set(user.id, { status: "joined", role: "member" });
  publishMember(context, room, user, "joined", by);
  return [...entered, room.slug];
}

function publishRoom(context: Context, room: RoomRow, change: "created" | "updated", by: UserRow): void {
  const { model } = context;
  context.publish({
    op: "room",
    at: isoNow(model),
    room: toWireRoom(room),
    audience: botsIn(model, room),
    change_id: model.id("c"),
    change,
    by: toWireUser(by),
  });
}

function visible(model: Model, caller: Caller, ref: string): RoomRow {
  const room = findRoom(model, ref);
  // a room one may not see and one that does not exist answer alike
  if (!maySee(room, caller)) throw new Refusal(404, "no_such_room", "there is no such room");
  return room;
}

/** Who makes or changes a room: whoever manages, or the bot in whose name it is done. */
function author(model: Model, caller: Caller): UserRow {
  return caller.manages ? needManager(model, caller) : needUser(caller);
}

function slugOf(title: string): string {
  const slug = title
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "");
  return slug === "" ? "room" : slug;
}

export const roomCalls = (context: Context): CallsOf<"room"> => {
  const { model } = context;
  return {
    "room.list": (caller, { limit = 100, before }) => {
      const all = [...model.rooms.values()].filter((room) => maySee(room, caller));
      const start = before === undefined ? 0 : all.findIndex(({ id }) => id === before) + 1;
      const rooms = all.slice(start, start + limit);
      const more = start + limit < all.length;
      return { rooms: rooms.map(toWireRoom), next: more ? (rooms.at(-1)?.id ?? null) : null };
    },
    "room.get": (caller, { room_id }) => ({ room: toWireRoom(visible(model, caller, room_id)) }),
    "room.create": (caller, args) => {
      const by = author(model, caller);
      const space = args.space_id === null ? null : findRoom(model, args.space_id);
      if (space && space.type !== "space") throw new Refusal(400, "no_space", "the parent is not a space");
      const name = slugOf(args.title);
      const slug = space ? `${space.slug}:${name}` : name;
      if ([...model.rooms.values()].some((room) => room.slug === slug)) {
        throw new Refusal(409, "slug_taken", "there is a room of that name");
      }
      const invited = args.invite.map((id) => findUser(model, id));
      const room = addRoom(model, {
        type: args.room_type,
        slug,
        title: args.title,
        space: space?.id ?? null,
        topic: args.topic,
        open: args.is_open,
      });
      room.members.set(by.id, { status: "joined", role: "owner" });
      publishRoom(context, room, "created", by);
      for (const user of invited) enter(context, room, user, by);
      return { room: toWireRoom(room) };
    },
    "room.change": (caller, { room_id, title, topic }) => {
      const by = author(model, caller);
      const room = visible(model, caller, room_id);
      if (title !== undefined) room.title = title;
      if (topic !== undefined) room.topic = topic;
      publishRoom(context, room, "updated", by);
      return { room: toWireRoom(room) };
    },
    "room.direct": (caller, { user_id }) => {
      const user = needUser(caller);
      const other = findUser(model, user_id);
      if (other.id === user.id) throw new Refusal(400, "alone", "a direct room is with somebody else");
      const slug = `dm:${[user.name, other.name].toSorted().join(":")}`;
      const room =
        [...model.rooms.values()].find((found) => found.slug === slug) ??
        addRoom(model, { type: "direct", slug, title: slug, open: false });
      for (const member of [user, other]) room.members.set(member.id, { status: "joined", role: "member" });
      return { room: toWireRoom(room) };
    },
  };
};
