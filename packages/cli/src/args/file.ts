import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { basename, extname } from "node:path";
import { Readable } from "node:stream";
import { BotyardError, type Bytes } from "@botyard/sdk";
import type { Io } from "../io.ts";

const types: Readonly<Record<string, string>> = {
  ".gif": "image/gif",
  ".jpeg": "image/jpeg",
  ".jpg": "image/jpeg",
  ".json": "application/json",
  ".md": "text/markdown",
  ".mp3": "audio/mpeg",
  ".mp4": "video/mp4",
  ".pdf": "application/pdf",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".txt": "text/plain",
  ".webp": "image/webp",
  ".zip": "application/zip",
};

/** A file, or standard input for `-`, as a stream; its media type is guessed from the extension. */
export async function openBytes(path: string, io: Io): Promise<Bytes> {
  if (path === "-") return { body: io.stdin(), type: "application/octet-stream" };
  let size: number;
  try {
    const found = await stat(path);
    if (!found.isFile()) throw new BotyardError("invalid", `--file: ${path} is no file`);
    size = found.size;
  } catch (cause) {
    if (cause instanceof BotyardError) throw cause;
    throw new BotyardError("invalid", `--file: the file ${path} cannot be read`, { cause });
  }
  return {
    body: Readable.toWeb(createReadStream(path)) as ReadableStream<Uint8Array>,
    type: types[extname(path).toLowerCase()] ?? "application/octet-stream",
    size,
    name: basename(path),
  };
}
