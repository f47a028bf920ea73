import type { HandlersOf } from "@botyard/sdk";
import type { Capabilities } from "../capabilities.ts";
import { decodeRoom } from "../decode.ts";
import { rememberRoom } from "../memory.ts";
import { acting, managing, type State } from "../state.ts";
import { nativeIdOf } from "./bots.ts";

export const rooms = (state: State): HandlersOf<Capabilities, "rooms"> => {
  const { api } = state;
  return {
    "rooms.list": async ({ limit, cursor }, call) => {
      const args = { ...(limit === undefined ? {} : { limit }), ...(cursor === undefined ? {} : { before: cursor }) };
      const { rooms: found, next } = await managing(state, call, (auth) => api.listRooms(auth, args, call.signal));
      return { items: found.map(decodeRoom), ...(next === null ? {} : { next }) };
    },
    "rooms.get": async ({ room }, call) =>
      decodeRoom((await managing(state, call, (auth) => api.getRoom(auth, { room_id: room }, call.signal))).room),
    "rooms.create": async ({ name, kind, parent, topic, public: open, invite }, call) => {
      const args = {
        title: name,
        room_type: kind ?? "channel",
        space_id: parent ?? null,
        topic: topic ?? null,
        is_open: open ?? false,
        invite: invite ?? [],
      };
      return decodeRoom((await managing(state, call, (auth) => api.createRoom(auth, args, call.signal))).room);
    },
    "rooms.update": async ({ room, name, topic }, call) => {
      const args = {
        room_id: room,
        ...(name === undefined ? {} : { title: name }),
        ...(topic === undefined ? {} : { topic }),
      };
      return decodeRoom((await managing(state, call, (auth) => api.changeRoom(auth, args, call.signal))).room);
    },
    "rooms.open-direct": async ({ user }, call) =>
      decodeRoom((await acting(state, call, (auth) => api.openDirect(auth, { user_id: user }, call.signal))).room),
    "rooms.list-bots": async ({ room }, call) => {
      const [{ members }, { bots }] = await managing(state, call, (auth) =>
        Promise.all([api.listMembers(auth, { room_id: room }, call.signal), api.listBots(auth, {}, call.signal)]),
      );
      const there = new Set(members.filter(({ status }) => status === "joined").map(({ user_id }) => user_id));
      return {
        items: bots
          .filter(({ bot_id }) => there.has(bot_id))
          .map(({ bot_id, user_name, active }) => ({ nativeId: bot_id, username: user_name, active })),
      };
    },
    "rooms.add-bot": async ({ room }, call) => {
      const id = nativeIdOf(call);
      const { entered, joined } = await managing(state, call, (auth) =>
        api.putMember(auth, { room_id: room, user_id: id }, call.signal),
      );
      await rememberRoom(state, id, room, true);
      return { room, joined, via: joined ? entered.map((slug) => `entered ${slug}`).join(", ") : "was in there" };
    },
    "rooms.remove-bot": async ({ room }, call) => {
      const id = nativeIdOf(call);
      const { left } = await managing(state, call, (auth) =>
        api.dropMember(auth, { room_id: room, user_id: id, ban: false }, call.signal),
      );
      await rememberRoom(state, id, room, false);
      return { room, left };
    },
  };
};
