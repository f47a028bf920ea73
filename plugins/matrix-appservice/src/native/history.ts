import * as v from "valibot";
import { defineOperation, says } from "@botyard/sdk";
import { eventId, Json, place } from "./fields.ts";

export const getEvent = defineOperation({
  name: "matrix.get-event",
  summary: "Show an event as the homeserver gives it",
  run: "platform",
  effect: "read",
  route: "GET /connections/{connection}/matrix/get-event",
  cli: { positionals: ["room", "event"] },
  input: v.strictObject({ ...place, event: eventId }),
  output: v.object({ event: Json }),
});

export const getContext = defineOperation({
  name: "matrix.get-context",
  summary: "Show what stands around an event",
  run: "platform",
  effect: "read",
  route: "GET /connections/{connection}/matrix/get-context",
  cli: { positionals: ["room", "event"] },
  input: v.strictObject({
    ...place,
    event: eventId,
    limit: v.optional(
      says("Events at most; default 10.", v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(500))),
    ),
  }),
  output: v.object({
    event: v.nullable(Json),
    before: says("Newest first.", v.array(Json)),
    after: says("Oldest first.", v.array(Json)),
    state: v.array(Json),
    start: v.nullable(v.string()),
    end: v.nullable(v.string()),
  }),
});

export const getMessages = defineOperation({
  name: "matrix.get-messages",
  summary: "Read a page of all events of a room",
  run: "platform",
  effect: "read",
  route: "GET /connections/{connection}/matrix/get-messages",
  cli: { positionals: ["room"] },
  input: v.strictObject({
    ...place,
    dir: v.optional(
      says("`b`: back in time from the end (default); `f`: forth from the beginning.", v.picklist(["b", "f"])),
    ),
    limit: v.optional(
      says("Events at most, 1 to 500; default 50.", v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(500))),
    ),
    from: v.optional(says("`end` of the page before.", v.pipe(v.string(), v.maxLength(1024)))),
  }),
  output: v.object({
    events: v.array(Json),
    start: v.string(),
    end: v.optional(says("Absent at the end.", v.string())),
  }),
});
