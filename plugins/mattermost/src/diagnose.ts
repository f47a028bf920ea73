import { BotyardError, isBotyardError } from "@botyard/sdk";
import * as api from "./api.ts";
import { issueLine, type Context } from "./context.ts";
import { orUndefined } from "./request.ts";

/** Why a bot's token is refused; the refusal itself says nothing. `off`: it works again when switched on. */
export interface Diagnosis {
  readonly state: "off" | "refused" | "fine";
  readonly reason: string;
  readonly remedy: string;
}

/** Asks with the admin token what became of a bot and its token. */
export async function diagnose(context: Context, handle: string, signal: AbortSignal): Promise<Diagnosis> {
  const { host } = context;
  const name = `${host.connection.id}/${handle}`;
  const token = await context.botToken(handle);
  const bot = (await host.bots.list()).find((one) => one.handle === handle);
  const refused = (reason: string): Diagnosis => ({ state: "refused", reason, remedy: issueLine(host, handle) });
  const off = (reason: string, remedy: string): Diagnosis => ({ state: "off", reason, remedy });
  if (token === null) return refused(`no token is kept for ${handle}`);
  try {
    const on = await context.admin(signal);
    if (bot?.nativeId) {
      const row = await orUndefined(api.getBot(on, bot.nativeId));
      if (row === undefined) return refused("the server has no such bot any more; asked with the admin token");
      const account = await orUndefined(api.getUser(on, bot.nativeId));
      if (row.delete_at > 0) {
        const owner = await orUndefined(api.getUser(on, row.owner_id));
        const why =
          owner !== undefined && owner.delete_at > 0
            ? `: its owner ${owner.username} was deactivated (DisableBotsWhenOwnerIsDeactivated)`
            : "";
        return off(`the bot is disabled on the server${why}`, `botyard bots enable ${name}`);
      }
      if ((account?.delete_at ?? 0) > 0) return off("the bot's account is deactivated", `botyard bots enable ${name}`);
    }
    if (token.nativeId === null) return refused("the server refuses the token; it may have been revoked or replaced");
    const kept = await orUndefined(api.getToken(on, token.nativeId));
    if (kept === undefined)
      return refused(
        `the server no longer has token ${token.nativeId} (asked with the admin token): revoked, not expired`,
      );
    if (!kept.is_active)
      return off(`the token ${token.nativeId} is switched off`, `botyard credentials enable ${name}`);
    if (kept.expires_at && kept.expires_at <= host.clock.now())
      return refused(`the token ${token.nativeId} has expired`);
    return { state: "fine", reason: "the server shows nothing wrong with the bot and its token", remedy: "" };
  } catch (error) {
    if (!isBotyardError(error)) throw error;
    return refused(`the server refuses the token, and the admin token cannot find out why: ${error.message}`);
  }
}

export function refusal({ reason, remedy }: Diagnosis): BotyardError {
  return new BotyardError("unauthenticated", reason, remedy === "" ? {} : { fix: remedy });
}
