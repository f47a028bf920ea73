import * as v from "valibot";
import { says } from "../schema.ts";
import { EffectState } from "./ledger.ts";

export const KeyPreset = v.picklist(["reader", "bot", "operator", "admin"]);
export type KeyPreset = v.InferOutput<typeof KeyPreset>;

/** What a key may do. An absent list allows all of its kind. */
export const Grant = v.object({
  operations: says(
    "Names, `noun.*`, `noun.read` (whatever only reads), `noun.write` (whatever does not) or `*`; `!` takes away again.",
    v.array(v.string()),
  ),
  connections: v.optional(v.array(v.string())),
  bots: v.optional(says("Only these bots: `chat/helper`.", v.array(v.string()))),
  rooms: v.optional(says("Only these rooms, by id: `chat/y1h…`.", v.array(v.string()))),
  names: v.optional(
    says("What the rooms were called when the key was made, by their id.", v.record(v.string(), v.string())),
  ),
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

/** A key with what it may do in words. */
export const KeyView = v.object({
  ...Key.entries,
  may: says("What it may do, in words: `send and reply there as chat/helper`.", v.array(v.string())),
  mayNot: says("What it may not do: `other rooms`, `files`.", v.array(v.string())),
});
export interface KeyView extends v.InferOutput<typeof KeyView> {}

/** What ended with a key. */
export const RevokedKey = v.object({
  ...Key.entries,
  streams: says("Open streams and waiting reads that were closed.", v.number()),
  cancelled: says("Queued sends of which nothing had left; they were not sent.", v.number()),
  inFlight: says(
    "Sends that had left already, with how they stood when the answer was made: the ledger knows their end.",
    v.array(v.object({ operation: v.string(), state: EffectState })),
  ),
});
export interface RevokedKey extends v.InferOutput<typeof RevokedKey> {}

/** One line of the audit: who, what, where, answer. Never content, never secrets. */
export const AuditEntry = v.object({
  time: v.string(),
  request: v.string(),
  key: v.string(),
  operation: v.string(),
  connection: v.nullable(v.string()),
  bot: v.nullable(v.string()),
  room: says("As the caller named it.", v.nullable(v.string())),
  answer: says("`ok`, or the error's code.", v.string()),
});
export interface AuditEntry extends v.InferOutput<typeof AuditEntry> {}
