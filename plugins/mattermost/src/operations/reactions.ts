import type { HandlersOf } from "@botyard/sdk";
import * as api from "../api.ts";
import type { Capabilities } from "../capabilities.ts";
import { actorOf, checkId, noSuch, type Context } from "../context.ts";
import { fromEmojiName, isSameEmoji, toEmojiName } from "../emoji.ts";
import { orUndefined, type Caller } from "../request.ts";
import type { WireReaction } from "../wire.ts";

async function reactionsTo(on: Caller, message: string): Promise<readonly WireReaction[]> {
  // Asked for the message first: of one that is not visible the server says that there are none.
  const post = await orUndefined(api.getPost(on, checkId("message", message)));
  if (post === undefined) throw noSuch("message");
  return (await api.listReactions(on, message)) ?? [];
}

export const reactions = (context: Context): HandlersOf<Capabilities, "reactions"> => ({
  "reactions.add": async ({ message, emoji }, call) => {
    const { on, id } = await actorOf(context, call.as, call.signal);
    const name = toEmojiName(emoji);
    const before = await reactionsTo(on, message);
    await api.addReaction(on, id, message, name);
    const there = before.some((one) => one.user_id === id && isSameEmoji(one.emoji_name, name));
    return { emoji: fromEmojiName(name), added: !there };
  },
  "reactions.remove": async ({ message, emoji }, call) => {
    const { on, id } = await actorOf(context, call.as, call.signal);
    const name = toEmojiName(emoji);
    const before = await reactionsTo(on, message);
    // One emoji has several names, and the server keeps them apart.
    const own = before.filter((one) => one.user_id === id && isSameEmoji(one.emoji_name, name));
    for (const { emoji_name: found } of own) await api.removeReaction(on, message, found);
    return { emoji: fromEmojiName(name), removed: own.length > 0 };
  },
  "reactions.list": async ({ message }, call) => {
    const { on } = await actorOf(context, call.as, call.signal);
    const found = Map.groupBy(await reactionsTo(on, message), ({ emoji_name: name }) => fromEmojiName(name));
    return {
      items: [...found].map(([emoji, all]) => ({ emoji, users: [...new Set(all.map(({ user_id: user }) => user))] })),
    };
  },
});
