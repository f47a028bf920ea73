import { BotyardError, isBotyardError, type HandlersOf } from "@botyard/sdk";
import * as api from "../api.ts";
import type { Capabilities } from "../capabilities.ts";
import { acting, type Context } from "../context.ts";

export const reactions = (context: Context): HandlersOf<Capabilities, "reactions"> => ({
  "reactions.add": async ({ room, message, emoji }, call) => {
    checkEmoji(emoji);
    await acting(context, call, (on) => api.react(on, room, message, emoji));
    return { emoji, added: true };
  },

  "reactions.remove": ({ room, message, emoji }, call) => {
    checkEmoji(emoji);
    return acting(context, call, async (on) => {
      try {
        await api.unreact(on, room, message, emoji);
        return { emoji, removed: true };
      } catch (error) {
        if (!isBotyardError(error) || error.code !== "not_found") throw error;
        // the same answer for a message that is not there
        await api.fetchMessage(on, room, message);
        return { emoji, removed: false };
      }
    });
  },

  "reactions.list": ({ room, message }, call) =>
    acting(context, call, async (on) => {
      const { reactions: found = {} } = await api.fetchMessage(on, room, message);
      const items = Object.entries(found).map(([emoji, users]) => ({ emoji, users: [...users] }));
      return { items: items.filter(({ users }) => users.length > 0) };
    }),
});

/** A Unicode emoji, or the id of a server's own; short names are refused by every server. */
function checkEmoji(emoji: string): void {
  if (!/^:?[a-z_]+:?$/.test(emoji)) return;
  throw new BotyardError("invalid", "Stoat takes an emoji itself, or the id of a server's own, not a short name.", {
    issues: [{ path: "emoji", expected: "one emoji in Unicode, or an id of 26 characters" }],
  });
}
