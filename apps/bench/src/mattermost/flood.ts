// A server of its own thread: greets whoever opens a WebSocket, and on "go" sends it a recorded mix as fast as it is read.
import { createHash } from "node:crypto";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { parentPort, workerData } from "node:worker_threads";
import { frameMix } from "./mix.ts";

/** What the thread is started with. */
export interface FloodOptions {
  readonly frames: number;
}

const chunkBytes = 65_536;
const guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

function encode(text: string): Buffer {
  const body = Buffer.from(text);
  const size = body.byteLength;
  const head = size < 126 ? [0x81, size] : [0x81, 126, size >> 8, size & 255];
  return Buffer.concat([Buffer.from(head), body]);
}

/** Frames glued together as a busy server's kernel does. */
function chunks(texts: readonly string[]): readonly Buffer[] {
  const done: Buffer[] = [];
  let some: Buffer[] = [];
  let size = 0;
  for (const text of texts) {
    const frame = encode(text);
    some.push(frame);
    size += frame.byteLength;
    if (size < chunkBytes) continue;
    done.push(Buffer.concat(some));
    some = [];
    size = 0;
  }
  return [...done, Buffer.concat(some)];
}

function flood(socket: Socket, all: readonly Buffer[]): void {
  let at = 0;
  const more = (): void => {
    while (at < all.length) {
      const chunk = all[at];
      at += 1;
      if (chunk && !socket.write(chunk)) return void socket.once("drain", more);
    }
  };
  more();
}

/** Each action of the client, in order: all it sends are short frames with a seq that counts from 1. */
function answerPings(socket: Socket): void {
  let seq = 0;
  socket.on("data", (bytes) => {
    const maskBytes = 4;
    for (let at = 0; at + 1 < bytes.length; at += 2 + maskBytes + ((Number(bytes[at + 1]) || 0) & 127)) {
      if ((Number(bytes[at]) & 15) !== 1) continue;
      seq += 1;
      socket.write(encode(JSON.stringify({ status: "OK", seq_reply: seq, data: { text: "pong" } })));
    }
  });
}

function serve(port: NonNullable<typeof parentPort>, { frames }: FloodOptions): void {
  const all = chunks(frameMix(frames));
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("close", () => open.delete(socket));
    socket.once("data", (bytes) => {
      const key = /sec-websocket-key: (\S+)/i.exec(bytes.toString("latin1"))?.[1] ?? "";
      const accept = createHash("sha1")
        .update(key + guid)
        .digest("base64");
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
      );
      const data = { connection_id: "bhrincb4yiyrdcbcir8hcdhehc", server_version: "11.1.0" };
      socket.write(encode(JSON.stringify({ event: "hello", data, broadcast: {}, seq: 0 })));
      open.add(socket);
      answerPings(socket);
    });
  });
  port.on("message", () => {
    for (const socket of open) flood(socket, all);
  });
  server.listen(0, "127.0.0.1", () => port.postMessage((server.address() as AddressInfo).port));
}

if (parentPort) serve(parentPort, workerData as FloodOptions);
