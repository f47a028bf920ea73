import * as v from "valibot";
import { bytes, bytesInput, defineOperation, says, Text, user } from "@botyard/sdk";
import { actor, ignoreCache, mxc, place } from "./fields.ts";

export const setPresence = defineOperation({
  name: "matrix.set-presence",
  summary: "Show whether a user is there",
  run: "platform",
  effect: "write",
  route: "POST /connections/{connection}/matrix/set-presence",
  cli: { positionals: ["presence"] },
  input: v.strictObject({
    ...actor,
    presence: says("online, unavailable or offline.", v.picklist(["online", "unavailable", "offline"])),
    status: v.optional(says("What to show beside it.", Text)),
    ignoreCache,
  }),
  output: v.object({ sent: says("False when it was so already.", v.boolean()) }),
});

export const getPresence = defineOperation({
  name: "matrix.get-presence",
  summary: "Look whether a user is there",
  run: "platform",
  effect: "read",
  route: "GET /connections/{connection}/matrix/get-presence",
  cli: { positionals: ["user"] },
  input: v.strictObject({ ...actor, user }),
  output: v.object({ presence: v.string(), status: v.nullable(v.string()) }),
});

export const setTyping = defineOperation({
  name: "matrix.set-typing",
  summary: "Show that a user is typing, or no longer",
  run: "platform",
  effect: "write",
  route: "POST /connections/{connection}/matrix/set-typing",
  cli: { positionals: ["room"] },
  input: v.strictObject({
    ...place,
    timeoutMs: v.optional(
      says(
        "Ends by itself after this long; 0 ends it now; default 5000.",
        v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(600_000)),
      ),
    ),
  }),
  output: v.object({ typing: v.boolean() }),
});

export const getProfile = defineOperation({
  name: "matrix.get-profile",
  summary: "Show the profile of a user",
  run: "platform",
  effect: "read",
  route: "GET /connections/{connection}/matrix/get-profile",
  cli: { positionals: ["user"] },
  input: v.strictObject({ ...actor, user }),
  output: v.object({ displayname: v.nullable(v.string()), avatarUrl: v.nullable(v.string()) }),
});

export const setDisplayname = defineOperation({
  name: "matrix.set-displayname",
  summary: "Set the global name of a user",
  description: "One event in every room of the user: nothing is sent where it is so already.",
  run: "platform",
  effect: "write",
  route: "POST /connections/{connection}/matrix/set-displayname",
  cli: { positionals: ["displayname"] },
  input: v.strictObject({ ...actor, displayname: says("Empty: none.", v.pipe(v.string(), v.maxLength(256))) }),
  output: v.object({ changed: says("False when it was so already.", v.boolean()) }),
});

export const setAvatarUrl = defineOperation({
  name: "matrix.set-avatar-url",
  summary: "Set the global picture of a user",
  description: "Without `url` it is taken away. One event in every room of the user.",
  run: "platform",
  effect: "write",
  route: "POST /connections/{connection}/matrix/set-avatar-url",
  cli: { positionals: ["url"] },
  input: v.strictObject({ ...actor, url: v.optional(v.nullable(mxc)) }),
  output: v.object({ changed: says("False when it was so already.", v.boolean()) }),
});

export const searchUsers = defineOperation({
  name: "matrix.search-users",
  summary: "Search the homeserver's user directory",
  run: "platform",
  effect: "read",
  route: "GET /connections/{connection}/matrix/search-users",
  cli: { positionals: ["term"] },
  input: v.strictObject({
    ...actor,
    term: says("Part of a name or id.", v.pipe(v.string(), v.maxLength(255))),
    limit: v.optional(
      says("Users at most; default 10.", v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(100))),
    ),
  }),
  output: v.object({
    limited: says("There are more.", v.boolean()),
    users: v.array(v.object({ user: v.string(), displayname: v.nullable(v.string()) })),
  }),
});

export const uploadMedia = defineOperation({
  name: "matrix.upload-media",
  summary: "Upload a file",
  run: "platform",
  effect: "write",
  route: "POST /connections/{connection}/matrix/upload-media",
  cli: { done: "{url}" },
  input: v.strictObject({
    ...actor,
    name: says("File name.", v.pipe(v.string(), v.minLength(1), v.maxLength(255))),
    file: says("The file.", bytesInput),
  }),
  output: v.object({ url: says("`mxc:` address.", v.string()) }),
});

export const downloadMedia = defineOperation({
  name: "matrix.download-media",
  summary: "Download a file",
  run: "platform",
  effect: "read",
  route: "GET /connections/{connection}/matrix/download-media",
  cli: { positionals: ["url"] },
  input: v.strictObject({ ...actor, url: mxc }),
  output: bytes,
});
