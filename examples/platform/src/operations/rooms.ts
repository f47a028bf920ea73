import { BotyardError, type HandlersOf } from "@botyard/sdk";
import type { Capabilities } from "../capabilities.ts";
import { decodeRoom } from "../decode.ts";
import { adminKey, type State } from "../state.ts";
import { idOf } from "./bots.ts";

export const rooms = (state: State): HandlersOf<Capabilities, "rooms"> => ({
  "rooms.list": async (_input, call) => {
    const { rooms: found } = await state.api.listRooms(await adminKey(state), call.signal);
    return { items: found.map(decodeRoom) };
  },
  "rooms.get": async ({ room }, call) => {
    const { rooms: all } = await state.api.listRooms(await adminKey(state), call.signal);
    const found = all.find(({ room_id }) => room_id === room);
    if (!found) throw new BotyardError("not_found", "There is no such room.");
    return decodeRoom(found);
  },
  "rooms.list-bots": async ({ room }, call) => {
    const { members } = await state.api.listMembers(await adminKey(state), room, call.signal);
    const found = members.filter(({ is_bot }) => is_bot);
    return { items: found.map(({ user_id, user_name }) => ({ nativeId: user_id, username: user_name, active: true })) };
  },
  "rooms.add-bot": async ({ room }, call) => {
    const { joined } = await state.api.join(await adminKey(state), room, idOf(call), call.signal);
    return { room, joined, via: joined ? "added" : "was in there" };
  },
  "rooms.remove-bot": async ({ room }, call) => {
    const { left } = await state.api.leave(await adminKey(state), room, idOf(call), call.signal);
    return { room, left };
  },
});
