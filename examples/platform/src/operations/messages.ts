import type { HandlersOf } from "@botyard/sdk";
import type { Capabilities } from "../capabilities.ts";
import { encodePost } from "../encode.ts";
import { botKey, type State } from "../state.ts";

export const messages = (state: State): HandlersOf<Capabilities, "messages"> => ({
  "messages.send": async (input, call) => {
    const post = encodePost(input, call.effectId);
    const sent = await state.api.post(await botKey(state, call.as), input.room, post, call.signal);
    return { message: sent.message_id, time: sent.sent_at };
  },
});
