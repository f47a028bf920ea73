import type { HandlersOf } from "@botyard/sdk";
import type { Capabilities } from "../capabilities.ts";
import { acting, type State } from "../state.ts";

/** How long somebody is seen typing when nothing else was asked for. */
const typingMs = 5_000;

export const presence = (state: State): HandlersOf<Capabilities, "presence"> & HandlersOf<Capabilities, "typing"> => {
  const { api } = state;
  return {
    "typing.set": async ({ room, typing = true, forMs = typingMs }, call) => {
      const args = { room_id: room, typing, for_ms: forMs };
      await acting(state, call, (auth) => api.putTyping(auth, args, call.signal));
      return { typing };
    },
    "presence.set": async ({ presence, text = null }, call) => {
      await acting(state, call, (auth) => api.putPresence(auth, { presence, note: text }, call.signal));
      return { presence, text };
    },
    "presence.get": async ({ user }, call) => {
      const { presence, note } = await acting(state, call, (auth) =>
        api.getPresence(auth, { user_id: user }, call.signal),
      );
      return { presence, text: note };
    },
  };
};
