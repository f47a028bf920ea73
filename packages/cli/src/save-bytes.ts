import { createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { BotyardError, type Bytes } from "@botyard/sdk";
import type { Session } from "./session.ts";

/** Writes bytes to a file, or to standard output where that is no terminal. */
export async function saveBytes(bytes: Bytes, path: string | null, { io, note }: Session): Promise<void> {
  if (path === null && io.outIsTerminal) {
    await bytes.body.cancel();
    throw new BotyardError("invalid", `these are bytes (${bytes.type}) and no text for a terminal`, {
      fix: `--file ${bytes.name ?? "<path>"}`,
    });
  }
  if (path === null || path === "-") {
    await io.outBytes(bytes.body);
    return;
  }
  try {
    await pipeline(Readable.fromWeb(bytes.body as never), createWriteStream(path));
  } catch (cause) {
    throw new BotyardError("invalid", `the file ${path} cannot be written`, { cause });
  }
  note(`saved  ${path}  ${bytes.type}`);
}
