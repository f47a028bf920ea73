import * as v from "valibot";
import { Handle, says } from "../schema.ts";

/**
 * `ready`: it takes what it is sent. `failing`: it does not, and is tried again at `nextTryAt`. `disabled`: by a person,
 * or by its own answer 410. `ended`: the key that made it is revoked or expired.
 */
export const WebhookState = v.picklist(["ready", "failing", "disabled", "ended"]);
export type WebhookState = v.InferOutput<typeof WebhookState>;

/** An address of yours to which events are posted, signed by Standard Webhooks 1.0. */
export const Webhook = v.object({
  name: Handle,
  url: v.string(),
  connection: v.nullable(v.string()),
  bot: v.nullable(v.string()),
  room: v.nullable(v.string()),
  type: v.nullable(v.array(v.string())),
  own: v.boolean(),
  maxAgeMs: v.nullable(v.number()),
  state: WebhookState,
  since: v.string(),
  reason: v.optional(says("Why it is not ready: a sentence.", v.string())),
  nextTryAt: v.nullable(says("When a failing one is tried again.", v.string())),
  lastDeliveredAt: v.nullable(v.string()),
  cursor: says("Everything in the log up to here is delivered, waits for another try, or is dead.", v.string()),
  waiting: says("Positions of the log behind the head; an upper bound where a filter is set.", v.number()),
  oldestAt: v.nullable(
    says("When the oldest event that waits, for its first or for another try, was stored.", v.string()),
  ),
  retrying: says("Events that were refused, or wait behind one of their room that was.", v.number()),
  dead: says("Events that are no longer tried; `webhooks.replay` sends them again.", v.number()),
  skipped: says("Events that were older than `maxAgeMs` and not sent.", v.number()),
  lost: says("Positions of the log that retention removed before they were sent.", v.number()),
  privateNetwork: says("Whether it may be on this machine or in a private network.", v.boolean()),
  secrets: says(
    "Without the secrets: two while one is being replaced.",
    v.array(v.object({ createdAt: v.string(), expiresAt: v.nullable(v.string()) })),
  ),
  createdAt: v.string(),
});
export interface Webhook extends v.InferOutput<typeof Webhook> {}

/** One try to deliver one event. */
export const WebhookAttempt = v.object({
  event: says("`evt_…`, or `test`.", v.string()),
  time: v.string(),
  attempt: says("Counts from 1.", v.number()),
  outcome: says("`dead`: failed, and it was the last try.", v.picklist(["delivered", "failed", "dead"])),
  status: v.nullable(says("HTTP status; null where there was no answer.", v.number())),
  tookMs: v.number(),
  reason: v.nullable(says("Why it failed: a sentence.", v.string())),
  snippet: v.nullable(says("Begin of what was answered, at most 256 characters, secrets masked.", v.string())),
});
export interface WebhookAttempt extends v.InferOutput<typeof WebhookAttempt> {}

/** An event that could not be delivered yet, or any more. */
export const WebhookDelivery = v.object({
  event: v.string(),
  seq: v.number(),
  state: v.picklist(["waiting", "dead"]),
  attempts: says("0: it waits behind another one of its room.", v.number()),
  nextAt: v.nullable(v.string()),
  reason: v.nullable(v.string()),
});
export interface WebhookDelivery extends v.InferOutput<typeof WebhookDelivery> {}
