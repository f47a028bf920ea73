import { connection, defineOperation, room, says } from "@botyard/sdk";
import * as v from "valibot";

/** What Zulip has and the common table has not. */
export const listTopics = defineOperation({
  name: "zulip.list-topics",
  summary: "List the topics of a channel, the newest first",
  run: "platform",
  effect: "read",
  route: "GET /connections/{connection}/zulip/topics",
  cli: { positionals: ["room"], columns: ["name", "room", "lastMessage"] },
  input: v.strictObject({ connection, room }),
  output: v.object({
    items: v.array(
      v.object({
        name: v.string(),
        room: says("Its own id as a room.", v.string()),
        lastMessage: says("The server's id of the newest message.", v.string()),
      }),
    ),
  }),
});
