import { BotyardError } from "@botyard/sdk";
import { errorFrom, reasonData, type Message, type StreamRef } from "./message.ts";
import type { AnyStream } from "./pack.ts";

/** Chunks that may be on their way or unread at one time: 1 MiB of bytes. */
const windowChunks = 16;
// Credits are given back in small lots: a message for each would double the traffic.
const lot = 4;

/** Streams the other side sends. */
export interface Incoming {
  /** `ended` is told once, however it ends. The stream begins to flow with its first read. */
  open(ref: StreamRef, ended?: () => void): AnyStream;
  /** Leaves a stream that nobody reads any more; does nothing for one that is over. */
  stop(id: number, reason: unknown): void;
  chunk(id: number, value: unknown): void;
  end(id: number): void;
  fail(id: number, error: unknown): void;
  failAll(error: BotyardError): void;
}

interface Receiving {
  readonly queue: unknown[];
  readonly ended: () => void;
  /** The reader that waits; reads are one at a time. */
  waiting: (() => void) | null;
  over: boolean;
  error: BotyardError | null;
  asked: boolean;
  owed: number;
}

export function createIncoming(send: (message: Message) => void): Incoming {
  const receivings = new Map<number, Receiving>();

  function finish(id: number, receiving: Receiving, error: BotyardError | null): void {
    if (receiving.over) return;
    receiving.over = true;
    receiving.error = error;
    receivings.delete(id);
    receiving.ended();
    receiving.waiting?.();
  }

  /** Gives back credits when a chunk is taken, not when it arrives: what nobody reads holds the sender back. */
  async function take(id: number, receiving: Receiving): Promise<IteratorResult<unknown, undefined>> {
    if (!receiving.asked) {
      receiving.asked = true;
      if (!receiving.over) send({ type: "pull", id, credits: windowChunks });
    }
    while (receiving.queue.length === 0) {
      if (receiving.error) throw receiving.error;
      if (receiving.over) return { done: true, value: undefined };
      await new Promise<void>((wake) => (receiving.waiting = wake));
      receiving.waiting = null;
    }
    const value = receiving.queue.shift();
    if (++receiving.owed >= lot && !receiving.over) {
      send({ type: "pull", id, credits: receiving.owed });
      receiving.owed = 0;
    }
    return { done: false, value };
  }

  function leave(id: number, receiving: Receiving, reason: unknown): void {
    receiving.queue.length = 0;
    if (receiving.over) return;
    finish(id, receiving, null);
    send({ type: "stop", id, reason: reasonData(reason) });
  }

  return {
    open({ id, kind }, ended = () => {}) {
      const receiving: Receiving = { queue: [], ended, waiting: null, over: false, error: null, asked: false, owed: 0 };
      receivings.set(id, receiving);
      const next = (): Promise<IteratorResult<unknown, undefined>> => take(id, receiving);
      const away = (reason: unknown): void => leave(id, receiving, reason);
      return kind === "bytes" ? bytesStream(next, away) : itemsStream(next, away);
    },
    stop(id, reason) {
      const receiving = receivings.get(id);
      if (receiving) leave(id, receiving, reason);
    },
    chunk(id, value) {
      const receiving = receivings.get(id);
      if (!receiving) return; // it crossed our `stop`
      receiving.queue.push(value);
      if (receiving.queue.length > windowChunks) {
        leave(id, receiving, undefined);
        receiving.error = new BotyardError("plugin_failed", "The other side sent more than it was asked for", {
          effect: "unknown",
        });
      }
      receiving.waiting?.();
    },
    end(id) {
      const receiving = receivings.get(id);
      if (receiving) finish(id, receiving, null);
    },
    fail(id, error) {
      const receiving = receivings.get(id);
      if (receiving) finish(id, receiving, errorFrom(error));
    },
    failAll(error) {
      for (const [id, receiving] of receivings) finish(id, receiving, error);
    },
  };
}

type Take = () => Promise<IteratorResult<unknown, undefined>>;

function bytesStream(take: Take, leave: (reason: unknown) => void): ReadableStream<Uint8Array> {
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await take();
        if (done) controller.close();
        else controller.enqueue(value as Uint8Array);
      },
      cancel: leave,
    },
    { highWaterMark: 0 },
  );
}

function itemsStream(take: Take, leave: (reason: unknown) => void): AsyncIterableIterator<unknown> {
  return {
    next: take,
    return() {
      leave(undefined);
      return Promise.resolve({ done: true, value: undefined });
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
