import { BotyardError, type HandlersOf } from "@botyard/sdk";
import * as v from "valibot";
import type { Capabilities } from "../capabilities.ts";
import { decodeMessage } from "../decode.ts";
import { digestOf, encodeContent, encodeTarget } from "../encode.ts";
import { holds, placeOf, toNarrow } from "../places.ts";
import type { Caller } from "../request.ts";
import { extras } from "../settings.ts";
import { acting, explained, missing, remember, toId, type State } from "../state.ts";
import type { WireMessage } from "../wire.ts";
import { placeOfRoom } from "./rooms.ts";

/** What was about to be sent, kept until it is known to have been: history shows no keys, only texts. */
export const sentKey = (effectId: string): string => `sent/${effectId}`;

/** A message, where it is in the room. Throws `not_found`. */
export async function messageIn(state: State, on: Caller, room: string, message: string): Promise<WireMessage> {
  const found = await explained(state.api.message(on, toId(message, "message")), missing("message"));
  if (holds(placeOfRoom(room), placeOf(found))) return found;
  throw new BotyardError("not_found", "There is no such message in this room.");
}

export const messages = (state: State): HandlersOf<Capabilities, "messages"> => {
  const { api, directory, host } = state;
  return {
    "messages.send": {
      prepare: async ({ text, files }, call) =>
        host.store.put({ [sentKey(call.effectId)]: await digestOf(encodeContent(text, files)) }),
      run: async ({ room, text, files, options }, call) => {
        const { on, id, handle } = await acting(state, call.as, call.signal);
        const { topic = host.connection.settings.topic } = v.parse(extras["messages.send"], options ?? {});
        const queue = state.queues.get(handle);
        const sent = await api.post(on, {
          ...encodeTarget(placeOfRoom(room), id, topic),
          content: encodeContent(text, files),
          ...(queue === undefined ? {} : { queue_id: queue, local_id: call.effectId }),
        });
        remember(state.places, sent, placeOfRoom(room));
        await host.store.put({ [sentKey(call.effectId)]: null });
        return { message: String(sent) };
      },
    },
    "messages.get": async ({ room, message }, call) => {
      const { on } = await acting(state, call.as, call.signal);
      return decodeMessage(await messageIn(state, on, room, message), directory);
    },
    "messages.list": async ({ room, limit = 50, cursor }, call) => {
      const { on } = await acting(state, call.as, call.signal);
      const anchor = cursor === undefined ? "newest" : toId(cursor, "page");
      const page = await api.messages(on, toNarrow(placeOfRoom(room)), { anchor, before: limit });
      const found = page.messages.toReversed();
      const oldest = found.at(-1);
      const items = [];
      for (const message of found) items.push(await decodeMessage(message, directory));
      return { items, ...(page.found_oldest || !oldest ? {} : { next: String(oldest.id) }) };
    },
    "messages.update": async ({ room, message, text }, call) => {
      const { on } = await acting(state, call.as, call.signal);
      const { id } = await messageIn(state, on, room, message);
      await explained(api.edit(on, id, encodeContent(text)), refusedFor("change"));
      return { message, editedAt: null };
    },
    "messages.delete": async ({ room, message }, call) => {
      const { on } = await acting(state, call.as, call.signal);
      const { id } = await messageIn(state, on, room, message);
      await explained(api.remove(on, id), refusedFor("delete"));
      return { message };
    },
    "messages.mark-read": async ({ room, message }, call) => {
      const { on } = await acting(state, call.as, call.signal);
      const { id } = await messageIn(state, on, room, message);
      for (let anchor: number | null = id, whole = false; anchor !== null && !whole;) {
        const done = await api.markRead(on, toNarrow(placeOfRoom(room)), anchor);
        whole = done.found_oldest || done.first_processed_id === anchor;
        anchor = done.first_processed_id;
      }
      return { message };
    },
  };
};

/** The message is there: what is left is the organization's permission, or its time limit. */
function refusedFor(what: string): (cause: BotyardError) => Promise<never> {
  return async (cause) => {
    const detail = `This organization does not let the bot ${what} this message, or no longer.`;
    throw new BotyardError("forbidden", detail, {
      cause,
      ...(cause.details.upstream ? { upstream: cause.details.upstream } : {}),
    });
  };
}
