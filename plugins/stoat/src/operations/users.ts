import { isBotyardError, type HandlersOf } from "@botyard/sdk";
import * as api from "../api.ts";
import type { Capabilities } from "../capabilities.ts";
import { owning, type Context } from "../context.ts";
import { decodeUser } from "../decode.ts";

export const users = (context: Context): HandlersOf<Capabilities, "users"> => ({
  "users.get": ({ user }, call) =>
    owning(context, call, async (on) => {
      try {
        return decodeUser(await api.user(on, user));
      } catch (error) {
        if (!isBotyardError(error) || error.code !== "forbidden") throw error;
        // Also its owner may not look at a bot with whom they share no server; but may fetch the bot.
        const own = await api.fetchBot(on, user).catch(() => null);
        if (own === null) throw error;
        return decodeUser(own.user);
      }
    }),
});
