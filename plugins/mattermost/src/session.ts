import { isBotyardError } from "@botyard/sdk";
import * as api from "./api.ts";
import type { Context } from "./context.ts";

/**
 * The server's session behind a bot's token. Disabling the token or the bot ends it, and the next use makes another: as
 * long as it is the same, no socket of it was deaf in between. That matters because a deaf socket is resumed without a
 * word once the token works again, and what it did not hear is not sent again (seen on 11.1.0). Null: not known.
 */
export async function sessionOf(context: Context, handle: string, signal: AbortSignal): Promise<string | null> {
  try {
    const kept = await context.botToken(handle);
    const all = await api.listSessions(await context.bot(handle, signal), "me");
    const ours = all.filter(({ props }) => kept?.nativeId == null || props?.["user_access_token_id"] === kept.nativeId);
    const ids = ours.map(({ id }) => id).toSorted();
    return ids.length === 0 ? null : ids.join(" ");
  } catch (error) {
    if (!isBotyardError(error)) throw error;
    context.host.log.debug("the session of the token could not be read", { bot: handle, error });
    return null;
  }
}
