import { BotyardError, type Clock, type Socket } from "@botyard/sdk";
import { objectOf, textOf, toFrame, type WireFrame, type WireReady } from "./wire.ts";

/** How long the gateway may take to say `Ready`: before that it ignores what it does not like and just stays silent. */
const readyMs = 15_000;

export interface Received {
  readonly text: string;
  readonly frame: WireFrame | null;
}

/** A socket that is logged in. */
export interface Gateway {
  readonly ready: WireReady;
  /** As they came; null in place of a frame for what is none. Ends or throws like the socket. */
  readonly frames: AsyncIterable<Received>;
  /** Resolves with the pong that carries the same number. */
  ping(): Promise<void>;
  typing(channel: string, on: boolean): Promise<void>;
  /** Why frames end, where it is us who ended them. */
  end(reason: BotyardError | null): Promise<void>;
}

export interface Connecting {
  readonly open: (url: string, signal?: AbortSignal) => Promise<Socket>;
  readonly url: string;
  readonly token: string;
  readonly clock: Clock;
  readonly signal?: AbortSignal;
}

/**
 * Opens a socket and logs in by frame: a token in the address would end in the logs of proxies. Throws
 * `unauthenticated` for a token the server does not know, `timeout` where it stays silent, else like `host.socket`.
 */
export async function connectGateway({ open, url, token, clock, signal }: Connecting): Promise<Gateway> {
  const socket = await open(url, signal);
  const messages = socket.messages[Symbol.asyncIterator]();
  const late = new AbortController();
  const silence = clock.sleep(readyMs, late.signal).then(
    () =>
      Promise.reject(
        new BotyardError("timeout", `The gateway did not answer the login in ${readyMs / 1000} s.`, { effect: "none" }),
      ),
    () => new Promise<never>(() => {}),
  );
  silence.catch(() => {}); // heard by the race, unless the login failed first
  try {
    await socket.send(JSON.stringify({ type: "Authenticate", token }));
    const ready = await Promise.race([untilReady(messages), silence]);
    return toGateway(socket, messages, ready);
  } catch (error) {
    await socket.close().catch(() => {});
    throw error;
  } finally {
    late.abort();
  }
}

type Messages = AsyncIterator<string | Uint8Array>;

async function untilReady(messages: Messages): Promise<WireReady> {
  for (;;) {
    const { done, value } = await messages.next();
    if (done)
      throw new BotyardError("unreachable", "The gateway closed the socket during the login.", { effect: "none" });
    const frame = toFrame(value);
    if (frame) refuse(frame);
    if (frame?.type === "Ready") return frame as WireReady;
  }
}

/** Throws `unauthenticated` for the frames that mean: this token is not valid, and will not be. */
export function refuse(frame: WireFrame): void {
  if (frame.type === "Logout")
    throw new BotyardError("unauthenticated", "The server ended the session: the token was reset or revoked.", {
      effect: "none",
    });
  if (frame.type !== "Error") return;
  // public documentation shows `error`, servers send `data`
  const given = frame["data"] ?? frame["error"];
  const code = textOf(given) ?? textOf(objectOf(given)["type"]) ?? "unknown";
  if (code === "InvalidSession" || code === "OnboardingNotFinished")
    throw new BotyardError("unauthenticated", "The gateway does not accept the token.", {
      effect: "none",
      upstream: { code },
    });
  throw new BotyardError("upstream", "The gateway reported an error.", {
    effect: "none",
    upstream: { code: code.slice(0, 64) },
  });
}

function toGateway(socket: Socket, messages: Messages, ready: WireReady): Gateway {
  const waiting = new Map<number, () => void>();
  let pings = 0;
  let ended: BotyardError | null = null;

  /** The next frame that is not an answer to a ping. */
  async function next(): Promise<IteratorResult<Received, undefined>> {
    for (;;) {
      const { done, value } = await messages.next().catch((error: unknown) => {
        throw ended ?? error;
      });
      if (done) {
        if (ended) throw ended;
        return { done: true, value: undefined };
      }
      const text = typeof value === "string" ? value : new TextDecoder().decode(value);
      const frame = toFrame(text);
      if (frame?.type !== "Pong") return { done: false, value: { text, frame } };
      waiting.get(Number(frame["data"]))?.();
    }
  }

  return {
    ready,
    frames: { [Symbol.asyncIterator]: () => ({ next }) },
    async ping() {
      // A ping without a number is not answered.
      const number = ++pings;
      const pong = new Promise<void>((resolve) => waiting.set(number, resolve));
      try {
        await socket.send(JSON.stringify({ type: "Ping", data: number }));
        await pong;
      } finally {
        waiting.delete(number);
      }
    },
    typing: (channel, on) => socket.send(JSON.stringify({ type: on ? "BeginTyping" : "EndTyping", channel })),
    async end(reason) {
      ended ??= reason;
      await socket.close().catch(() => {});
    },
  };
}
