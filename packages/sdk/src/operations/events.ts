import * as v from "valibot";
import { defineOperation, stream } from "../operation.ts";
import { asIs, connectionOrAll, DurationMs, expected, Handle, page, pageInput, says } from "../schema.ts";
import { Consumer, eventFilter, Start } from "../shapes/consumer.ts";
import { Event } from "../shapes/event.ts";
import { Gap } from "../shapes/gap.ts";

const consumer = says("Name of the consumer.", Handle);
const eventId = says(
  "Id of the event: `evt_…`.",
  v.pipe(v.string(), v.regex(/^evt_[0-9A-Z]+$/, expected("an event's id: evt_…"))),
);
const from = v.optional(says("Where to begin: `now`, `oldest`, a time, a cursor, or an event's `seq`.", Start));
const wait = "Wait this long for the first event; default: not at all.";
const columns = ["time", "type", "connection", "room.handle", "actor.name", "content.text"];

/** A page of the log. `cursor` is where to go on, also after an empty page. */
export const EventPage = v.object({ items: v.array(Event), cursor: v.string() });

// Events of our own log go out as they are, as in the stream and by webhook: to hold each against its schema costs as
// much as to read it.
const ownPage = v.object({ ...EventPage.entries, items: asIs(EventPage.entries.items) });

export const list = defineOperation({
  name: "events.list",
  summary: "Read the event log",
  description: "Oldest first from `from` (default: the last events), without keeping a cursor on the service.",
  run: "core",
  effect: "read",
  route: "GET /events",
  cli: { columns },
  input: v.strictObject({
    ...eventFilter,
    from,
    waitMs: v.optional(says(wait, DurationMs)),
    limit: pageInput.limit,
  }),
  output: ownPage,
  errors: ["gone"],
});

export const watch = defineOperation({
  name: "events.stream",
  summary: "Follow the event log as it grows",
  description: "Server-sent events: `id` is the cursor, `event` the type; `Last-Event-ID` resumes.",
  run: "core",
  effect: "read",
  route: "GET /events/stream",
  input: v.strictObject({ ...eventFilter, from }),
  output: stream(Event),
  errors: ["gone"],
});

export const get = defineOperation({
  name: "events.get",
  summary: "Show one event",
  run: "core",
  effect: "read",
  route: "GET /events/{event}",
  input: v.strictObject({ event: eventId }),
  output: Event,
});

export const listConsumers = defineOperation({
  name: "consumers.list",
  summary: "List the named readers of the log",
  run: "core",
  effect: "read",
  route: "GET /consumers",
  cli: { columns: ["name", "connection", "bot", "waiting", "lastAckAt"] },
  input: v.strictObject({ ...pageInput }),
  output: page(Consumer),
});

export const getConsumer = defineOperation({
  name: "consumers.get",
  summary: "Show one consumer",
  run: "core",
  effect: "read",
  route: "GET /consumers/{consumer}",
  input: v.strictObject({ consumer }),
  output: Consumer,
});

export const putConsumer = defineOperation({
  name: "consumers.put",
  summary: "Make a consumer; repeating it is harmless",
  description: "An existing consumer keeps its cursor; its filter is replaced.",
  run: "core",
  effect: "write",
  route: "PUT /consumers/{consumer}",
  cli: { done: "{name}  at {cursor}" },
  input: v.strictObject({
    consumer,
    ...eventFilter,
    start: v.optional(says("Where a new consumer begins; default `now`.", Start)),
    maxAgeMs: v.optional(says("Events older than this are skipped, and counted in `skipped`.", DurationMs)),
  }),
  output: Consumer,
});

export const deleteConsumer = defineOperation({
  name: "consumers.delete",
  summary: "Forget a consumer and its place in the log",
  run: "core",
  effect: "write",
  destructive: true,
  route: "DELETE /consumers/{consumer}",
  input: v.strictObject({ consumer }),
  output: v.object({ name: v.string() }),
});

export const pull = defineOperation({
  name: "consumers.events",
  summary: "Read the next events of a consumer",
  description:
    "The same page comes again until its cursor is acknowledged. `waitMs` waits for the first event (long poll), at most 60000.",
  run: "core",
  effect: "read",
  route: "GET /consumers/{consumer}/events",
  cli: { columns },
  input: v.strictObject({
    consumer,
    waitMs: v.optional(says(wait, v.pipe(DurationMs, v.maxValue(60_000)))),
    limit: pageInput.limit,
  }),
  output: ownPage,
  errors: ["gone"],
});

export const ack = defineOperation({
  name: "consumers.ack",
  summary: "Say that everything up to a cursor has been handled",
  run: "core",
  effect: "write",
  route: "POST /consumers/{consumer}/ack",
  cli: { positionals: ["consumer", "cursor"], done: "{name}  at {cursor}" },
  input: v.strictObject({
    consumer,
    cursor: says("`cursor` of the page that was handled.", v.pipe(v.string(), v.maxLength(128))),
  }),
  output: Consumer,
});

export const listGaps = defineOperation({
  name: "gaps.list",
  summary: "List the intervals in which events may be missing",
  run: "core",
  effect: "read",
  route: "GET /gaps",
  cli: { columns: ["id", "connection", "from", "to", "state", "certainty", "cause"] },
  input: v.strictObject({
    connection: v.optional(connectionOrAll),
    state: v.optional(says("Only gaps in this state.", v.picklist(["open", "filled", "lost"]))),
    ...pageInput,
  }),
  output: page(Gap),
});
