import * as v from "valibot";
import { says } from "../schema.ts";

export const KeyPreset = v.picklist(["reader", "bot", "operator", "admin"]);
export type KeyPreset = v.InferOutput<typeof KeyPreset>;

/** What a key may do. An absent list allows all of its kind. */
export const Grant = v.object({
  operations: says("Names or `noun.*` or `*`.", v.array(v.string())),
  connections: v.optional(v.array(v.string())),
  bots: v.optional(says("Only these bots: `chat/helper`.", v.array(v.string()))),
  rooms: v.optional(says("Only these rooms, by id: `chat/y1h…`.", v.array(v.string()))),
});
export interface Grant extends v.InferOutput<typeof Grant> {}

export const Key = v.object({
  id: v.string(),
  name: v.string(),
  preset: v.nullable(KeyPreset),
  grant: Grant,
  ratePerMinute: v.nullable(says("Calls a minute.", v.number())),
  createdAt: v.string(),
  expiresAt: v.nullable(v.string()),
  revokedAt: v.nullable(v.string()),
  lastUsedAt: v.nullable(v.string()),
});
export interface Key extends v.InferOutput<typeof Key> {}

/** One line of the audit: who, what, where, answer. Never content, never secrets. */
export const AuditEntry = v.object({
  time: v.string(),
  request: v.string(),
  key: v.string(),
  operation: v.string(),
  connection: v.nullable(v.string()),
  bot: v.nullable(v.string()),
  room: v.nullable(v.string()),
  answer: says("`ok`, or the error's code.", v.string()),
});
export interface AuditEntry extends v.InferOutput<typeof AuditEntry> {}
