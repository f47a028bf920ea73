import { createHash } from "node:crypto";
import { createServer, type Socket } from "node:net";
import type { Gateway, Line } from "./gateway.ts";

const magic = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const opcode = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** The gateway on a port of this machine, for what opens sockets over a network. */
export interface Loopback {
  /** `ws://127.0.0.1:40123` */
  readonly url: string;
  close(): Promise<void>;
}

/** Serves WebSockets, as far as clients of a gateway use them: whole text frames, pings, closing. */
export async function serveGateway(gateway: Gateway): Promise<Loopback> {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => open.delete(socket));
    greet(socket, gateway);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `ws://127.0.0.1:${port}`,
    async close() {
      for (const socket of open) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function greet(socket: Socket, gateway: Gateway): void {
  let head = Buffer.alloc(0);
  const onData = (chunk: Buffer): void => {
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf("\r\n\r\n");
    if (end < 0) return;
    socket.off("data", onData);
    const text = head.subarray(0, end).toString("latin1");
    const key = /^sec-websocket-key: *(\S+)/im.exec(text)?.[1];
    const path = /^GET (\S+)/.exec(text)?.[1] ?? "/";
    if (key === undefined) return void socket.end("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    const accept = createHash("sha1")
      .update(key + magic)
      .digest("base64");
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    converse(socket, gateway, new URL(path, "ws://127.0.0.1"), head.subarray(end + 4));
  };
  socket.on("data", onData);
}

function converse(socket: Socket, gateway: Gateway, url: URL, first: Buffer): void {
  // What is said in one go is written in one go.
  let unwritten: Buffer[] = [];
  function write(): void {
    if (unwritten.length > 0 && !socket.destroyed) socket.write(Buffer.concat(unwritten));
    unwritten = [];
  }
  const line: Line = gateway.connect(
    {
      send(text) {
        if (unwritten.length === 0) queueMicrotask(write);
        unwritten.push(frame(opcode.text, Buffer.from(text)));
      },
      drop() {
        write();
        socket.destroy();
      },
    },
    url,
  );
  let rest = Buffer.alloc(0);
  const take = (chunk: Buffer): void => {
    rest = Buffer.concat([rest, chunk]);
    for (let found = unframe(rest); found; found = unframe(rest)) {
      rest = rest.subarray(found.length);
      if (found.kind === opcode.text) line.receive(found.payload.toString("utf8"));
      if (found.kind === opcode.ping) socket.write(frame(opcode.pong, found.payload));
      if (found.kind === opcode.close) socket.end(frame(opcode.close, found.payload.subarray(0, 2)));
    }
  };
  socket.on("data", take);
  socket.on("close", () => line.gone());
  if (first.length > 0) take(first);
}

function frame(kind: number, payload: Buffer): Buffer {
  const { length } = payload;
  const head =
    length < 126
      ? Buffer.from([0x80 | kind, length])
      : length < 65_536
        ? Buffer.from([0x80 | kind, 126, length >> 8, length & 0xff])
        : Buffer.concat([Buffer.from([0x80 | kind, 127, 0, 0, 0, 0]), uint32(length)]);
  return Buffer.concat([head, payload]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

interface Unframed {
  readonly kind: number;
  readonly payload: Buffer;
  readonly length: number;
}

/** The first frame of the bytes, masked as clients send it; null while it is not whole. */
function unframe(bytes: Buffer): Unframed | null {
  if (bytes.length < 6) return null;
  const short = (bytes[1] ?? 0) & 0x7f;
  const at = short === 126 ? 4 : short === 127 ? 10 : 2;
  if (bytes.length < at + 4) return null;
  const size = short === 126 ? bytes.readUInt16BE(2) : short === 127 ? Number(bytes.readBigUInt64BE(2)) : short;
  if (bytes.length < at + 4 + size) return null;
  const mask = bytes.subarray(at, at + 4);
  const payload = Buffer.from(bytes.subarray(at + 4, at + 4 + size));
  for (let index = 0; index < payload.length; index++) payload[index] = (payload[index] ?? 0) ^ (mask[index % 4] ?? 0);
  return { kind: (bytes[0] ?? 0) & 0x0f, payload, length: at + 4 + size };
}
