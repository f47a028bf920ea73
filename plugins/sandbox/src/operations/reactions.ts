import type { HandlersOf } from "@botyard/sdk";
import type { Capabilities } from "../capabilities.ts";
import { acting, type State } from "../state.ts";

export const reactions = (state: State): HandlersOf<Capabilities, "reactions"> => {
  const { api } = state;
  return {
    "reactions.add": async ({ room, message, emoji }, call) => {
      const args = { room_id: room, message_id: message, emoji };
      const { changed } = await acting(state, call, (auth) => api.putReaction(auth, args, call.signal));
      return { emoji, added: changed };
    },
    "reactions.remove": async ({ room, message, emoji }, call) => {
      const args = { room_id: room, message_id: message, emoji };
      const { changed } = await acting(state, call, (auth) => api.dropReaction(auth, args, call.signal));
      return { emoji, removed: changed };
    },
    "reactions.list": async ({ room, message }, call) => {
      const args = { room_id: room, message_id: message };
      const found = await acting(state, call, (auth) => api.listReactions(auth, args, call.signal));
      return { items: found.reactions.map(({ emoji, user_ids }) => ({ emoji, users: [...user_ids] })) };
    },
  };
};
