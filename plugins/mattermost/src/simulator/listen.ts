import { createHash } from "node:crypto";
import { createServer, type AddressInfo, type Socket } from "node:net";
import type { Wire } from "./hub.ts";

/** A server for WebSockets on the loopback, and for nothing else. */
export interface Listener {
  /** `http://127.0.0.1:41234` */
  readonly url: string;
  close(): Promise<void>;
}

/** What answers a handshake: a refusal by status, or what hears the frames. */
export type Upgrade = (request: Request, wire: Wire) => number | { hear(text: string): void; gone(): void };

/** @see https://www.rfc-editor.org/rfc/rfc6455 */
export async function listen(upgrade: Upgrade): Promise<Listener> {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    let head = Buffer.alloc(0);
    let frames: ((bytes: Buffer) => void) | null = null;
    let gone = (): void => {};
    socket.on("error", () => {});
    socket.on("close", () => {
      open.delete(socket);
      gone();
    });
    socket.on("data", (bytes: Uint8Array) => {
      if (frames) return frames(Buffer.from(bytes));
      head = Buffer.concat([head, bytes]);
      const end = head.indexOf("\r\n\r\n");
      if (end < 0) return undefined;
      const [first = "", ...lines] = head.subarray(0, end).toString("latin1").split("\r\n");
      const headers = new Headers(
        lines.map((line): [string, string] => [
          line.slice(0, line.indexOf(":")),
          line.slice(line.indexOf(":") + 1).trim(),
        ]),
      );
      const request = new Request(`http://127.0.0.1${first.split(" ")[1] ?? "/"}`, { headers: pass(headers) });
      let unsent = 0;
      const wire: Wire = {
        send(text) {
          if (socket.destroyed) return;
          unsent += 1;
          socket.write(frame(text), () => (unsent -= 1));
        },
        cut: () => socket.destroy(),
        close: () => void socket.end(Buffer.from([0x88, 0])),
        waiting: () => unsent,
      };
      // The answer goes first: the greeting follows it.
      const key = headers.get("sec-websocket-key") ?? "";
      const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
      const early: string[] = [];
      const answered = upgrade(request, {
        ...wire,
        send: (text) => void (early === ready ? wire.send(text) : early.push(text)),
      });
      if (typeof answered === "number")
        return void socket.end(`HTTP/1.1 ${answered} Refused\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n`);
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
      );
      for (const text of early) wire.send(text);
      ready = early;
      gone = answered.gone;
      frames = reader((text) => answered.hear(text), socket);
      const rest = head.subarray(end + 4);
      if (rest.byteLength > 0) frames(rest);
      return undefined;
    });
    let ready: string[] | null = null;
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      for (const socket of open) socket.destroy();
      await new Promise<void>((done) => server.close(() => done()));
    },
  };
}

/** Only what a handler reads: a Request takes no `connection` header everywhere. */
function pass(headers: Headers): Headers {
  const authorization = headers.get("authorization");
  return new Headers(authorization === null ? {} : { authorization });
}

function frame(text: string): Buffer {
  const body = Buffer.from(text);
  const size = body.byteLength;
  const head =
    size < 126
      ? Buffer.from([0x81, size])
      : size < 65_536
        ? Buffer.from([0x81, 126, size >> 8, size & 255])
        : Buffer.alloc(10);
  if (size >= 65_536) {
    head.set([0x81, 127]);
    head.writeBigUInt64BE(BigInt(size), 2);
  }
  return Buffer.concat([head, body]);
}

/** Client frames: masked, whole messages. */
function reader(hear: (text: string) => void, socket: Socket): (bytes: Buffer) => void {
  let rest = Buffer.alloc(0);
  return (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    for (;;) {
      if (rest.byteLength < 2) return;
      const kind = (rest[0] ?? 0) & 15;
      let size = (rest[1] ?? 0) & 127;
      let at = 2;
      if (size === 126) {
        if (rest.byteLength < 4) return;
        size = rest.readUInt16BE(2);
        at = 4;
      }
      if (rest.byteLength < at + 4 + size) return;
      const mask = rest.subarray(at, at + 4);
      const body = Buffer.from(
        rest.subarray(at + 4, at + 4 + size).map((byte, index) => byte ^ (mask[index % 4] ?? 0)),
      );
      rest = rest.subarray(at + 4 + size);
      if (kind === 8) return void socket.destroy();
      if (kind === 1) hear(body.toString("utf8"));
    }
  };
}
