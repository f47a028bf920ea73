import { BotyardError, isBotyardError, type HttpRequest } from "@botyard/sdk";
import type { Watchdog } from "./watchdog.ts";

/** A request's body on its way out. */
export interface Upload {
  /** Undefined for GET. */
  readonly body: ReadableStream<Uint8Array> | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** False: there are no bytes to send. */
  readonly filled: boolean;
  /** Why the caller's stream broke, when it did. */
  failure(): BotyardError | null;
  /** Lets go of the caller's stream. */
  cancel(reason: unknown): void;
}

/**
 * Every body goes out as a stream: Bun (PUT, DELETE) and Deno (all methods) silently send a request a second time when a
 * kept-alive connection breaks, but never one whose body is a stream. A repeat must be our decision, not theirs.
 */
export function createUpload(request: HttpRequest, watchdog: Watchdog): Upload {
  if (request.method === "GET") {
    if (request.body !== undefined || request.json !== undefined)
      throw new BotyardError("invalid", "A GET request has no body", {
        issues: [{ path: "body", expected: "no body" }],
      });
    return { body: undefined, headers: {}, filled: false, failure: () => null, cancel() {} };
  }
  if (request.body instanceof ReadableStream) return streamUpload(request.body, watchdog);
  const bytes = bytesOf(request);
  return {
    body: new ReadableStream({
      start(controller) {
        if (bytes.byteLength > 0) controller.enqueue(bytes);
        controller.close();
      },
    }),
    headers: {
      "content-length": String(bytes.byteLength),
      ...(request.json === undefined ? {} : { "content-type": "application/json" }),
    },
    filled: bytes.byteLength > 0,
    failure: () => null,
    cancel() {},
  };
}

function bytesOf(request: HttpRequest): Uint8Array {
  if (request.json !== undefined) return new TextEncoder().encode(JSON.stringify(request.json));
  if (typeof request.body === "string") return new TextEncoder().encode(request.body);
  return request.body instanceof Uint8Array ? request.body : new Uint8Array();
}

function streamUpload(source: ReadableStream<Uint8Array>, watchdog: Watchdog): Upload {
  const reader = source.getReader();
  let failure: BotyardError | null = null;
  let open = true;
  const cancel = (reason: unknown): void => {
    if (!open) return;
    open = false;
    reader.cancel(reason).catch(() => {}); // the source has failed by itself
  };
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          // While the caller has nothing to send, the server is not the one who is late.
          watchdog.pause();
          const { done, value } = await reader.read();
          watchdog.touch();
          if (!done) return controller.enqueue(value);
          open = false;
          controller.close();
        } catch (error) {
          open = false;
          failure = brokenUpload(error);
          controller.error(failure);
          watchdog.abort(failure);
        }
      },
      cancel,
    },
    { highWaterMark: 0 },
  );
  return { body, headers: {}, filled: true, failure: () => failure, cancel };
}

function brokenUpload(error: unknown): BotyardError {
  const detail = "The bytes to send broke off in the middle; the server may have kept what it got";
  if (!isBotyardError(error)) return new BotyardError("cancelled", detail, { effect: "unknown", cause: error });
  return new BotyardError(error.code, error.message, { ...error.details, effect: "unknown", cause: error });
}

/** The whole body as text. Throws `upstream` past `maxBytes`, and reads no further. */
export async function readText(
  body: ReadableStream<Uint8Array> | null,
  maxBytes: number,
  origin: string,
): Promise<string> {
  if (!body) return "";
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let text = "";
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    size += value.byteLength;
    if (size > maxBytes) {
      reader.cancel().catch(() => {}); // we are not interested any more
      throw new BotyardError("upstream", `${origin} answered with more than ${maxBytes / 1_048_576} MiB`, {
        effect: "unknown",
      });
    }
    text += decoder.decode(value, { stream: true });
  }
}

/** JSON value of a text, or undefined where it is none. */
export function jsonOf(text: string): unknown {
  if (text === "") return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
