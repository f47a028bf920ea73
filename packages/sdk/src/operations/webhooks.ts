import * as v from "valibot";
import { defineOperation } from "../operation.ts";
import { DurationMs, expected, Handle, page, pageInput, says } from "../schema.ts";
import { eventFilter, Start } from "../shapes/consumer.ts";
import { Webhook, WebhookAttempt, WebhookDelivery } from "../shapes/webhook.ts";

const webhook = says("Name of the webhook.", Handle);
const url = says(
  "Address the events are posted to: `https://bot.example.org/hook`. Plain `http:` only on this machine or in a private network.",
  v.pipe(
    v.string(),
    v.maxLength(2048),
    v.regex(
      /^https?:\/\/[^\s@]+$/i,
      expected("an address like https://bot.example.org/hook, without user and password"),
    ),
  ),
);
const maxAgeMs = says("Events older than this are skipped, and the skip is counted.", DurationMs);
const eventId = says(
  "Id of an event: `evt_…`.",
  v.pipe(v.string(), v.regex(/^evt_[0-9A-Z]+$/, expected("an event's id: evt_…"))),
);
const withSecret = v.object({
  ...Webhook.entries,
  secret: says("Signs what is sent: `whsec_…`. Shown once.", v.string()),
});

export const list = defineOperation({
  name: "webhooks.list",
  summary: "List the webhooks",
  run: "core",
  effect: "read",
  route: "GET /webhooks",
  cli: { columns: ["name", "url", "state", "waiting", "retrying", "dead", "lastDeliveredAt"] },
  input: v.strictObject({ ...pageInput }),
  output: page(Webhook),
});

export const get = defineOperation({
  name: "webhooks.get",
  summary: "Show one webhook and how it fares",
  run: "core",
  effect: "read",
  route: "GET /webhooks/{webhook}",
  input: v.strictObject({ webhook }),
  output: Webhook,
});

export const create = defineOperation({
  name: "webhooks.create",
  summary: "Post events to an address; its secret is shown once",
  description:
    "Standard Webhooks 1.0: headers `webhook-id` (the event's id), `webhook-timestamp`, `webhook-signature`; the body is the event as everywhere. " +
    "Any answer 2xx within 15 s counts; all else is tried again for about three days, in order per room. `410` switches the webhook off. Redirects are not followed. " +
    "It sees what the key that makes it may see, and ends with that key.",
  run: "core",
  effect: "write",
  secretOutput: true,
  route: "POST /webhooks",
  cli: { positionals: ["name", "url"], done: "created  {name}  secret {secret}" },
  input: v.strictObject({
    name: says("Your name for it.", Handle),
    url,
    ...eventFilter,
    start: v.optional(says("Where in the log it begins; default `now`.", Start)),
    maxAgeMs: v.optional(maxAgeMs),
  }),
  output: withSecret,
  errors: ["conflict", "forbidden"],
});

export const update = defineOperation({
  name: "webhooks.update",
  summary: "Change a webhook's address or filter, or switch it off and on",
  run: "core",
  effect: "write",
  route: "PATCH /webhooks/{webhook}",
  cli: { done: "{name}  {state}" },
  input: v.strictObject({
    webhook,
    url: v.optional(url),
    connection: v.optional(v.nullable(says("Only of this connection.", v.string()))),
    bot: v.optional(v.nullable(says("Only what this bot saw.", v.string()))),
    room: v.optional(v.nullable(says("Only of this room.", v.string()))),
    type: v.optional(v.nullable(eventFilter.type.wrapped)),
    own: eventFilter.own,
    maxAgeMs: v.optional(v.nullable(maxAgeMs)),
    enabled: v.optional(says("False switches it off: events wait in the log as long as that keeps them.", v.boolean())),
  }),
  output: Webhook,
  errors: ["forbidden"],
});

export const rotate = defineOperation({
  name: "webhooks.rotate",
  summary: "Give a webhook a new secret; the old one signs too for a time",
  run: "core",
  effect: "write",
  secretOutput: true,
  route: "POST /webhooks/{webhook}/rotate",
  cli: { done: "new secret {secret}" },
  input: v.strictObject({
    webhook,
    overlapMs: v.optional(says("How long the old secret signs as well; default 24 h, 0: not at all.", DurationMs)),
  }),
  output: withSecret,
});

export const remove = defineOperation({
  name: "webhooks.delete",
  summary: "Forget a webhook, its place in the log and what waits for it",
  run: "core",
  effect: "write",
  destructive: true,
  route: "DELETE /webhooks/{webhook}",
  input: v.strictObject({ webhook }),
  output: v.object({ name: v.string() }),
});

export const test = defineOperation({
  name: "webhooks.test",
  summary: "Post a test event to a webhook at once",
  description:
    "An event of type `webhook.test`, signed as all are; it is in no log. A refusal is an answer and no error.",
  run: "core",
  effect: "write",
  route: "POST /webhooks/{webhook}/test",
  cli: { done: "{outcome}  {status}  {reason}" },
  input: v.strictObject({ webhook }),
  output: WebhookAttempt,
});

export const attempts = defineOperation({
  name: "webhooks.attempts",
  summary: "List what was sent to a webhook and what it answered, newest first",
  description: "The last thousand of each webhook.",
  run: "core",
  effect: "read",
  route: "GET /webhooks/{webhook}/attempts",
  cli: { columns: ["time", "event", "attempt", "outcome", "status", "tookMs", "reason"] },
  input: v.strictObject({ webhook, event: v.optional(eventId), ...pageInput }),
  output: page(WebhookAttempt),
});

export const deliveries = defineOperation({
  name: "webhooks.deliveries",
  summary: "List the events that a webhook has not taken",
  run: "core",
  effect: "read",
  route: "GET /webhooks/{webhook}/deliveries",
  cli: { columns: ["event", "state", "attempts", "nextAt", "reason"] },
  input: v.strictObject({
    webhook,
    state: v.optional(says("`waiting` for another try, or `dead`.", v.picklist(["waiting", "dead"]))),
    ...pageInput,
  }),
  output: page(WebhookDelivery),
});

export const replay = defineOperation({
  name: "webhooks.replay",
  summary: "Send events to a webhook again: one, a range, or all that died",
  description:
    "With `event` that one; with `from` all that pass the filter from there up to `until` (default: now); with neither, the dead ones. " +
    "With `now` alone nothing is added: what waits is tried at once. The ids stay the same.",
  run: "core",
  effect: "write",
  route: "POST /webhooks/{webhook}/replay",
  cli: { done: "{queued} again" },
  input: v.strictObject({
    webhook,
    event: v.optional(eventId),
    from: v.optional(says("Where the range begins: `oldest`, a time or a cursor.", Start)),
    until: v.optional(says("Where it ends; default `now`.", Start)),
    now: v.optional(says("Try at once what waits for its next try.", v.boolean())),
  }),
  output: v.object({
    queued: v.nullable(
      says("Events that are sent again; null for a range, whose events are counted by nobody beforehand.", v.number()),
    ),
  }),
  errors: ["gone"],
});
