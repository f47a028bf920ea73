import * as v from "valibot";
import { connection, defineOperation, expected, says } from "@botyard/sdk";
import { actor, timestampMs } from "./fields.ts";

export const whoami = defineOperation({
  name: "matrix.whoami",
  summary: "Show who the homeserver takes the user for",
  run: "platform",
  effect: "read",
  route: "GET /connections/{connection}/matrix/whoami",
  input: v.strictObject({ ...actor }),
  output: v.object({ user: v.string(), device: v.nullable(v.string()) }),
});

export const ping = defineOperation({
  name: "matrix.ping",
  summary: "Let the homeserver call us",
  description: "A good answer also makes the homeserver deliver at once what it could not.",
  run: "platform",
  effect: "write",
  route: "POST /connections/{connection}/matrix/ping",
  cli: { done: "ping  {durationMs} ms" },
  input: v.strictObject({
    connection,
    transactionId: v.optional(says("Passed through to us.", v.pipe(v.string(), v.maxLength(255)))),
  }),
  output: v.object({ durationMs: v.number() }),
});

export const request = defineOperation({
  name: "matrix.request",
  summary: "Make any call of the client-server API as a user",
  description:
    "Needs a key whose grant names it (`--allow matrix.request`), or an admin's: whoever may do this may do all that the user may. The answer has the status; only what keeps us from asking is an error.",
  run: "platform",
  effect: "write",
  raw: true,
  route: "POST /connections/{connection}/matrix/request",
  cli: { positionals: ["method", "path"] },
  input: v.strictObject({
    ...actor,
    method: says("GET, PUT, POST or DELETE.", v.picklist(["GET", "PUT", "POST", "DELETE"])),
    path: says(
      "Below the homeserver's address, parts percent-encoded: `/_matrix/client/v3/joined_rooms`.",
      v.pipe(
        v.string(),
        v.regex(
          /^\/_matrix\/(?!.*(?:\.\.|[?#\s\\])).{1,2000}$/,
          expected("a path that begins with /_matrix/, without a query"),
        ),
      ),
    ),
    query: v.optional(
      says("Parameters; `user_id` is ours.", v.record(v.string(), v.union([v.string(), v.number(), v.boolean()]))),
    ),
    content: v.optional(says("JSON body.", v.unknown())),
    timestampMs: v.optional(timestampMs),
    retryCount: v.optional(
      says(
        "Repeats of a GET or PUT after 502, 503, 504 or a broken connection; default 0.",
        v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(10)),
      ),
    ),
  }),
  output: v.object({ status: v.number(), body: v.unknown() }),
});
