import * as v from "valibot";
import { defineOperation, NativeId, says, Text } from "@botyard/sdk";
import {
  actor,
  content,
  eventId,
  EventSent,
  eventType,
  ignoreCache,
  Json,
  mxc,
  place,
  Visibility,
  written,
} from "./fields.ts";

export const setRoomName = defineOperation({
  name: "matrix.set-room-name",
  summary: "Set the name of a room",
  run: "platform",
  effect: "write",
  route: "POST /connections/{connection}/matrix/set-room-name",
  cli: { positionals: ["room", "name"] },
  input: v.strictObject({ ...place, name: says("The new name; empty: none.", v.string()), ...written }),
  output: EventSent,
});

export const setRoomTopic = defineOperation({
  name: "matrix.set-room-topic",
  summary: "Set the topic of a room",
  run: "platform",
  effect: "write",
  route: "POST /connections/{connection}/matrix/set-room-topic",
  cli: { positionals: ["room", "topic"] },
  input: v.strictObject({ ...place, topic: says("The new topic.", v.string()), ...written }),
  output: EventSent,
});

export const setRoomAvatar = defineOperation({
  name: "matrix.set-room-avatar",
  summary: "Set the picture of a room, or take it away",
  description: "Without `url` the picture is taken away.",
  run: "platform",
  effect: "write",
  route: "POST /connections/{connection}/matrix/set-room-avatar",
  cli: { positionals: ["room", "url"] },
  input: v.strictObject({ ...place, url: v.optional(v.nullable(mxc)), ...written }),
  output: EventSent,
});

export const setJoinRule = defineOperation({
  name: "matrix.set-join-rule",
  summary: "Say who may join a room",
  run: "platform",
  effect: "write",
  route: "POST /connections/{connection}/matrix/set-join-rule",
  cli: { positionals: ["room", "rule"] },
  input: v.strictObject({
    ...place,
    rule: says(
      "`public`, `invite`, `knock`, `restricted`, `knock_restricted` or `private`; servers accept others as well.",
      v.pipe(v.string(), v.minLength(1)),
    ),
    ...written,
  }),
  output: EventSent,
});

export const getPowerLevels = defineOperation({
  name: "matrix.get-power-levels",
  summary: "Show the power levels of a room",
  description:
    "From memory unless `ignoreCache`. A room without power levels answers what the specification says then.",
  run: "platform",
  effect: "read",
  route: "GET /connections/{connection}/matrix/get-power-levels",
  cli: { positionals: ["room"] },
  input: v.strictObject({ ...place, ignoreCache }),
  output: v.object({ levels: Json }),
});

export const setPowerLevels = defineOperation({
  name: "matrix.set-power-levels",
  summary: "Replace the power levels of a room",
  run: "platform",
  effect: "write",
  route: "POST /connections/{connection}/matrix/set-power-levels",
  input: v.strictObject({ ...place, levels: says("All of them: what is left out is gone.", Json), ...written }),
  output: EventSent,
});

export const getPinnedMessages = defineOperation({
  name: "matrix.get-pinned-messages",
  summary: "List the ids of the pinned messages",
  run: "platform",
  effect: "read",
  route: "GET /connections/{connection}/matrix/get-pinned-messages",
  cli: { positionals: ["room"] },
  input: v.strictObject({ ...place }),
  output: v.object({ events: v.array(v.string()) }),
});

export const setPinnedMessages = defineOperation({
  name: "matrix.set-pinned-messages",
  summary: "Replace the pinned messages of a room",
  run: "platform",
  effect: "write",
  route: "POST /connections/{connection}/matrix/set-pinned-messages",
  input: v.strictObject({
    ...place,
    events: says("Ids, in order.", v.pipe(v.array(NativeId), v.maxLength(1000))),
    ...written,
  }),
  output: EventSent,
});

export const pinMessage = defineOperation({
  name: "matrix.pin-message",
  summary: "Pin a message",
  run: "platform",
  effect: "write",
  route: "POST /connections/{connection}/matrix/pin-message",
  cli: { positionals: ["room", "event"] },
  input: v.strictObject({ ...place, event: eventId }),
  output: v.object({ pinned: says("False when it was pinned before.", v.boolean()) }),
});

export const unpinMessage = defineOperation({
  name: "matrix.unpin-message",
  summary: "Take a pin away",
  run: "platform",
  effect: "write",
  route: "POST /connections/{connection}/matrix/unpin-message",
  cli: { positionals: ["room", "event"] },
  input: v.strictObject({ ...place, event: eventId }),
  output: v.object({ unpinned: says("False when it was not pinned.", v.boolean()) }),
});

export const sendStateEvent = defineOperation({
  name: "matrix.send-state-event",
  summary: "Set a piece of state of a room",
  description: "The same content again makes no event. Too low a power level is refused before anything is sent.",
  run: "platform",
  effect: "write",
  route: "POST /connections/{connection}/matrix/send-state-event",
  input: v.strictObject({
    ...place,
    type: eventType,
    stateKey: v.optional(says("Default empty.", v.pipe(v.string(), v.maxLength(255)))),
    content,
    ...written,
  }),
  output: EventSent,
});

export const getStateEvent = defineOperation({
  name: "matrix.get-state-event",
  summary: "Show a piece of state of a room",
  run: "platform",
  effect: "read",
  route: "GET /connections/{connection}/matrix/get-state-event",
  cli: { positionals: ["room", "type", "stateKey"] },
  input: v.strictObject({ ...place, type: eventType, stateKey: v.optional(says("Default empty.", v.string())) }),
  output: v.object({ content: Json }),
});

export const getState = defineOperation({
  name: "matrix.get-state",
  summary: "Show all state of a room",
  run: "platform",
  effect: "read",
  route: "GET /connections/{connection}/matrix/get-state",
  cli: { positionals: ["room"] },
  input: v.strictObject({ ...place }),
  output: v.object({ events: v.array(Json) }),
});

export const createRoom = defineOperation({
  name: "matrix.create-room",
  summary: "Make a room with all that Matrix knows",
  run: "platform",
  effect: "write",
  route: "POST /connections/{connection}/matrix/create-room",
  cli: { done: "created  {room}" },
  input: v.strictObject({
    ...actor,
    name: v.optional(says("What people call it.", v.pipe(v.string(), v.maxLength(255)))),
    topic: v.optional(says("What it is about.", Text)),
    preset: v.optional(
      says("Rules to begin with.", v.picklist(["private_chat", "public_chat", "trusted_private_chat"])),
    ),
    visibility: v.optional(says("Whether the server's directory lists it.", Visibility)),
    aliasName: v.optional(
      says("Localpart of its alias; must be in the aliases namespace.", v.pipe(v.string(), v.maxLength(255))),
    ),
    version: v.optional(says("Room version; default: the server's.", v.pipe(v.string(), v.maxLength(32)))),
    invite: v.optional(says("Users to invite.", v.pipe(v.array(NativeId), v.maxLength(100)))),
    direct: v.optional(says("Whether it is a direct room.", v.boolean())),
    creationContent: v.optional(says('Further content of `m.room.create`: `{"type": "m.space"}`.', Json)),
    initialState: v.optional(says("State events to begin with: `[{type, state_key, content}]`.", v.array(Json))),
    powerLevels: v.optional(says("Replaces single power levels.", Json)),
  }),
  output: v.object({ room: says("Id of the room.", v.string()) }),
});
