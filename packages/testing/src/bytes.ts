/** A stream of one chunk. */
export function streamOf(bytes: Uint8Array): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(bytes);
      controller.close();
    },
  });
}

/** `total` bytes of a pattern that is the same each time, `chunkBytes` at a time and only when asked for. */
export function patternOf(total: number, chunkBytes = 65_536): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream(
    {
      pull(controller) {
        if (at >= total) return controller.close();
        const chunk = new Uint8Array(Math.min(chunkBytes, total - at));
        for (let index = 0; index < chunk.byteLength; index += 1) chunk[index] = patternAt(at + index);
        at += chunk.byteLength;
        return controller.enqueue(chunk);
      },
    },
    { highWaterMark: 0 },
  );
}

/** The byte of `patternOf` at an offset: never the same at two chunks' beginnings. */
export function patternAt(offset: number): number {
  return (offset * 31 + (offset >>> 16) * 17) & 0xff;
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
