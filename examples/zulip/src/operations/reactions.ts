import { BotyardError, type Call, type HandlersOf } from "@botyard/sdk";
import type { Capabilities } from "../capabilities.ts";
import { toEmoji } from "../emoji.ts";
import { acting, type State } from "../state.ts";
import { messageIn } from "./messages.ts";

interface Wish {
  readonly room: string;
  readonly message: string;
  readonly emoji: string;
}

export const reactions = (state: State): HandlersOf<Capabilities, "reactions"> => {
  /** False where the server says that it is so already. */
  const react = async (method: "POST" | "DELETE", { room, message, emoji }: Wish, call: Call): Promise<boolean> => {
    const { on } = await acting(state, call.as, call.signal);
    const { id } = await messageIn(state, on, room, message);
    const already = method === "POST" ? "REACTION_ALREADY_EXISTS" : "REACTION_DOES_NOT_EXIST";
    try {
      await state.api.react(on, method, id, await state.emoji.of(emoji));
      return true;
    } catch (error) {
      if (error instanceof BotyardError && error.details.upstream?.code === already) return false;
      throw error;
    }
  };
  return {
    "reactions.add": async (wish, call) => ({ emoji: wish.emoji, added: await react("POST", wish, call) }),
    "reactions.remove": async (wish, call) => ({ emoji: wish.emoji, removed: await react("DELETE", wish, call) }),
    "reactions.list": async ({ room, message }, call) => {
      const { on } = await acting(state, call.as, call.signal);
      const users = new Map<string, string[]>();
      for (const reaction of (await messageIn(state, on, room, message)).reactions) {
        const emoji = toEmoji(reaction);
        users.set(emoji, [...(users.get(emoji) ?? []), String(reaction.user_id)]);
      }
      return { items: [...users].map(([emoji, by]) => ({ emoji, users: by })) };
    },
  };
};
