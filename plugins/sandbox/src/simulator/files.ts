import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { WireFile } from "../wire.ts";
import { findRoom, Refusal, type Model } from "./model.ts";
import { needMember, needUser } from "./access.ts";
import type { CallsOf } from "./context.ts";

/** Where the bytes are: small ones in memory, large ones in a temporary file. */
type Place = { readonly chunks: readonly Uint8Array[] } | { readonly path: string };

export interface FileCabinet {
  readonly calls: CallsOf<"file">;
  find(id: string): WireFile;
  /** Temporary files go. */
  close(): Promise<void>;
}

const chunkBytes = 65_536;

export function createFiles(model: Model): FileCabinet {
  const files = new Map<string, { readonly file: WireFile; readonly place: Place }>();
  let folder: Promise<string> | null = null;

  const find = (id: string): { readonly file: WireFile; readonly place: Place } => {
    const found = files.get(id);
    if (!found) throw new Refusal(404, "no_such_file", "there is no such file");
    return found;
  };
  const newPath = async (): Promise<string> => {
    folder ??= mkdtemp(join(tmpdir(), "botyard-sandbox-"));
    return join(await folder, crypto.randomUUID());
  };

  return {
    calls: {
      "file.put": async (caller, { room_id, file_name, mime, body }) => {
        const user = needUser(caller);
        if (room_id !== null) needMember(findRoom(model, room_id), user);
        const { place, bytes } = await keep(body, model.policy, newPath);
        const file: WireFile = { file_id: model.id("f"), file_name, mime, bytes };
        files.set(file.file_id, { file, place });
        return { file };
      },
      "file.get": async (caller, { file_id }) => {
        needUser(caller);
        const { file, place } = find(file_id);
        return { file, body: "path" in place ? await streamFile(place.path) : streamChunks(place.chunks) };
      },
    },
    find: (id) => find(id).file,
    async close() {
      files.clear();
      if (folder) await rm(await folder, { recursive: true, force: true });
      folder = null;
    },
  };
}

interface Limits {
  readonly maxFileBytes: number;
  readonly memoryFileBytes: number;
}

/** Takes a body to its end. What broke off in the middle, or was too large, leaves nothing behind. */
async function keep(
  body: ReadableStream<Uint8Array>,
  limits: Limits,
  newPath: () => Promise<string>,
): Promise<{ readonly place: Place; readonly bytes: number }> {
  const chunks: Uint8Array[] = [];
  let spill: { readonly path: string; readonly handle: Awaited<ReturnType<typeof open>> } | null = null;
  let bytes = 0;
  try {
    for await (const chunk of body) {
      bytes += chunk.byteLength;
      if (bytes > limits.maxFileBytes) throw new Refusal(413, "too_large", "the file is larger than the server takes");
      if (!spill && bytes > limits.memoryFileBytes) {
        const path = await newPath();
        spill = { path, handle: await open(path, "wx") };
        for (const early of chunks.splice(0)) await spill.handle.write(early);
      }
      if (spill) await spill.handle.write(chunk);
      else chunks.push(chunk.slice());
    }
    await spill?.handle.close();
    return { place: spill ? { path: spill.path } : { chunks }, bytes };
  } catch (error) {
    await spill?.handle.close().catch(() => undefined);
    if (spill) await rm(spill.path, { force: true });
    throw error;
  }
}

function streamChunks(chunks: readonly Uint8Array[]): ReadableStream<Uint8Array> {
  let next = 0;
  return new ReadableStream({
    pull(controller) {
      const chunk = chunks[next++];
      if (chunk) controller.enqueue(chunk.slice());
      else controller.close();
    },
  });
}

async function streamFile(path: string): Promise<ReadableStream<Uint8Array>> {
  const handle = await open(path, "r");
  return new ReadableStream(
    {
      async pull(controller) {
        const buffer = new Uint8Array(chunkBytes);
        const { bytesRead } = await handle.read(buffer, 0, chunkBytes, null);
        if (bytesRead > 0) {
          controller.enqueue(buffer.subarray(0, bytesRead));
          return;
        }
        await handle.close();
        controller.close();
      },
      cancel: () => handle.close(),
    },
    { highWaterMark: 0 },
  );
}

/** A body that is known to be small, such as an icon. */
export async function readSmall(body: ReadableStream<Uint8Array>, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const { place } = await keep(body, { maxFileBytes: maxBytes, memoryFileBytes: maxBytes }, () => {
    throw new Error("a small body never leaves memory");
  });
  const chunks = "chunks" in place ? place.chunks : [];
  const all = new Uint8Array(chunks.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.byteLength;
  }
  return all;
}

export function streamBytes(bytes: Uint8Array): ReadableStream<Uint8Array> {
  return streamChunks(bytes.byteLength === 0 ? [] : [bytes]);
}
