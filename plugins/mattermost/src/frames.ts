import type { EventDraft, EventRoom } from "@botyard/sdk";
import { decodePost, decodeReaction, iso, type Names } from "./decode.ts";
import { toEventRoom } from "./room-shape.ts";
import {
  inner,
  isFields,
  textOf,
  type Fields,
  type WireChannelType,
  type WireEvent,
  type WirePost,
  type WireReaction,
  type WireReply,
} from "./wire.ts";

/** Whose socket it is, and what names things. */
export interface FrameContext {
  /** Native id of the bot. */
  readonly self: string;
  readonly names: Names;
  readonly teamName: (id: string) => string | undefined;
  readonly now: number;
  /** With the seq it makes the identity of what carries none. */
  readonly connectionId: string;
}

/** A frame as text: an event, an answer, or null where it is neither. */
export function readFrame(text: string): WireEvent | WireReply | null {
  const frame = inner(text);
  if (frame === undefined) return null;
  if (typeof frame["event"] === "string" && typeof frame["seq"] === "number") {
    const { event, seq } = frame;
    const broadcast = isFields(frame["broadcast"]) ? frame["broadcast"] : {};
    return {
      event,
      seq,
      text,
      data: isFields(frame["data"]) ? frame["data"] : {},
      broadcast: {
        user_id: textOf(broadcast["user_id"]) ?? "",
        channel_id: textOf(broadcast["channel_id"]) ?? "",
        team_id: textOf(broadcast["team_id"]) ?? "",
      },
    };
  }
  return typeof frame["status"] === "string" ? (frame as unknown as WireReply) : null;
}

export const isEvent = (frame: WireEvent | WireReply): frame is WireEvent => "event" in frame;

/** Kinds that say nothing a program could use, or what another kind says better. */
const silent = new Set([
  "hello",
  "typing",
  "status_change",
  "multiple_channels_viewed",
  "thread_read_changed",
  "thread_updated",
  "thread_follow_changed",
  "channel_viewed",
  "channel_updated", // the system posts say what changed, with an identity
  "channel_converted",
  "channel_restored",
  "channel_member_updated",
  "user_added",
  "user_updated",
  "new_user",
  "user_role_updated",
  "config_changed",
  "license_changed",
  "preferences_changed",
  "sidebar_category_created",
  "sidebar_category_updated",
  "sidebar_category_order_updated",
  "update_team",
  "emoji_added",
  "memberrole_updated",
  "role_updated",
]);

/** The post inside an event, if it is one with what an event needs. */
export function postOf(data: Fields): WirePost | undefined {
  const post = inner(data["post"]);
  if (post === undefined) return undefined;
  for (const name of ["id", "user_id", "channel_id"]) if (typeof post[name] !== "string") return undefined;
  if (typeof post["create_at"] !== "number") return undefined;
  const number = (name: string): number => (typeof post[name] === "number" ? post[name] : 0);
  return {
    ...(post as unknown as WirePost),
    update_at: number("update_at"),
    edit_at: number("edit_at"),
    delete_at: number("delete_at"),
    is_pinned: post["is_pinned"] === true,
    root_id: textOf(post["root_id"]) ?? "",
    message: textOf(post["message"]) ?? "",
    type: textOf(post["type"]) ?? "",
    pending_post_id: textOf(post["pending_post_id"]) ?? "",
    props: isFields(post["props"]) ? post["props"] : null,
  };
}

/** The room a `posted` event names. */
export function roomOf(event: WireEvent, post: WirePost, teamName: FrameContext["teamName"]): EventRoom {
  const { data } = event;
  const team = textOf(data["team_id"]) ?? "";
  return toEventRoom(
    {
      id: post.channel_id,
      type: (textOf(data["channel_type"]) ?? "O") as WireChannelType,
      team_id: team,
      name: textOf(data["channel_name"]) ?? "",
      display_name: textOf(data["channel_display_name"]) ?? "",
    },
    team === "" ? undefined : teamName(team),
  );
}

