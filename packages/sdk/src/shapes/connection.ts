import * as v from "valibot";
import { says } from "../schema.ts";

export const StateName = v.picklist([
  "connecting",
  "ready",
  "degraded",
  "auth_required",
  "awaiting_operator",
  "disabled",
  "failed",
  "closed",
]);
export type StateName = v.InferOutput<typeof StateName>;

/** State of a connection, bot or credential: since when, why, and what mends it. */
export const State = v.object({
  state: StateName,
  since: v.string(),
  reason: v.optional(says("A sentence.", v.string())),
  remedy: v.optional(says("A line to paste.", v.string())),
});
export interface State extends v.InferOutput<typeof State> {}

/**
 * What can be promised about events of this connection. `proven`: the platform shows whether one is missing.
 * `observed`: it can be found out by reading history. `unprovable`: neither.
 */
export const Continuity = v.picklist(["proven", "observed", "unprovable"]);
export type Continuity = v.InferOutput<typeof Continuity>;

/** One line of a probe or of `doctor`. */
export const Check = v.object({
  name: v.string(),
  state: v.picklist(["ok", "info", "warn", "fail"]),
  detail: v.string(),
  fix: v.optional(v.string()),
});
export interface Check extends v.InferOutput<typeof Check> {}

export const Connection = v.object({
  id: v.string(),
  platform: v.string(),
  url: v.nullable(v.string()),
  hooksUrl: v.optional(
    says("Where this chat server reaches the hooks listener, if not at the service's own address.", v.string()),
  ),
  settings: v.record(v.string(), v.unknown()),
  ...State.entries,
  continuity: Continuity,
  server: v.optional(v.object({ name: v.string(), version: v.nullable(v.string()) })),
  provenAliveAt: v.nullable(says("When the way from the server to us was last seen working, end to end.", v.string())),
  provenEveryMs: v.nullable(
    says(
      "How often that way is proven. Null: this server offers no proof, only what it sends shows that it can.",
      v.number(),
    ),
  ),
  lastEventAt: v.nullable(v.string()),
  bots: v.object({ ready: v.number(), total: v.number() }),
  gaps: says("Open gaps.", v.number()),
  steps: says("Ids of open steps.", v.array(v.string())),
  checks: v.array(Check),
});
export interface Connection extends v.InferOutput<typeof Connection> {}
