import * as v from "valibot";
import { defineOperation } from "../operation.ts";
import { actAs, connection, DurationMs, room, says, Text, user } from "../schema.ts";

export const setTyping = defineOperation({
  name: "typing.set",
  summary: "Show that somebody is typing, or no longer",
  run: "platform",
  effect: "write",
  route: "PUT /connections/{connection}/rooms/{room}/typing",
  cli: { positionals: ["room"] },
  input: v.strictObject({
    connection,
    room,
    as: actAs,
    typing: v.optional(says("Default true.", v.boolean())),
    forMs: v.optional(says("Ends by itself after this long, where the server lets it be chosen.", DurationMs)),
  }),
  output: v.object({ typing: v.boolean() }),
});

export const PresenceState = v.picklist(["online", "away", "busy", "offline"]);

export const setPresence = defineOperation({
  name: "presence.set",
  summary: "Show whether somebody is there",
  run: "platform",
  effect: "write",
  route: "PUT /connections/{connection}/presence",
  cli: { positionals: ["presence"] },
  input: v.strictObject({
    connection,
    as: actAs,
    presence: says("online, away, busy or offline.", PresenceState),
    text: v.optional(says("What to show beside it.", Text)),
  }),
  output: v.object({ presence: PresenceState, text: v.nullable(v.string()) }),
});

export const getPresence = defineOperation({
  name: "presence.get",
  summary: "Look whether a user is there",
  run: "platform",
  effect: "read",
  route: "GET /connections/{connection}/users/{user}/presence",
  cli: { positionals: ["user"] },
  input: v.strictObject({ connection, user, as: actAs }),
  output: v.object({ presence: PresenceState, text: v.nullable(v.string()) }),
});
