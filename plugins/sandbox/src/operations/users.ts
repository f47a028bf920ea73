import type { HandlersOf } from "@botyard/sdk";
import type { Capabilities } from "../capabilities.ts";
import { decodeBot, decodeUser } from "../decode.ts";
import { managing, type State } from "../state.ts";

export const users = (state: State): HandlersOf<Capabilities, "users"> => {
  const { api } = state;
  return {
    "users.list": async ({ search, limit, cursor }, call) => {
      const args = {
        ...(search === undefined ? {} : { search }),
        ...(limit === undefined ? {} : { limit }),
        ...(cursor === undefined ? {} : { before: cursor }),
      };
      const { users: found, next } = await managing(state, call, (auth) => api.listUsers(auth, args, call.signal));
      return { items: found.map(decodeUser), ...(next === null ? {} : { next }) };
    },
    "users.get": async ({ user }, call) =>
      decodeUser((await managing(state, call, (auth) => api.getUser(auth, { user_id: user }, call.signal))).user),
    "users.convert-to-bot": async ({ user }, call) => {
      const made = await managing(state, call, (auth) => api.recruitBot(auth, { user_id: user }, call.signal));
      return { bot: decodeBot(made.bot), credentials: [{ kind: "bot-token", secret: made.token }] };
    },
  };
};
