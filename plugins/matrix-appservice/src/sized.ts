import { BotyardError, type Bytes } from "@botyard/sdk";

/** Most bytes that are held in memory to find out how many there are. */
const maxHeldBytes = 16 * 1024 * 1024;

/** The body of an upload with its length: Synapse refuses one without. Only where nobody said the length it is held in memory. */
export async function sized(
  file: Bytes,
): Promise<{ readonly body: ReadableStream<Uint8Array> | Uint8Array; readonly size: number }> {
  if (file.size !== undefined) return { body: file.body, size: file.size };
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = file.body.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    chunks.push(part.value);
    size += part.value.length;
    if (size <= maxHeldBytes) continue;
    await reader.cancel();
    throw new BotyardError(
      "too_large",
      `a homeserver wants to know a file's length beforehand; without it at most ${maxHeldBytes} bytes are taken`,
      {
        fix: "send a Content-Length, or give the file by --file PATH",
      },
    );
  }
  const body = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.length;
  }
  return { body, size };
}
