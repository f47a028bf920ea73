import { BotyardError, isBotyardError, type Log, toProblem } from "@botyard/sdk";
import { toBotyardError } from "./problem.ts";

interface EventStreamOptions {
  /** `req_…` */
  readonly request: string;
  readonly log?: Log | undefined;
  /** Aborted when the key is revoked or expires. */
  readonly revoked: AbortSignal;
  /** Aborted when the stream is over; aborting it ends the stream. What makes the items listens to its signal. */
  readonly ended: AbortController;
  /** A comment is sent this often, so that nothing on the way takes silence for death. */
  readonly heartbeatMs: number;
}

const encoder = new TextEncoder();
const comment = encoder.encode(":\n\n");

/** Frames of items that many streams are given: an event is the same object for all who were woken by it. */
const frames = new WeakMap<object, Uint8Array>();

function frameOf(item: unknown): Uint8Array {
  if (typeof item !== "object" || item === null) return frame(item);
  let made = frames.get(item);
  if (!made) {
    made = frame(item);
    frames.set(item, made);
  }
  return made;
}

/** One item as a server-sent event; `cursor` and `type` of the item become `id:` and `event:`. */
function frame(item: unknown): Uint8Array {
  const { cursor, type } = (typeof item === "object" && item !== null ? item : {}) as {
    cursor?: unknown;
    type?: unknown;
  };
  const id = typeof cursor === "string" ? `id: ${cursor}\n` : "";
  const event = typeof type === "string" ? `event: ${type}\n` : "";
  return encoder.encode(`${id}${event}data: ${JSON.stringify(item)}\n\n`);
}

/**
 * Items as `text/event-stream`: `id: c_7f2_4812`, `event: message.created`, `data: {…}`. A failure ends it with
 * `event: error` and a problem as data. Items are taken one by one, as fast as the reader reads.
 */
export function eventStream(items: AsyncIterable<unknown>, options: EventStreamOptions): ReadableStream<Uint8Array> {
  const { request, log, revoked, ended, heartbeatMs } = options;
  const iterator = items[Symbol.asyncIterator]();
  let over = false;
  let finish = (): void => {};
  let fail = (_error: unknown): void => {};
  return new ReadableStream<Uint8Array>({
    start(controller) {
      const heartbeat = setInterval(() => {
        if ((controller.desiredSize ?? 0) > 0) controller.enqueue(comment);
      }, heartbeatMs);
      const onRevoked = (): void => {
        const reason: unknown = revoked.reason;
        fail(
          isBotyardError(reason)
            ? reason
            : new BotyardError("unauthenticated", "The key of this stream was revoked or has expired."),
        );
      };
      finish = (): void => {
        over = true;
        clearInterval(heartbeat);
        revoked.removeEventListener("abort", onRevoked);
        ended.abort();
        // Not awaited: a generator that waits for its next item returns only when that comes.
        iterator.return?.().catch(() => {});
      };
      fail = (error: unknown): void => {
        if (over) return;
        const problem = toProblem(toBotyardError(error, { request, log }), request);
        controller.enqueue(encoder.encode(`event: error\ndata: ${JSON.stringify(problem)}\n\n`));
        finish();
        controller.close();
      };
      controller.enqueue(comment);
      // A caller that left before the first byte was read never cancels the body.
      ended.signal.addEventListener("abort", () => {
        if (over) return;
        finish();
        controller.close();
      });
      if (revoked.aborted) onRevoked();
      else revoked.addEventListener("abort", onRevoked, { once: true });
    },
    async pull(controller) {
      try {
        const next = await iterator.next();
        if (over) return;
        if (!next.done) return controller.enqueue(frameOf(next.value));
        finish();
        controller.close();
      } catch (error) {
        fail(error);
      }
    },
    cancel: () => {
      if (!over) finish();
    },
  });
}
