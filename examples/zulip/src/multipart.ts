import type { Bytes } from "@botyard/sdk";

/** The one file of a form. */
export interface Part {
  readonly field: string;
  readonly name: string;
  readonly file: Pick<Bytes, "body" | "type">;
}

const quoted = (name: string): string => name.replaceAll('"', "%22").replaceAll(/[\r\n]/g, " ");

/** A form with one file, streamed: nothing of it is kept in memory. */
export function multipart({ field, name, file }: Part): {
  readonly body: ReadableStream<Uint8Array>;
  readonly type: string;
} {
  const boundary = `botyard-${crypto.randomUUID()}`;
  const utf8 = new TextEncoder();
  const reader = file.body.getReader();
  const head = utf8.encode(
    `--${boundary}\r\ncontent-disposition: form-data; name="${field}"; filename="${quoted(name)}"\r\n` +
      `content-type: ${file.type}\r\n\r\n`,
  );
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(head),
    async pull(controller) {
      const { done, value } = await reader.read();
      if (value) return controller.enqueue(value);
      if (!done) return;
      controller.enqueue(utf8.encode(`\r\n--${boundary}--\r\n`));
      controller.close();
    },
    cancel: (reason) => reader.cancel(reason),
  });
  return { body, type: `multipart/form-data; boundary=${boundary}` };
}
