import * as v from "valibot";
import { defineOperation, says } from "@botyard/sdk";
import { actor, alias, place, Visibility } from "./fields.ts";

export const addAlias = defineOperation({
  name: "matrix.add-alias",
  summary: "Give a room an alias",
  run: "platform",
  effect: "write",
  route: "POST /connections/{connection}/matrix/add-alias",
  cli: { positionals: ["room", "alias"] },
  input: v.strictObject({
    ...place,
    alias,
    override: v.optional(says("Take it away from another room.", v.boolean())),
  }),
  output: v.object({ added: says("False when the room had it.", v.boolean()) }),
});

export const removeAlias = defineOperation({
  name: "matrix.remove-alias",
  summary: "Take an alias away",
  run: "platform",
  effect: "write",
  route: "POST /connections/{connection}/matrix/remove-alias",
  cli: { positionals: ["alias"] },
  input: v.strictObject({ ...actor, alias }),
  output: v.object({ removed: says("False when there was none.", v.boolean()) }),
});

export const resolveAlias = defineOperation({
  name: "matrix.resolve-alias",
  summary: "Find the room of an alias",
  run: "platform",
  effect: "read",
  route: "GET /connections/{connection}/matrix/resolve-alias",
  cli: { positionals: ["alias"] },
  input: v.strictObject({ ...actor, alias }),
  output: v.object({ room: v.string() }),
});

export const getAliases = defineOperation({
  name: "matrix.get-aliases",
  summary: "List the aliases of a room on this server",
  run: "platform",
  effect: "read",
  route: "GET /connections/{connection}/matrix/get-aliases",
  cli: { positionals: ["room"] },
  input: v.strictObject({ ...place }),
  output: v.object({ aliases: v.array(v.string()) }),
});

export const getVisibility = defineOperation({
  name: "matrix.get-visibility",
  summary: "Show whether the server's directory lists a room",
  run: "platform",
  effect: "read",
  route: "GET /connections/{connection}/matrix/get-visibility",
  cli: { positionals: ["room"] },
  input: v.strictObject({ ...place }),
  output: v.object({ visibility: Visibility }),
});

export const setVisibility = defineOperation({
  name: "matrix.set-visibility",
  summary: "List a room in the server's directory, or no longer",
  run: "platform",
  effect: "write",
  route: "POST /connections/{connection}/matrix/set-visibility",
  cli: { positionals: ["room", "visibility"] },
  input: v.strictObject({
    ...place,
    visibility: says("public or private.", Visibility),
    network: v.optional(
      says("Directory of a third-party network of ours instead of the server's.", v.pipe(v.string(), v.maxLength(255))),
    ),
  }),
  output: v.object({ visibility: Visibility }),
});

export const getJoinedRooms = defineOperation({
  name: "matrix.get-joined-rooms",
  summary: "List the rooms a user is in",
  run: "platform",
  effect: "read",
  route: "GET /connections/{connection}/matrix/get-joined-rooms",
  input: v.strictObject({ ...actor }),
  output: v.object({ rooms: v.array(v.string()) }),
});
