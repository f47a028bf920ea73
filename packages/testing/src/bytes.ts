import { createHash } from "node:crypto";

/** A stream of one chunk. */
export function streamOf(bytes: Uint8Array): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(bytes);
      controller.close();
    },
  });
}

/**
 * `total` bytes that are the same each time and differ from chunk to chunk, made only when asked for. `failAt`: the
 * stream breaks once so many bytes have gone.
 */
export function patternOf(total: number, options: { readonly failAt?: number } = {}): ReadableStream<Uint8Array> {
  const block = Uint8Array.from({ length: chunkBytes }, (_, index) => (index * 31 + (index >>> 8) * 17) & 0xff);
  const { failAt = Infinity } = options;
  let at = 0;
  return new ReadableStream(
    {
      pull(controller) {
        if (at >= failAt) return controller.error(new Error("the sender went away"));
        if (at >= total) return controller.close();
        const chunk = block.slice(0, Math.min(chunkBytes, total - at));
        if (chunk.byteLength >= 4) new DataView(chunk.buffer).setUint32(0, at / chunkBytes);
        at += chunk.byteLength;
        return controller.enqueue(chunk);
      },
    },
    { highWaterMark: 0 },
  );
}

const chunkBytes = 65_536;

/** SHA-256 in hex, and the length, of a stream that is read and forgotten. */
export async function digestOf(
  body: ReadableStream<Uint8Array>,
): Promise<{ readonly sha256: string; readonly size: number }> {
  const hash = createHash("sha256");
  let size = 0;
  for await (const chunk of body) {
    hash.update(chunk);
    size += chunk.byteLength;
  }
  return { sha256: hash.digest("hex"), size };
}

export async function readAll(body: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  const all = new Uint8Array(chunks.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.byteLength;
  }
  return all;
}
