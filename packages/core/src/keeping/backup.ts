import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import { BotyardError, type Bytes } from "@botyard/sdk";
import { refuse, seesAll } from "../access/grants.ts";
import type { CoreHandler } from "../invoke/context.ts";

/** The copy as a stream; taken away when it was read, or nobody reads it any more. */
function streamOf(path: string, remove: () => void): ReadableStream<Uint8Array> {
  const file = createReadStream(path);
  file.once("close", remove);
  return Readable.toWeb(file) as ReadableStream<Uint8Array>;
}

/** `botyard-2026-11-20T081403Z.db` */
const nameOf = (now: string): string => `botyard-${now.slice(0, 19).replaceAll(":", "")}Z.db`;

/** The database as one file: everything but the seal key. */
export const backup: CoreHandler<"service.backup"> = async (_, { core, principal, operation }): Promise<Bytes> => {
  // A part of it cannot be had: whoever sees only some connections gets nothing.
  if (!seesAll(principal.grant)) throw refuse(principal, operation.name);
  const { path, bytes, remove } = await core.store.backup();
  try {
    return {
      body: streamOf(path, remove),
      type: "application/vnd.sqlite3",
      size: bytes,
      name: nameOf(core.now()),
    };
  } catch (cause) {
    remove();
    throw new BotyardError("internal", "the copy was made and could not be read", { cause });
  }
};
