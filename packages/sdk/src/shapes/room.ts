import * as v from "valibot";
import { says } from "../schema.ts";

export const RoomKind = v.picklist(["space", "channel", "group", "direct"]);
export type RoomKind = v.InferOutput<typeof RoomKind>;

/** A place where people talk, or a space that holds such places (Mattermost teams, Stoat servers, Matrix spaces). */
export const Room = v.object({
  id: v.string(),
  kind: RoomKind,
  name: v.nullable(v.string()),
  handle: v.optional(says("What a person types: `eng:ops`, `#ops:hs.example.org`.", v.string())),
  parent: v.optional(says("Id of the space it is in.", v.string())),
  topic: v.optional(v.string()),
  members: v.optional(v.number()),
});
export interface Room extends v.InferOutput<typeof Room> {}

export const MembershipState = v.picklist(["joined", "invited", "left", "kicked", "banned", "knocking"]);
export type MembershipState = v.InferOutput<typeof MembershipState>;

export const Member = v.object({
  user: v.string(),
  name: v.nullable(v.string()),
  membership: MembershipState,
  role: v.optional(v.string()),
  bot: v.optional(says("Handle of the managed bot this is.", v.string())),
});
export interface Member extends v.InferOutput<typeof Member> {}

export const User = v.object({
  id: v.string(),
  username: v.string(),
  name: v.nullable(v.string()),
  kind: v.picklist(["user", "bot"]),
});
export interface User extends v.InferOutput<typeof User> {}
