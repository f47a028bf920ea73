import type { Call, HandlersOf } from "@botyard/sdk";
import type { Capabilities } from "../capabilities.ts";
import { decodeMessage } from "../decode.ts";
import { encodeMarkup, encodeMentions, encodePost } from "../encode.ts";
import { referenceOf } from "../reference.ts";
import { acting, idsByHandle, manager, type State } from "../state.ts";

/** A ghost is made on its first use, and enters the room; harmless to repeat. */
async function prepareGhost(state: State, room: string, call: Call): Promise<void> {
  if (call.as?.kind !== "user") return;
  const auth = await manager(state);
  await state.api.ensureUser(auth, { user_id: call.as.id }, call.signal);
  await state.api.putMember(auth, { room_id: room, user_id: call.as.id }, call.signal);
}

export const messages = (state: State): HandlersOf<Capabilities, "messages"> => {
  const { api, traits } = state;
  return {
    "messages.send": {
      prepare: ({ room }, call) => prepareGhost(state, room, call),
      ready: (_, as) => as?.kind !== "user",
      run: async (input, call) => {
        const post = encodePost(input, referenceOf(call, traits), await idsByHandle(state));
        const { message_id, sent_at } = await acting(state, call, (auth) => api.postMessage(auth, post, call.signal));
        return { message: message_id, time: sent_at };
      },
    },
    "messages.update": async ({ room, message, text, format, mentions }, call) => {
      const args = {
        room_id: room,
        message_id: message,
        body: text,
        markup: encodeMarkup(format),
        mentions: encodeMentions(mentions, await idsByHandle(state)),
      };
      const answer = await acting(state, call, (auth) => api.editMessage(auth, args, call.signal));
      return { message: answer.message.message_id, editedAt: answer.message.edited_at };
    },
    "messages.delete": async ({ room, message }, call) => {
      const args = { room_id: room, message_id: message };
      await acting(state, call, (auth) => api.removeMessage(auth, args, call.signal));
      return { message };
    },
    "messages.get": async ({ room, message }, call) => {
      const args = { room_id: room, message_id: message };
      return decodeMessage((await acting(state, call, (auth) => api.getMessage(auth, args, call.signal))).message);
    },
    "messages.mark-read": async ({ room, message }, call) => {
      const args = { room_id: room, message_id: message };
      await acting(state, call, (auth) => api.markSeen(auth, args, call.signal));
      return { message };
    },
    "messages.pin": async ({ room, message }, call) => {
      const args = { room_id: room, message_id: message };
      return { message, pinned: (await acting(state, call, (auth) => api.putPin(auth, args, call.signal))).changed };
    },
    "messages.unpin": async ({ room, message }, call) => {
      const args = { room_id: room, message_id: message };
      return { message, unpinned: (await acting(state, call, (auth) => api.dropPin(auth, args, call.signal))).changed };
    },
    "messages.list-pins": async ({ room, limit = 100, cursor }, call) => {
      const pins = (await acting(state, call, (auth) => api.listPins(auth, { room_id: room }, call.signal))).messages;
      const start = cursor === undefined ? 0 : pins.findIndex(({ message_id }) => message_id === cursor) + 1;
      const items = pins.slice(start, start + limit);
      const last = items.at(-1);
      return {
        items: items.map(decodeMessage),
        ...(last && start + limit < pins.length ? { next: last.message_id } : {}),
      };
    },
    "messages.list": async ({ room, limit, cursor }, call) => {
      const args = {
        room_id: room,
        ...(limit === undefined ? {} : { limit }),
        ...(cursor === undefined ? {} : { before: cursor }),
      };
      const page = await acting(state, call, (auth) => api.pageMessages(auth, args, call.signal));
      return { items: page.messages.map(decodeMessage), ...(page.next === null ? {} : { next: page.next }) };
    },
  };
};
