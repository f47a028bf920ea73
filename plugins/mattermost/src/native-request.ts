import * as v from "valibot";
import { actAs, connection, defineOperation, expected, says } from "@botyard/sdk";

export const request = defineOperation({
  name: "mattermost.request",
  summary: "Make any call of the server's API, as a bot or with the admin token",
  description:
    "Needs a key whose grant names it (`--allow mattermost.request`), or an admin's: whoever may do this may do all that the token may. Without `as` the admin token is used. The answer has the status; only what keeps us from asking is an error.",
  run: "platform",
  effect: "write",
  raw: true,
  route: "POST /connections/{connection}/mattermost/request",
  cli: { positionals: ["method", "path"] },
  input: v.strictObject({
    connection,
    as: actAs,
    method: says(
      "GET, PUT, POST, PATCH or DELETE. A 404 with `api.context.404.app_error` means that the server has no such endpoint, or not with this method.",
      v.picklist(["GET", "PUT", "POST", "PATCH", "DELETE"]),
    ),
    path: says(
      "Below the site's address, parts percent-encoded: `/api/v4/users/me`, `/plugins/playbooks/api/v0/runs`.",
      v.pipe(
        v.string(),
        v.regex(
          /^\/(?:api\/v4|plugins)\/(?!.*(?:\.\.|[?#\s\\])).{1,2000}$/,
          expected("a path that begins with /api/v4/ or /plugins/, without a query"),
        ),
      ),
    ),
    query: v.optional(says("Parameters.", v.record(v.string(), v.union([v.string(), v.number(), v.boolean()])))),
    content: v.optional(says("JSON body.", v.unknown())),
  }),
  output: v.object({
    status: v.number(),
    body: says("JSON, or the text where it is none.", v.unknown()),
  }),
});
