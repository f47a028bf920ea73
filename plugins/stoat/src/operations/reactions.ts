import { BotyardError, isBotyardError, type Call, type HandlersOf } from "@botyard/sdk";
import * as api from "../api.ts";
import type { Capabilities } from "../capabilities.ts";
import { acting, type Context } from "../context.ts";
import type { Caller } from "../request.ts";
import type { WireMessage } from "../wire.ts";

export const reactions = (context: Context): HandlersOf<Capabilities, "reactions"> => ({
  "reactions.add": ({ room, message, emoji }, call) => {
    checkEmoji(emoji);
    return acting(context, call, async (on) => {
      // The server answers the same, and tells everybody again, where it was there already.
      const before = await reactedBy(context, on, { room, message, emoji }, call);
      await api.react(on, room, message, emoji);
      return { emoji, added: !before };
    });
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

const shown = (message: Promise<WireMessage>): Promise<WireMessage | undefined> =>
  message.catch((error: unknown) => {
    if (isBotyardError(error) && error.code === "forbidden") return undefined;
    throw error;
  });

const plain = (emoji: string): string => emoji.replaceAll("\ufe0f", "");

/**
 * Whether the bot has reacted so before: what its socket has seen tells, else the message is asked for. Who may react may
 * not always read the history: then it counts as new.
 */
async function reactedBy(
  context: Context,
  on: Caller,
  { room, message, emoji }: { readonly room: string; readonly message: string; readonly emoji: string },
  { as }: Pick<Call, "as">,
): Promise<boolean> {
  const self = as?.id ?? "";
  const remembered = context.links.has(as?.handle ?? "") ? context.memoryOf(self).get(message) : undefined;
  const found: Iterable<readonly [string, Iterable<string>]> = remembered
    ? (remembered.reactions ?? new Map<string, Set<string>>())
    : Object.entries((await shown(api.fetchMessage(on, room, message)))?.reactions ?? {});
  return [...found].some(([name, users]) => plain(name) === plain(emoji) && [...users].includes(self));
}

/** A Unicode emoji, or the id of a server's own; short names are refused by every server. */
function checkEmoji(emoji: string): void {
  if (!/^:?[a-z_]+:?$/.test(emoji)) return;
  throw new BotyardError("invalid", "Stoat takes an emoji itself, or the id of a server's own, not a short name.", {
    issues: [{ path: "emoji", expected: "one emoji in Unicode, or an id of 26 characters" }],
  });
}
