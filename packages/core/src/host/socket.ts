import { randomBytes } from "node:crypto";
import { BotyardError, type Clock, type Socket } from "@botyard/sdk";
import { stoppedError } from "./stopped.ts";
import { createWatchdog } from "./watchdog.ts";
import { createFrameReader, encodeFrame, FrameError, opcode, type Frame } from "./ws-frames.ts";
import { upgrade } from "./ws-handshake.ts";

export interface SocketOptions {
  /** `wss://chat.example.org/api/v4/websocket` */
  readonly url: URL;
  readonly protocols?: readonly string[] | undefined;
  /** Sent with the handshake. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Any of them ends the socket, also once it is open. */
  readonly signals: readonly AbortSignal[];
  readonly clock: Clock;
}

const openMs = 30_000;
const closeMs = 2_000;
const maxMessageBytes = 16 * 1_048_576;
// Messages read ahead of who takes them; past either the connection is not read any more.
const aheadMessages = 256;
const aheadBytes = 1_048_576;

/** Opens a WebSocket. Answers pings by itself as long as messages are taken. */
export async function openSocket({
  url,
  protocols = [],
  headers = {},
  signals,
  clock,
}: SocketOptions): Promise<Socket> {
  const watchdog = createWatchdog(clock, openMs, signals);
  watchdog.touch();
  const { connection, rest } = await upgrade(url, protocols, headers, watchdog.signal).catch((error: unknown) => {
    watchdog.stop();
    throw watchdog.signal.aborted ? stoppedError(watchdog.signal.reason, "none") : error;
  });
  watchdog.pause();

  const queue: (string | Uint8Array)[] = [];
  let ahead = 0;
  let wake = (): void => {};
  let ended: { readonly error: BotyardError | null } | null = null;
  let closing = false;
  let gone = (): void => {};
  const left = new Promise<void>((resolve) => (gone = resolve));
  const sending = new Set<(error: BotyardError) => void>();
  const read = createFrameReader(maxMessageBytes);
  const assemble = createAssembler();

  function end(error: BotyardError | null): void {
    if (ended) return;
    ended = { error };
    watchdog.stop();
    connection.destroy();
    for (const reject of sending) reject(error ?? broken());
    sending.clear();
    gone();
    wake();
  }
  const write = (kind: number, payload: Uint8Array): boolean =>
    connection.write(encodeFrame(kind, payload, randomBytes(4)));
  const broken = (): BotyardError =>
    new BotyardError("unreachable", `The socket to ${url.host} broke`, { effect: "none" });

  function handle(frame: Frame): void {
    if (frame.opcode === opcode.ping) write(opcode.pong, frame.payload);
    if (frame.opcode === opcode.close) {
      if (!closing) write(opcode.close, frame.payload.subarray(0, 2));
      closing = true;
      connection.end(() => end(null));
    }
    if (frame.opcode >= opcode.close) return;
    const message = assemble(frame);
    if (message === null) return;
    queue.push(message);
    ahead += message.length;
    wake();
  }

  function feed(bytes: Uint8Array): void {
    try {
      for (const frame of read(bytes)) handle(frame);
      if (queue.length >= aheadMessages || ahead >= aheadBytes) connection.pause();
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      write(opcode.close, closePayload(error.closeCode));
      end(new BotyardError("upstream", `The socket to ${url.host} was closed: ${error.message}`, { cause: error }));
    }
  }

  connection.on("data", feed);
  connection.on("error", () => end(broken()));
  connection.on("close", () => end(closing ? null : broken()));
  watchdog.signal.addEventListener("abort", () => end(stoppedError(watchdog.signal.reason, "none")), { once: true });
  if (rest.byteLength > 0) feed(rest);
  connection.resume();

  async function take(): Promise<IteratorResult<string | Uint8Array, undefined>> {
    for (;;) {
      const message = queue.shift();
      if (message !== undefined) {
        ahead -= message.length;
        if (!ended && queue.length < aheadMessages && ahead < aheadBytes) connection.resume();
        return { done: false, value: message };
      }
      if (ended?.error) throw ended.error;
      if (ended) return { done: true, value: undefined };
      await new Promise<void>((resolve) => (wake = resolve));
    }
  }

  const socket: Socket = {
    messages: {
      [Symbol.asyncIterator]: () => ({
        next: take,
        async return() {
          queue.length = 0;
          await socket.close();
          return { done: true, value: undefined };
        },
      }),
    },
    send: (data) =>
      new Promise((resolve, reject) => {
        if (ended || closing) return reject(ended?.error ?? broken());
        const text = typeof data === "string";
        const payload = text ? new TextEncoder().encode(data) : data;
        sending.add(reject);
        connection.write(encodeFrame(text ? opcode.text : opcode.binary, payload, randomBytes(4)), (error) => {
          sending.delete(reject);
          if (error) reject(broken());
          else resolve();
        });
      }),
    async close(code = 1000, reason = "") {
      if (ended || closing) return left;
      closing = true;
      write(opcode.close, closePayload(code, reason));
      connection.resume(); // the answer may be behind messages nobody takes any more
      await Promise.race([left, clock.sleep(closeMs, watchdog.signal).catch(() => {})]);
      end(null);
    },
  };
  return socket;
}

/** Joins fragments; null while a message is not whole. */
function createAssembler(): (frame: Frame) => string | Uint8Array | null {
  let parts: Uint8Array[] = [];
  let kind: number | null = null;
  return ({ fin, opcode: given, payload }) => {
    if ((given === opcode.continuation) !== (kind !== null)) throw new FrameError(1002, "fragments are out of order");
    kind ??= given;
    if (kind > opcode.binary) throw new FrameError(1002, "a frame is of no known kind");
    parts.push(payload);
    if (parts.reduce((sum, { byteLength }) => sum + byteLength, 0) > maxMessageBytes)
      throw new FrameError(1009, `a message is larger than ${maxMessageBytes} bytes`);
    if (!fin) return null;
    const whole = parts.length === 1 ? payload : new Uint8Array(Buffer.concat(parts));
    const text = kind === opcode.text;
    parts = [];
    kind = null;
    return text ? toText(whole) : whole;
  };
}

// One for all: without `stream` it keeps nothing between two messages, and a new one costs more than a small message.
const utf8 = new TextDecoder("utf-8", { fatal: true });

function toText(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new FrameError(1007, "a text message is not UTF-8");
  }
}

function closePayload(code: number, reason = ""): Uint8Array {
  const text = new TextEncoder().encode(reason).subarray(0, 123);
  const payload = new Uint8Array(2 + text.byteLength);
  new DataView(payload.buffer).setUint16(0, code);
  payload.set(text, 2);
  return payload;
}
