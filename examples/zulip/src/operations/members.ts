import type { HandlersOf } from "@botyard/sdk";
import type { Capabilities } from "../capabilities.ts";
import type { Caller } from "../request.ts";
import { admin, explained, missing, toId, type State } from "../state.ts";
import { channelOf, placeOfRoom } from "./rooms.ts";

export const members = (state: State): HandlersOf<Capabilities, "members"> => {
  const { api } = state;
  const within = async (on: Caller, room: string): Promise<readonly number[]> => {
    const place = placeOfRoom(room);
    if (place.kind === "direct") return place.users;
    return api.subscribers(on, (await channelOf(state, on, room)).stream_id);
  };
  return {
    "members.list": async ({ room, limit = 100, cursor = "0" }, call) => {
      const on = await admin(state, call.signal);
      const all = await within(on, room);
      const from = Number(cursor) || 0;
      const users = new Map((await api.users(on)).map((user) => [user.user_id, user]));
      const items = all.slice(from, from + limit).map((id) => ({
        user: String(id),
        name: users.get(id)?.full_name ?? null,
        membership: "joined" as const,
      }));
      return { items, ...(from + limit < all.length ? { next: String(from + limit) } : {}) };
    },
    "members.invite": async ({ room, user }, call) => {
      const on = await admin(state, call.signal);
      const { name } = await channelOf(state, on, room);
      const person = await explained(api.user(on, toId(user, "user")), missing("user"));
      await api.subscribe(on, { name }, [person.user_id]);
      return { user, name: person.full_name, membership: "joined" };
    },
    "members.kick": async ({ room, user }, call) => {
      const on = await admin(state, call.signal);
      const { name } = await channelOf(state, on, room);
      const person = await explained(api.user(on, toId(user, "user")), missing("user"));
      await api.unsubscribe(on, name, [person.user_id]);
      return { user, name: person.full_name, membership: "kicked" };
    },
  };
};