/** Room an event is about, where it names one. */
export function channelOf({ data, broadcast }: WireEvent, post = postOf(data)): string | undefined {
  return broadcast.channel_id || textOf(data["channel_id"]) || post?.channel_id || undefined;
}

/** What one frame tells; null: nothing that belongs into the log. `post`: the one inside, where it was read already. */
export function decodeEvent(
  event: WireEvent,
  context: FrameContext,
  post: WirePost | undefined = postOf(event.data),
): EventDraft | null {
  if (silent.has(event.event)) return null;
  const known = decodeKnown(event, context, post);
  return known === undefined ? unknown(event, context) : known;
}

/** Null: nothing to tell. Undefined: not understood. */
function decodeKnown(
  event: WireEvent,
  context: FrameContext,
  post: WirePost | undefined,
): EventDraft | null | undefined {
  const { data, broadcast } = event;
  const { names, now, self } = context;
  const at = (id: string): EventRoom => names.room(id) ?? { id };
  switch (event.event) {
    case "posted":
    case "ephemeral_message":
    case "post_edited":
    case "post_deleted": {
      if (post === undefined) return undefined;
      const change = event.event === "post_edited" ? "updated" : event.event === "post_deleted" ? "deleted" : "created";
      return decodePost(change, post, { event: event.event, names, senderName: textOf(data["sender_name"]), now });
    }
    case "reaction_added":
    case "reaction_removed": {
      const reaction = inner(data["reaction"]) as WireReaction | undefined;
      if (typeof reaction?.post_id !== "string" || typeof reaction.emoji_name !== "string") return undefined;
      const room = at(broadcast.channel_id);
      return decodeReaction(
        event.event === "reaction_added",
        reaction,
        room,
        event.event,
        names.author(reaction.post_id),
      );
    }
    case "user_removed": {
      // The rest of the room sees a system post; who was removed sees only this.
      if (broadcast.user_id !== self) return null;
      const room = textOf(data["channel_id"]) ?? broadcast.channel_id;
      const remover = textOf(data["remover_id"]);
      const own = remover === self;
      return {
        key: { kind: "member", id: `${room}/${self}`, revision: `${context.connectionId}:${event.seq}` },
        type: own ? "member.left" : "member.kicked",
        time: iso(now),
        room: at(room),
        actor: remover === undefined ? null : { id: remover, kind: "unknown" },
        member: { user: self, name: null, membership: own ? "left" : "kicked" },
        native: { event: event.event },
      };
    }
    case "added_to_team":
    case "leave_team": {
      const [team, user] = [textOf(data["team_id"]), textOf(data["user_id"])];
      if (team === undefined || user === undefined) return undefined;
      const joined = event.event === "added_to_team";
      return {
        key: { kind: "member", id: `${team}/${user}`, revision: `${context.connectionId}:${event.seq}` },
        type: joined ? "member.joined" : "member.left",
        time: iso(now),
        room: { id: team, kind: "space", ...handleOf(context.teamName(team)) },
        actor: null,
        member: { user, name: null, membership: joined ? "joined" : "left" },
        native: { event: event.event },
      };
    }
    case "direct_added":
    case "group_added":
    case "channel_created": {
      const room = textOf(data["channel_id"]) ?? broadcast.channel_id;
      const creator = textOf(data["creator_id"]);
      return {
        key: { kind: "room", id: room },
        type: "room.created",
        time: iso(now),
        room: at(room),
        actor: creator === undefined ? null : { id: creator, kind: "unknown" },
        native: { event: event.event },
      };
    }
    case "channel_deleted":
      // Its system post said so already, to who was in there.
      return null;
    default:
      return undefined;
  }
}

const handleOf = (handle: string | undefined): { handle?: string } => (handle === undefined ? {} : { handle });

function unknown(event: WireEvent, { names, now }: FrameContext): EventDraft {
  const room = channelOf(event);
  return {
    key: null,
    type: "platform.unknown",
    time: iso(now),
    room: room === undefined ? null : (names.room(room) ?? { id: room }),
    actor: null,
    native: { event: event.event, data: event.data },
  };
}
