import type { Bytes } from "@botyard/sdk";

/** What is read of a stream; the runtimes' own types of its reader differ. */
interface Reader {
  read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
  cancel(reason?: unknown): Promise<void>;
}

/** A form of one file, streamed: the file server wants the field `file`. */
export function toForm(
  file: Bytes,
  name: string,
): { readonly type: string; readonly body: ReadableStream<Uint8Array> } {
  const boundary = `botyard-${crypto.randomUUID()}`;
  const encoder = new TextEncoder();
  const quoted = name.replaceAll(/["\\\r\n]/g, (char) => encodeURIComponent(char));
  const media = /^[\w.+-]+\/[\w.+;= -]+$/.test(file.type) ? file.type : "application/octet-stream";
  const head = `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="${quoted}"\r\nContent-Type: ${media}\r\n\r\n`;
  const parts = [encoder.encode(head), file.body, encoder.encode(`\r\n--${boundary}--\r\n`)];
  return { type: `multipart/form-data; boundary=${boundary}`, body: joined(parts) };
}

function joined(parts: readonly (Uint8Array | ReadableStream<Uint8Array>)[]): ReadableStream<Uint8Array> {
  const rest = [...parts];
  let reader: Reader | null = null;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        for (;;) {
          if (reader) {
            const { done, value } = await reader.read();
            if (!done && value) return controller.enqueue(value);
            reader = null;
          }
          const part = rest.shift();
          if (part === undefined) return controller.close();
          if (part instanceof Uint8Array) return controller.enqueue(part);
          reader = part.getReader();
        }
      },
      async cancel(reason) {
        await reader?.cancel(reason);
        for (const part of rest) if (!(part instanceof Uint8Array)) await part.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}
