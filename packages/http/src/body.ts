import { BotyardError, type Bytes } from "@botyard/sdk";

const decoder = new TextDecoder("utf-8", { fatal: true });
const jsonType = /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i;
/** What `curl -d '{…}'` says of every body. A key is in no cookie, so that no page of somebody else can send it along. */
const curlType = /^application\/x-www-form-urlencoded$/i;
const openBrace = 0x7b;

function tooLarge(maxBytes: number): BotyardError {
  return new BotyardError(
    "too_large",
    `The body is larger than ${maxBytes} bytes, the most this call takes; nothing was done.`,
  );
}

/** The whole body. Throws `too_large` as soon as it is known, `cancelled` when the caller goes away in the middle. */
export async function readLimited(request: Request, maxBytes: number): Promise<Uint8Array> {
  const declared = Number(request.headers.get("content-length") ?? Number.NaN);
  if (declared > maxBytes) throw tooLarge(maxBytes);
  try {
    // Both runtimes hold the sender to what it declared. A stream that nobody reads is dear: `body` is not touched.
    if (declared >= 0) return new Uint8Array(await request.arrayBuffer());
    return request.body === null ? new Uint8Array() : await collect(request.body, maxBytes);
  } catch (error) {
    if (error instanceof BotyardError) throw error;
    throw new BotyardError("cancelled", "The request ended before its body did; nothing was done.", { cause: error });
  }
}

async function collect(body: ReadableStream<Uint8Array>, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
  }
  const whole = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return whole;
}

/** The JSON object in the body; `{}` for none. Throws `invalid`, `too_large`. */
export async function readJson(request: Request, maxBytes: number): Promise<Readonly<Record<string, unknown>>> {
  if (request.headers.get("content-encoding"))
    throw new BotyardError("invalid", "The body is compressed, which is not taken here; send it as it is.");
  const bytes = await readLimited(request, maxBytes);
  if (bytes.byteLength === 0) return {};
  const type = request.headers.get("content-type") ?? "";
  if (!jsonType.test(type) && !(curlType.test(type) && bytes[0] === openBrace))
    throw new BotyardError("invalid", "The body is JSON, and its content type has to say so: application/json.", {
      fix: "curl --json '{…}' …, or -H 'Content-Type: application/json'",
    });
  const value = parse(bytes);
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new BotyardError(
      "invalid",
      "The body is JSON, but not an object: `{ … }` with the operation's fields is expected.",
    );
  return value as Record<string, unknown>;
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(bytes)) as unknown;
  } catch {
    // The parser's own words quote the body, and with it perhaps a secret.
    throw new BotyardError("invalid", "The body is not valid JSON in UTF-8; nothing was done.");
  }
}

/** The body as the bytes themselves, never buffered. Throws `invalid` for an empty body and for a form. */
export async function readBytes(request: Request): Promise<Bytes> {
  const type = request.headers.get("content-type") ?? "application/octet-stream";
  if (/^(?:multipart\/form-data|application\/x-www-form-urlencoded)\b/i.test(type))
    throw new BotyardError(
      "invalid",
      "The body is the bytes themselves, not a form; its content type is that of the bytes.",
      {
        fix: "curl --data-binary @picture.png -H 'Content-Type: image/png' …",
      },
    );
  const length = request.headers.get("content-length");
  const body =
    length === "0"
      ? null
      : request.body === null
        ? null
        : length === null
          ? await nonEmpty(request.body)
          : request.body;
  if (body === null)
    throw new BotyardError("invalid", "The body is empty; it has to be the bytes of the file.", {
      fix: "curl --data-binary @picture.png -H 'Content-Type: image/png' …",
    });
  return { body, type, ...(length === null ? {} : { size: Number(length) }) };
}

/** The same stream when it has a first byte; else null. */
async function nonEmpty(body: ReadableStream<Uint8Array>): Promise<ReadableStream<Uint8Array> | null> {
  const reader = body.getReader();
  let first = await reader.read();
  while (!first.done && first.value.byteLength === 0) first = await reader.read();
  if (first.done) return null;
  let head: Uint8Array | null = first.value;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (head) {
          controller.enqueue(head);
          head = null;
          return;
        }
        const next = await reader.read();
        if (next.done) controller.close();
        else controller.enqueue(next.value);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}
