import { BotyardError, type Call, type HandlersOf } from "@botyard/sdk";
import type { Capabilities } from "../capabilities.ts";
import { decodeBot } from "../decode.ts";
import { adminKey, type State } from "../state.ts";

/** The server's id of the bot a call names. */
export function idOf(call: Call): string {
  if (call.bot?.nativeId) return call.bot.nativeId;
  throw new BotyardError("not_found", "There is no such bot.");
}

export const bots = (state: State): HandlersOf<Capabilities, "bots"> => ({
  "bots.list": async (_input, call) => {
    const { bots: found } = await state.api.listBots(await adminKey(state), call.signal);
    return { items: found.map(decodeBot) };
  },
  "bots.get": async (_input, call) => {
    const id = idOf(call);
    const { bots: all } = await state.api.listBots(await adminKey(state), call.signal);
    const found = all.find(({ bot_id }) => bot_id === id);
    if (!found) throw new BotyardError("not_found", "Pigeon has this bot no more.");
    return decodeBot(found);
  },
  "bots.create": async ({ handle, username = handle, displayName = null, description = null }, call) => {
    const wish = { user_name: username, full_name: displayName, about: description };
    const made = await state.api.createBot(await adminKey(state), wish, call.signal);
    return { bot: decodeBot(made), credentials: [{ kind: "bot-key", secret: made.bot_key }] };
  },
  "bots.delete": async (_input, call) => {
    await state.api.deleteBot(await adminKey(state), idOf(call), call.signal);
    return {};
  },
});
