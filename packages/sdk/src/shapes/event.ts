import * as v from "valibot";
import { says } from "../schema.ts";
import { Content } from "./content.ts";
import { MembershipState, RoomKind } from "./room.ts";
import { StateName } from "./connection.ts";
import { Gap } from "./gap.ts";

/** Kinds a platform can report. */
export const PlatformEventType = v.picklist([
  "message.created",
  "message.updated",
  "message.deleted",
  "reaction.added",
  "reaction.removed",
  "member.joined",
  "member.invited",
  "member.left",
  "member.kicked",
  "member.banned",
  "room.created",
  "room.updated",
  "room.deleted",
  "typing",
  "presence",
  "command.invoked",
  "action.invoked",
  "platform.unknown",
]);
export type PlatformEventType = v.InferOutput<typeof PlatformEventType>;

/** Kinds the core reports about itself. */
export const CoreEventType = v.picklist([
  "bot.created",
  "bot.updated",
  "bot.deleted",
  "credential.expiring",
  "gap.opened",
  "gap.filled",
  "gap.lost",
  "connection.state",
]);
export type CoreEventType = v.InferOutput<typeof CoreEventType>;

export const EventType = v.union([PlatformEventType, CoreEventType]);
export type EventType = v.InferOutput<typeof EventType>;

export const EventRoom = v.object({
  id: v.string(),
  kind: v.optional(RoomKind),
  handle: v.optional(v.string()),
  name: v.optional(v.nullable(v.string())),
  parent: v.optional(v.string()),
});
export interface EventRoom extends v.InferOutput<typeof EventRoom> {}

export const EventActor = v.object({
  id: v.string(),
  kind: v.picklist(["user", "bot", "system", "webhook", "unknown"]),
  handle: v.optional(v.string()),
  name: v.optional(v.nullable(v.string())),
  bot: v.nullable(says("Handle of the managed bot this is.", v.string())),
  uncertain: v.optional(says("The server may name the wrong one.", v.boolean())),
});
export interface EventActor extends v.InferOutput<typeof EventActor> {}

/** A slash command, a button or a dialog that a person used, acknowledged to the server already. */
export const Invocation = v.object({
  id: says("Names it when it is answered.", v.string()),
  kind: v.picklist(["command", "button", "select", "dialog"]),
  name: says("`/deploy`, the action's or the dialog's id.", v.string()),
  text: v.optional(says("What stood behind the command, or what was chosen.", v.string())),
  trigger: v.optional(says("Short-lived id with which a dialog may be opened.", v.string())),
  payload: v.optional(says("What came with it: context, submission.", v.record(v.string(), v.unknown()))),
});
export interface Invocation extends v.InferOutput<typeof Invocation> {}

/** One fact on a platform: the same JSON by pull, by server-sent event and by webhook. */
export const Event = v.object({
  id: says("`evt_…`: stable however often it is delivered.", v.string()),
  seq: says("Position in the log, growing.", v.number()),
  cursor: says("Where to go on after it.", v.string()),
  type: EventType,
  time: says("When it happened, by the server's clock.", v.string()),
  committedAt: says("When it was on our disk.", v.string()),
  connection: v.string(),
  platform: v.string(),
  bots: says("Managed bots that saw it.", v.array(v.string())),
  addressed: says("Managed bots it is meant for: mentioned, replied to, or written to directly.", v.array(v.string())),
  own: says("The echo of what a managed bot did itself; left out of consumers by default.", v.boolean()),
  backfilled: says("Came from history after a gap.", v.boolean()),
  room: v.nullable(EventRoom),
  actor: v.nullable(EventActor),
  message: v.optional(
    v.object({
      id: v.string(),
      thread: v.nullable(v.string()),
      replyTo: v.nullable(v.string()),
      editedAt: v.nullable(v.string()),
    }),
  ),
  content: v.optional(Content),
  reaction: v.optional(v.object({ emoji: v.string() })),
  member: v.optional(
    v.object({
      user: v.string(),
      name: v.nullable(v.string()),
      membership: MembershipState,
      bot: v.nullable(v.string()),
    }),
  ),
  invocation: v.optional(Invocation),
  gap: v.optional(Gap),
  state: v.optional(v.object({ state: StateName, reason: v.optional(v.string()) })),
  credential: v.optional(
    v.object({
      id: v.string(),
      kind: v.string(),
      of: v.nullable(says("Handle of the bot, or name of the account, that holds it.", v.string())),
      expiresAt: v.string(),
    }),
  ),
  native: v.optional(
    says("Fields of the platform's own, by its declared schema `Event`.", v.record(v.string(), v.unknown())),
  ),
});
export interface Event extends v.InferOutput<typeof Event> {}
