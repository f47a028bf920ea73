import { BotyardError, type HandlersOf } from "@botyard/sdk";
import type { Capabilities } from "../capabilities.ts";
import { decodeChannel, decodeTopic, toUsername } from "../decode.ts";
import { fromRoomId, toRoomId, type Place } from "../places.ts";
import type { Caller } from "../request.ts";
import { acting, admin, explained, missing, toId, type State } from "../state.ts";
import type { WireStream } from "../wire.ts";
import { idOf } from "./bots.ts";

/** Where a room id leads. Throws `not_found`. */
export function placeOfRoom(room: string): Place {
  const place = fromRoomId(room);
  if (place) return place;
  throw new BotyardError("not_found", "There is no such room.");
}

/** The channel of a room. Throws `not_found`, and `unsupported` for a direct conversation. */
export async function channelOf(state: State, on: Caller, room: string): Promise<WireStream> {
  const place = placeOfRoom(room);
  if (place.kind === "direct")
    throw new BotyardError("unsupported", "Who is in a direct conversation never changes on Zulip.", {
      instead: "write to another conversation: botyard rooms open-direct",
    });
  return explained(state.api.stream(on, place.stream), missing("room"));
}

const pageSize = 100;

/** Channels, each with the topics it has: `cursor` is `<channel>:<how many of it were shown>`. */
async function listRooms(state: State, on: Caller, limit: number, cursor: string | undefined) {
  const streams = (await state.api.streams(on)).toSorted((a, b) => a.stream_id - b.stream_id);
  const [from = 0, seen = 0] = (cursor ?? "").split(":").map(Number);
  const items: ReturnType<typeof decodeChannel>[] = [];
  for (const stream of streams.filter(({ stream_id }) => stream_id >= from)) {
    // Of a private channel that the administrator is not in, the server tells the name only.
    const topics = await explained(state.api.topics(on, stream.stream_id), async () => []);
    const rooms = [decodeChannel(stream), ...topics.map(({ name }) => decodeTopic(stream, name))];
    const skip = stream.stream_id === from ? seen : 0;
    for (const [index, room] of rooms.entries()) {
      if (index < skip) continue;
      if (items.length === limit) return { items, next: `${stream.stream_id}:${index}` };
      items.push(room);
    }
  }
  return { items };
}

export const rooms = (state: State): HandlersOf<Capabilities, "rooms"> => {
  const { api } = state;
  return {
    "rooms.list": async ({ limit = pageSize, cursor }, call) =>
      listRooms(state, await admin(state, call.signal), limit, cursor),
    "rooms.get": async ({ room }, call) => {
      const on = await admin(state, call.signal);
      const place = placeOfRoom(room);
      if (place.kind === "direct") {
        const people = await Promise.all(place.users.map((id) => state.directory.user(id)));
        if (people.includes(undefined)) throw new BotyardError("not_found", "There is no such room.");
        const name = people.map((person) => person?.full_name).join(", ");
        return { id: room, kind: place.users.length > 2 ? "group" : "direct", name, members: place.users.length };
      }
      const stream = await explained(api.stream(on, place.stream), missing("room"));
      return place.kind === "channel" ? decodeChannel(stream) : decodeTopic(stream, place.topic);
    },
    "rooms.create": async ({ name, topic = "", public: open = false, invite = [] }, call) => {
      const on = await admin(state, call.signal);
      const fits = (stream: WireStream): boolean => stream.name === name;
      if ((await api.streams(on)).some(fits))
        throw new BotyardError("conflict", "There is a channel of this name already.");
      const members = [...(call.as?.kind === "bot" ? [call.as.id] : []), ...invite].map((id) => toId(id, "user"));
      // Who makes a private channel and is not in it could not look after it.
      const self = (await api.me(on)).user_id;
      await api.subscribe(on, { name, description: topic }, [self, ...members], { invite_only: !open });
      const made = (await api.streams(on)).find(fits);
      if (!made)
        throw new BotyardError("upstream", "The channel was made, and is not in the list.", { effect: "unknown" });
      return decodeChannel(made);
    },
    "rooms.update": async ({ room, name, topic }, call) => {
      const on = await admin(state, call.signal);
      if (placeOfRoom(room).kind !== "channel")
        throw new BotyardError("unsupported", "Only whole channels are renamed; a topic is where its messages are.");
      const { stream_id } = await channelOf(state, on, room);
      await api.patchStream(on, stream_id, {
        ...(name === undefined ? {} : { new_name: name }),
        ...(topic === undefined ? {} : { description: topic ?? "" }),
      });
      return decodeChannel(await channelOf(state, on, room));
    },
    "rooms.open-direct": async ({ user }, call) => {
      const { id } = await acting(state, call.as, call.signal);
      const other = toId(user, "user");
      const { full_name } = await explained(api.user(await admin(state, call.signal), other), missing("user"));
      return { id: toRoomId({ kind: "direct", users: [...new Set([id, other])] }), kind: "direct", name: full_name };
    },
    "rooms.list-bots": async ({ room }, call) => {
      const on = await admin(state, call.signal);
      const { stream_id } = await channelOf(state, on, room);
      const [subscribers, users] = await Promise.all([api.subscribers(on, stream_id), api.users(on)]);
      const found = users.filter(({ is_bot, user_id }) => is_bot && subscribers.includes(user_id));
      return {
        items: found.map(({ user_id, email, is_active }) => ({
          nativeId: String(user_id),
          username: toUsername(email),
          active: is_active,
        })),
      };
    },
    "rooms.add-bot": async ({ room }, call) => {
      const on = await admin(state, call.signal);
      const { name } = await channelOf(state, on, room);
      const { subscribed } = await api.subscribe(on, { name }, [idOf(call)]);
      const joined = Object.values(subscribed).some((names) => names.includes(name));
      return { room, joined, via: joined ? `subscribed to ${name}` : "was in there" };
    },
    "rooms.remove-bot": async ({ room }, call) => {
      const on = await admin(state, call.signal);
      const { name } = await channelOf(state, on, room);
      const { removed } = await api.unsubscribe(on, name, [idOf(call)]);
      return { room, left: removed.includes(name) };
    },
  };
};
