import { BotyardError, isBotyardError, type ErrorData } from "@botyard/sdk";
import { errorData, type Message, type Packed } from "./message.ts";
import { pack, tight } from "./pack.ts";

/** Largest piece of bytes in one message. */
const pieceBytes = 65_536;

/** Streams this side sends. Nothing is read from a stream before the other side asks for it. */
export interface Outgoing {
  /** Makes a value fit for a message. `ended` is told once for each stream in it, however it ends. */
  pack(value: unknown, ended?: (how: "end" | "stopped") => void): Packed;
  pull(id: number, credits: number): void;
  /** The reader left: cancels the stream, runs the generator's `finally`. */
  stop(id: number, reason: unknown): void;
  stopAll(reason: unknown): void;
}

interface Source {
  next(): Promise<IteratorResult<unknown>>;
  leave(reason: unknown): Promise<unknown>;
}

interface Sending {
  readonly source: Source;
  readonly ended: (how: "end" | "stopped") => void;
  credits: number;
  pumping: boolean;
  over: boolean;
}

export function createOutgoing(send: (message: Message) => void): Outgoing {
  const sendings = new Map<number, Sending>();
  let last = 0;

  function finish(id: number, sending: Sending, how: "end" | "stopped"): void {
    sending.over = true;
    sendings.delete(id);
    sending.ended(how);
  }

  async function pump(id: number, sending: Sending): Promise<void> {
    if (sending.pumping) return;
    sending.pumping = true;
    try {
      while (sending.credits > 0 && !sending.over) {
        const { done, value } = await sending.source.next();
        if (sending.over) return;
        if (done) {
          finish(id, sending, "end");
          return send({ type: "end", id });
        }
        sending.credits--;
        send({ type: "chunk", id, value });
      }
    } catch (error) {
      if (sending.over) return;
      finish(id, sending, "end");
      send({ type: "fail", id, error: brokenData(error) });
      sending.source.leave(error).catch(() => {}); // it has failed already
    } finally {
      sending.pumping = false;
    }
  }

  const outgoing: Outgoing = {
    pack(value, ended = () => {}) {
      const before = last;
      try {
        return pack(value, (stream, kind) => {
          const source = kind === "bytes" ? bytesSource(stream as ReadableStream<Uint8Array>) : itemsSource(stream);
          sendings.set(++last, { source, ended, credits: 0, pumping: false, over: false });
          return last;
        });
      } catch (error) {
        while (last > before) outgoing.stop(last--, error);
        throw error;
      }
    },
    pull(id, credits) {
      const sending = sendings.get(id);
      if (!sending) return;
      sending.credits += credits;
      void pump(id, sending);
    },
    stop(id, reason) {
      const sending = sendings.get(id);
      if (!sending) return;
      finish(id, sending, "stopped");
      sending.source.leave(reason).catch(() => {}); // nobody is left to hear it
    },
    stopAll(reason) {
      for (const id of sendings.keys()) outgoing.stop(id, reason);
    },
  };
  return outgoing;
}

function bytesSource(stream: ReadableStream<Uint8Array>): Source {
  const reader = stream.getReader();
  let rest = new Uint8Array();
  return {
    async next() {
      while (rest.byteLength === 0) {
        const { done, value } = await reader.read();
        if (done) return { done: true, value: undefined };
        rest = new Uint8Array(value.buffer as ArrayBuffer, value.byteOffset, value.byteLength);
      }
      const piece = rest.subarray(0, pieceBytes);
      rest = rest.subarray(pieceBytes);
      return { done: false, value: tight(piece) };
    },
    leave: (reason) => reader.cancel(reason),
  };
}

function itemsSource(stream: AsyncIterable<unknown>): Source {
  const iterator = stream[Symbol.asyncIterator]();
  return {
    async next() {
      const result = await iterator.next();
      return result.done ? result : { done: false, value: pack(result.value, refuseStream).value };
    },
    leave: async () => iterator.return?.(),
  };
}

function refuseStream(): never {
  throw new BotyardError("internal", "An item of a stream cannot hold a stream itself");
}

function brokenData(error: unknown): ErrorData {
  if (isBotyardError(error)) return errorData(error);
  return { code: "plugin_failed", detail: "The stream broke off on the other side", details: { effect: "unknown" } };
}
