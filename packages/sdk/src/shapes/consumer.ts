import * as v from "valibot";
import { expected, Handle, says } from "../schema.ts";

/** A list over the log: connection, bot, room, kinds, and whether echoes of our own bots count. */
export const eventFilter = {
  connection: v.optional(says("Only of this connection.", v.string())),
  bot: v.optional(
    says("Only what this bot saw: `chat/helper`, or the handle alone where there is one connection.", v.string()),
  ),
  room: v.optional(says("Only of this room: `chat/eng:ops`, or by its id.", v.string())),
  type: v.optional(
    says(
      "Only these kinds: `message.created`; `message.*` takes all of a kind. `gap.*` passes every filter.",
      v.array(
        v.pipe(
          v.string(),
          v.regex(/^[a-z]+\.(?:[a-z]+|\*)$/, expected("an event type like message.created or message.*")),
        ),
      ),
    ),
  ),
  own: v.optional(says("Echoes of managed bots too; default false.", v.boolean())),
};

/** `now`, `oldest`, a time, a cursor, or the `seq` of the first event wanted. */
export const Start = v.pipe(
  v.string(),
  v.regex(
    /^(?:now|oldest|\d{1,15}|c_[A-Za-z0-9_]+|\d{4}-\d\d-\d\dT.+)$/,
    expected("now, oldest, a time like 2026-11-20T08:00:00Z, a cursor c_…, or an event's seq"),
  ),
);

export const Consumer = v.object({
  name: Handle,
  connection: v.nullable(v.string()),
  bot: v.nullable(v.string()),
  room: v.nullable(v.string()),
  type: v.nullable(v.array(v.string())),
  own: v.boolean(),
  maxAgeMs: v.nullable(v.number()),
  cursor: v.string(),
  createdAt: v.string(),
  lastAckAt: v.nullable(v.string()),
  skipped: says("Events it was not given because they were older than `maxAgeMs`.", v.number()),
  oldestAt: v.nullable(says("When the oldest event that may wait for it was stored.", v.string())),
  waiting: says("Events that wait for it; beyond the next 100 positions of the log an upper bound.", v.number()),
});
export interface Consumer extends v.InferOutput<typeof Consumer> {}
