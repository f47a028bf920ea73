import * as v from "valibot";
import { defineOperation } from "../operation.ts";
import { actAs, bot, connection, page, pageInput, room, says, Text, user } from "../schema.ts";
import { Room, RoomKind } from "../shapes/room.ts";

const name = says("What people call the room.", v.pipe(v.string(), v.minLength(1), v.maxLength(255)));
const topic = says("What the room is about.", Text);

export const list = defineOperation({
  name: "rooms.list",
  summary: "List rooms",
  run: "platform",
  effect: "read",
  route: "GET /connections/{connection}/rooms",
  cli: { columns: ["handle", "kind", "name", "parent", "id", "bots"] },
  input: v.strictObject({ connection, as: actAs, ...pageInput }),
  output: page(
    v.object({
      ...Room.entries,
      bots: says("Handles of the managed bots that are known to be in it.", v.array(v.string())),
    }),
  ),
  answer: page(Room),
});

export const get = defineOperation({
  name: "rooms.get",
  summary: "Show one room",
  run: "platform",
  effect: "read",
  route: "GET /connections/{connection}/rooms/{room}",
  input: v.strictObject({ connection, room, as: actAs }),
  output: Room,
});

export const create = defineOperation({
  name: "rooms.create",
  summary: "Make a room",
  run: "platform",
  effect: "write",
  route: "POST /connections/{connection}/rooms",
  cli: { positionals: ["name"], done: "created  {name}  id {id}" },
  input: v.strictObject({
    connection,
    name,
    kind: v.optional(says("What to make; default: a channel.", RoomKind)),
    parent: v.optional(says("Space it belongs to.", v.string())),
    topic: v.optional(topic),
    public: v.optional(says("Whether anybody may enter; default false.", v.boolean())),
    invite: v.optional(says("Users to bring in, by native id.", v.array(v.string()))),
    as: actAs,
  }),
  output: Room,
});

export const update = defineOperation({
  name: "rooms.update",
  summary: "Change a room's name or topic",
  run: "platform",
  effect: "write",
  route: "PATCH /connections/{connection}/rooms/{room}",
  input: v.strictObject({
    connection,
    room,
    name: v.optional(name),
    topic: v.optional(v.nullable(topic)),
    as: actAs,
  }),
  output: Room,
});

export const openDirect = defineOperation({
  name: "rooms.open-direct",
  summary: "Find or make the direct room with a user",
  run: "platform",
  effect: "write",
  route: "PUT /connections/{connection}/direct/{user}",
  input: v.strictObject({ connection, user, as: actAs }),
  output: Room,
});

export const listBots = defineOperation({
  name: "rooms.list-bots",
  summary: "List the bots of a room",
  run: "platform",
  effect: "read",
  route: "GET /connections/{connection}/rooms/{room}/bots",
  cli: { columns: ["handle", "nativeId", "username", "active"] },
  input: v.strictObject({ connection, room }),
  output: v.object({
    items: v.array(
      v.object({
        handle: v.nullable(says("Null for a bot that is not managed.", v.string())),
        nativeId: v.string(),
        username: v.string(),
        active: says("Whether the server lets it act there.", v.boolean()),
      }),
    ),
  }),
  answer: v.object({
    items: v.array(v.object({ nativeId: v.string(), username: v.string(), active: v.boolean() })),
  }),
});

export const addBot = defineOperation({
  name: "rooms.add-bot",
  summary: "Bring a bot into a room, by whatever way the platform has",
  run: "platform",
  effect: "write",
  route: "PUT /connections/{connection}/rooms/{room}/bots/{bot}",
  cli: { positionals: ["room", "bot"], done: "joined  {input.connection}/{input.room}  {via}" },
  input: v.strictObject({ connection, room, bot }),
  output: v.object({
    room: v.string(),
    joined: says("False when it was in there before.", v.boolean()),
    via: says("What was done: `invited by @bridge:hs, joined`.", v.string()),
  }),
});

export const removeBot = defineOperation({
  name: "rooms.remove-bot",
  summary: "Take a bot out of a room",
  run: "platform",
  effect: "write",
  destructive: true,
  route: "DELETE /connections/{connection}/rooms/{room}/bots/{bot}",
  cli: { positionals: ["room", "bot"], done: "left  {input.connection}/{input.room}" },
  input: v.strictObject({ connection, room, bot }),
  output: v.object({
    room: v.string(),
    left: says("False when it was not in there.", v.boolean()),
  }),
});
