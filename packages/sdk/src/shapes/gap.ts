import * as v from "valibot";
import { says } from "../schema.ts";

/** An interval in which events may be missing. */
export const Gap = v.object({
  id: v.string(),
  connection: v.string(),
  bots: v.optional(says("Handles it concerns; absent: all.", v.array(v.string()))),
  rooms: v.optional(v.array(v.string())),
  from: v.string(),
  to: v.nullable(says("Null while it lasts.", v.string())),
  cause: v.string(),
  certainty: v.picklist(["proven", "possible"]),
  state: v.picklist(["open", "filled", "lost"]),
  messages: says("Messages that history gave back.", v.number()),
  reason: v.optional(says("Why it stays lost.", v.string())),
});
export interface Gap extends v.InferOutput<typeof Gap> {}
