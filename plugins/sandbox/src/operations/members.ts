import type { HandlersOf } from "@botyard/sdk";
import type { Capabilities } from "../capabilities.ts";
import { decodeMember } from "../decode.ts";
import { managing, type State } from "../state.ts";

export const members = (state: State): HandlersOf<Capabilities, "members"> => {
  const { api } = state;
  return {
    "members.list": async ({ room, limit = 100, cursor }, call) => {
      const found = (await managing(state, call, (auth) => api.listMembers(auth, { room_id: room }, call.signal)))
        .members;
      const start = cursor === undefined ? 0 : found.findIndex(({ user_id }) => user_id === cursor) + 1;
      const items = found.slice(start, start + limit);
      const last = items.at(-1);
      return {
        items: items.map(decodeMember),
        ...(last && start + limit < found.length ? { next: last.user_id } : {}),
      };
    },
    "members.invite": async ({ room, user }, call) => {
      const args = { room_id: room, user_id: user };
      return decodeMember((await managing(state, call, (auth) => api.putMember(auth, args, call.signal))).member);
    },
    "members.kick": async ({ room, user }, call) => {
      const args = { room_id: room, user_id: user, ban: false };
      return decodeMember((await managing(state, call, (auth) => api.dropMember(auth, args, call.signal))).member);
    },
    "members.ban": async ({ room, user }, call) => {
      const args = { room_id: room, user_id: user, ban: true };
      return decodeMember((await managing(state, call, (auth) => api.dropMember(auth, args, call.signal))).member);
    },
    "members.unban": async ({ room, user }, call) => {
      const args = { room_id: room, user_id: user };
      return decodeMember((await managing(state, call, (auth) => api.pardonMember(auth, args, call.signal))).member);
    },
  };
};
