import { BotyardError, type Call, type HandlersOf } from "@botyard/sdk";
import * as api from "../api.ts";
import type { Capabilities } from "../capabilities.ts";
import { botIdOf, type Context } from "../context.ts";
import { iso } from "../decode.ts";
import { allTokens, endToken } from "../tokens.ts";

type Tokens = "mattermost.list-tokens" | "mattermost.revoke-token";

/** Tokens of a bot as the server has them: those made elsewhere too. */
export const tokens = (context: Context): Pick<HandlersOf<Capabilities, "mattermost">, Tokens> => {
  /** The server's id of the token Botyard acts with: undefined for none, null for one that was brought from elsewhere. */
  const oursOf = async (call: Call): Promise<string | null | undefined> =>
    (await context.botToken(call.bot?.handle ?? ""))?.nativeId;
  return {
    "mattermost.list-tokens": async (_input, call) => {
      const on = await context.admin(call.signal);
      const bot = botIdOf(call);
      const ours = await oursOf(call);
      const used = new Map(
        (await api.listSessions(on, bot)).map((one) => [one.props?.["user_access_token_id"], one.last_activity_at]),
      );
      return {
        items: (await allTokens(on, bot)).map((one) => {
          const at = used.get(one.id);
          return {
            id: one.id,
            description: one.description,
            active: one.is_active,
            ours: ours === null ? null : one.id === ours,
            lastUsedAt: at === undefined || at === 0 ? null : iso(at),
            expiresAt: one.expires_at ? iso(one.expires_at) : null,
          };
        }),
      };
    },
    "mattermost.revoke-token": async ({ token }, call) => {
      const on = await context.admin(call.signal);
      if (token === (await oursOf(call)))
        throw new BotyardError("conflict", "Botyard acts with this token; nothing was changed", {
          instead: `botyard credentials revoke ${context.host.connection.id}/${call.bot?.handle ?? ""}`,
        });
      if (!(await allTokens(on, botIdOf(call))).some(({ id }) => id === token))
        throw new BotyardError("not_found", "the bot has no such token on the server");
      await endToken(on, token);
      return {};
    },
  };
};
