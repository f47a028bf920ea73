import * as v from "valibot";
import { bytes, defineOperation } from "../operation.ts";
import { actAs, bytesInput, connection, NativeId, room, says } from "../schema.ts";
import { FileRef } from "../shapes/content.ts";

export const upload = defineOperation({
  name: "files.upload",
  summary: "Upload a file; attach it by its id in a message's files",
  description: "The bytes are streamed, never buffered, and never sent a second time.",
  run: "platform",
  effect: "write",
  route: "POST /connections/{connection}/files",
  cli: { done: "uploaded  {name}  id {id}" },
  input: v.strictObject({
    connection,
    as: actAs,
    room: v.optional(room),
    name: says("File name people see.", v.pipe(v.string(), v.minLength(1), v.maxLength(255))),
    file: says("The bytes.", bytesInput),
  }),
  output: FileRef,
  errors: ["too_large"],
});

export const download = defineOperation({
  name: "files.download",
  summary: "Download a file",
  run: "platform",
  effect: "read",
  route: "GET /connections/{connection}/files/{file}",
  input: v.strictObject({ connection, file: says("The server's id of the file.", NativeId), as: actAs }),
  output: bytes,
});
