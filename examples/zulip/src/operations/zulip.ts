import { BotyardError, type HandlersOf } from "@botyard/sdk";
import type { Capabilities } from "../capabilities.ts";
import { toRoomId } from "../places.ts";
import { admin, explained, type State } from "../state.ts";
import { channelOf } from "./rooms.ts";

export const zulip = (state: State): HandlersOf<Capabilities, "zulip"> => ({
  "zulip.list-topics": async ({ room }, call) => {
    const on = await admin(state, call.signal);
    const { stream_id } = await channelOf(state, on, room);
    const topics = await explained(state.api.topics(on, stream_id), async (cause) => {
      const detail = "The administrator is not in this private channel, and may not see its topics.";
      throw new BotyardError("forbidden", detail, { cause });
    });
    return {
      items: topics.map(({ name, max_id }) => ({
        name,
        room: toRoomId({ kind: "topic", stream: stream_id, topic: name }),
        lastMessage: String(max_id),
      })),
    };
  },
});
