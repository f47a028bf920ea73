import * as v from "valibot";
import { bot, connection, defineOperation, expected, says } from "@botyard/sdk";

const token = says(
  "The server's id of the token, not the token.",
  v.pipe(v.string(), v.regex(/^[a-z0-9]{26}$/, expected("an id of 26 characters a-z 0-9"))),
);

export const listTokens = defineOperation({
  name: "mattermost.list-tokens",
  summary: "List the tokens a bot has on the server, ours and those made elsewhere",
  description: "Without the tokens themselves: the server shows each once, when it is made.",
  run: "platform",
  effect: "read",
  route: "GET /connections/{connection}/mattermost/bots/{bot}/tokens",
  cli: { positionals: ["bot"], columns: ["description", "active", "ours", "lastUsedAt", "id"] },
  input: v.strictObject({ connection, bot }),
  output: v.object({
    items: v.array(
      v.object({
        id: v.string(),
        description: v.string(),
        active: v.boolean(),
        ours: says("Whether Botyard acts with it; null where that cannot be told.", v.nullable(v.boolean())),
        lastUsedAt: says(
          "At most five minutes late; null: not since it was made or switched on.",
          v.nullable(v.string()),
        ),
        expiresAt: v.nullable(v.string()),
      }),
    ),
  }),
});

export const revokeToken = defineOperation({
  name: "mattermost.revoke-token",
  summary: "End a token of a bot that was made elsewhere",
  description: "For the one Botyard acts with: `credentials revoke` or `credentials rotate`.",
  run: "platform",
  effect: "write",
  destructive: true,
  route: "DELETE /connections/{connection}/mattermost/bots/{bot}/tokens/{token}",
  cli: { positionals: ["bot", "token"] },
  input: v.strictObject({ connection, bot, token }),
  output: v.object({}),
  errors: ["not_found", "conflict"],
});
