import * as v from "valibot";
import { actAs, connection, defineOperation, expected, says } from "@botyard/sdk";

export const request = defineOperation({
  name: "stoat.request",
  summary: "Make any call of the API as a bot",
  description:
    "A grant of its own: whoever may do this may do all that the bot may. The answer has the status; only what keeps us from asking is an error. Never in the name of the bots' owner, whose answers carry tokens.",
  run: "platform",
  effect: "write",
  raw: true,
  route: "POST /connections/{connection}/stoat/request",
  cli: { positionals: ["method", "path"] },
  input: v.strictObject({
    connection,
    as: actAs,
    method: says("GET, POST, PUT, PATCH or DELETE.", v.picklist(["GET", "POST", "PUT", "PATCH", "DELETE"])),
    path: says(
      "Below the API's address, parts percent-encoded: `/users/@me`.",
      v.pipe(
        v.string(),
        v.regex(
          /^\/(?!\/)(?!.*(?:\.\.|%2e|[?#\s\\])).{1,2000}$/i,
          expected("a path that begins with /, without a query"),
        ),
      ),
    ),
    query: v.optional(says("Parameters.", v.record(v.string(), v.union([v.string(), v.number(), v.boolean()])))),
    content: v.optional(says("JSON body.", v.unknown())),
    auditReason: v.optional(
      says(
        "For the server's audit log.",
        v.pipe(v.string(), v.maxLength(512), v.regex(/^[\x20-\x7e]*$/, expected("ASCII characters"))),
      ),
    ),
  }),
  output: v.object({ status: v.number(), body: says("JSON, or text where it is none.", v.unknown()) }),
});
