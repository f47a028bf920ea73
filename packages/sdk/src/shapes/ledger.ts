import * as v from "valibot";
import { says } from "../schema.ts";

/** `sent` is `done` seen by who sent it. Only `attempting` can become `unknown`. */
export const EffectState = v.picklist(["accepted", "attempting", "done", "failed", "unknown"]);
export type EffectState = v.InferOutput<typeof EffectState>;

export const LedgerEntry = v.object({
  id: v.string(),
  operation: says("Name of the operation: `messages.send`.", v.string()),
  connection: v.nullable(v.string()),
  bot: v.nullable(v.string()),
  room: v.nullable(v.string()),
  state: EffectState,
  effect: v.picklist(["none", "applied", "unknown"]),
  attempts: v.number(),
  createdAt: v.string(),
  updatedAt: v.string(),
  result: v.nullable(says("The answer, without secrets; null while there is none.", v.record(v.string(), v.unknown()))),
  error: v.optional(v.object({ code: v.string(), detail: v.string() })),
  request: v.optional(says("Request that made it, as log and audit name it: `req_…`.", v.string())),
  settledBy: v.optional(
    says("How an unknown outcome was settled.", v.picklist(["answer", "history", "echo", "restart"])),
  ),
});
export interface LedgerEntry extends v.InferOutput<typeof LedgerEntry> {}
