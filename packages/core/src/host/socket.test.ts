import { createHash } from "node:crypto";
import { createServer, type AddressInfo, type Server, type Socket as Connection } from "node:net";
import { BotyardError } from "@botyard/sdk";
import { afterEach, describe, expect, test } from "vitest";
import { createFakeClock } from "../limits/fake-clock.ts";
import { systemClock } from "./clock.ts";
import { openSocket, type SocketOptions } from "./socket.ts";
import { createFrameReader, encodeFrame, opcode } from "./ws-frames.ts";

const endings: (() => void)[] = [];
afterEach(() => {
  for (const end of endings.splice(0)) end();
});

/** A server on the wire; `act` gets the connection once it is a WebSocket. `head` replaces the answer. */
async function wire(act: (connection: Connection) => unknown, head?: (accept: string) => string): Promise<URL> {
  const server: Server = createServer((connection) => {
    endings.push(() => connection.destroy());
    connection.on("error", () => {});
    connection.once("data", (bytes: Uint8Array) => {
      const key = /sec-websocket-key: (\S+)/i.exec(new TextDecoder().decode(bytes))?.[1] ?? "";
      const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
      const switching = `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`;
      connection.write(head ? head(accept) : switching);
      act(connection);
    });
  });
  endings.push(() => server.close());
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  return new URL(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/ws?a=1`);
}

const open = (url: URL, options: Partial<SocketOptions> = {}) =>
  openSocket({ url, signals: [], clock: systemClock, ...options });
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (value: string): Uint8Array => encodeFrame(opcode.text, utf8(value), null);
const joined = (...parts: Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));
async function all(messages: AsyncIterable<string | Uint8Array>): Promise<(string | Uint8Array)[]> {
  const got: (string | Uint8Array)[] = [];
  for await (const message of messages) got.push(message);
  return got;
}

/** The runtime's own server, written by somebody else: it echoes. */
async function foreign(): Promise<URL> {
  // oxlint-disable-next-line typescript/no-explicit-any -- whichever of the two runtimes this is
  const { Bun, Deno } = globalThis as any;
  if (Bun) {
    const server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: (request: Request, self: { upgrade(request: Request): boolean }) =>
        self.upgrade(request) ? undefined : new Response("no", { status: 400 }),
      websocket: {
        maxPayloadLength: 64 * 1_048_576,
        message: (socket: { send(data: unknown): void; close(code: number): void }, data: unknown) =>
          data === "bye" ? socket.close(1000) : socket.send(data),
      },
    });
    endings.push(() => server.stop(true));
    return new URL(`ws://127.0.0.1:${server.port}/`);
  }
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request: Request) => {
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }: { data: unknown }) => (data === "bye" ? socket.close(1000) : socket.send(data));
    return response;
  });
  endings.push(() => void server.shutdown());
  return new URL(`ws://127.0.0.1:${server.addr.port}/`);
}

describe("with the runtime's own server", () => {
  test.each([0, 1, 125, 126, 65_535, 65_536, 3_000_000])(
    "%i bytes there and back, as text and as bytes",
    async (size) => {
      const socket = await open(await foreign());
      const messages = socket.messages[Symbol.asyncIterator]();
      const bytes = new Uint8Array(size).map((_, at) => at % 251);
      await socket.send("ä".repeat(size));
      expect((await messages.next()).value).toBe("ä".repeat(size));
      await socket.send(bytes);
      expect(Buffer.from((await messages.next()).value as Uint8Array).equals(Buffer.from(bytes))).toBe(true);
      await socket.close();
      expect(await messages.next()).toMatchObject({ done: true });
    },
  );

  test("the server closes: messages end; sending throws unreachable", async () => {
    const socket = await open(await foreign());
    await socket.send("bye");
    expect(await all(socket.messages)).toEqual([]);
    await expect(socket.send("x")).rejects.toMatchObject({ code: "unreachable", effect: "none" });
    await socket.close();
  });
});

describe("opening", () => {
  test.each([
    ["401", "unauthenticated", { status: 401 }],
    ["403", "unreachable", { status: 403 }],
    ["200", "unreachable", { status: 200 }],
  ])("a handshake answered with %s is %s", async (status, code, upstream) => {
    const url = await wire(
      (connection) => connection.end(),
      () => `HTTP/1.1 ${status} X\r\ncontent-length: 0\r\n\r\n`,
    );
    await expect(open(url)).rejects.toMatchObject({ code, effect: "none", details: { upstream } });
  });

  test("a wrong accept key, an endless head, a closed connection, nobody there: unreachable", async () => {
    const wrong = await wire(
      () => {},
      (accept) => `HTTP/1.1 101 X\r\nSec-WebSocket-Accept: x${accept}\r\n\r\n`,
    );
    const endless = await wire(
      () => {},
      () => `HTTP/1.1 101 X\r\nx: ${"a".repeat(20_000)}`,
    );
    const closed = await wire(
      (connection) => connection.end(),
      () => "",
    );
    const nobody = new URL("ws://127.0.0.1:9/");
    for (const url of [wrong, endless, closed, nobody])
      await expect(open(url)).rejects.toMatchObject({ code: "unreachable", effect: "none" });
  });

  test("no answer in time is timeout; an abort is cancelled", async () => {
    const clock = createFakeClock();
    const url = await wire(
      () => {},
      () => "",
    );
    const late = expect(open(url, { clock })).rejects.toMatchObject({ code: "timeout", effect: "none" });
    await clock.advance(30_000);
    await late;
    const controller = new AbortController();
    const stopped = expect(open(url, { signals: [controller.signal] })).rejects.toMatchObject({ code: "cancelled" });
    controller.abort();
    await stopped;
  });
});

describe("open", () => {
  test("frames that come with the answer's head, and byte by byte", async () => {
    const url = await wire(async (connection) => {
      connection.write(text("first"));
      const rest = joined(text("sécond"), encodeFrame(opcode.close, new Uint8Array([3, 232]), null));
      for (const byte of rest) {
        connection.write(new Uint8Array([byte]));
        await new Promise((resolve) => setImmediate(resolve));
      }
    });
    expect(await all((await open(url)).messages)).toEqual(["first", "sécond"]);
  });

  test("fragments become one message, with a ping between them that is answered", async () => {
    let seen: (bytes: Uint8Array) => void = () => {};
    const pong = new Promise<Uint8Array>((resolve) => (seen = resolve));
    const url = await wire((connection) => {
      connection.on("data", (bytes: Uint8Array) => seen(bytes));
      const part = (kind: number, value: string, fin: boolean): Uint8Array => {
        const frame = encodeFrame(kind, utf8(value), null);
        if (!fin) frame[0] = kind;
        return frame;
      };
      connection.write(
        joined(
          part(1, "one ", false),
          encodeFrame(opcode.ping, utf8("hi"), null),
          part(0, "mess", false),
          part(0, "age", true),
        ),
      );
    });
    const socket = await open(url);
    expect((await socket.messages[Symbol.asyncIterator]().next()).value).toBe("one message");
    const [first = 0, second = 0] = await pong;
    expect([first, second & 0x80]).toEqual([0x80 | opcode.pong, 0x80]);
    await socket.close();
  });

  test("a connection cut without a close: what came is given, then unreachable", async () => {
    const url = await wire((connection) => connection.write(text("last"), () => connection.destroy()));
    const messages = (await open(url)).messages[Symbol.asyncIterator]();
    expect((await messages.next()).value).toBe("last");
    await expect(messages.next()).rejects.toMatchObject({ code: "unreachable" });
  });

  test.each([
    ["a masked frame", encodeFrame(opcode.text, utf8("x"), new Uint8Array([1, 2, 3, 4]))],
    ["reserved bits", new Uint8Array([0xc1, 0])],
    ["a continuation of nothing", encodeFrame(0, utf8("x"), null)],
    ["an unknown kind", encodeFrame(3, utf8("x"), null)],
    ["a long ping", encodeFrame(opcode.ping, new Uint8Array(126), null)],
    ["text that is not UTF-8", encodeFrame(opcode.text, new Uint8Array([0xff]), null)],
    ["a message of 1 GiB", new Uint8Array([0x81, 127, 0, 0, 0, 0, 0x40, 0, 0, 0])],
  ])("%s: upstream, and the socket is closed", async (_, bytes) => {
    const closed = Promise.withResolvers<void>();
    const url = await wire((connection) => {
      connection.on("close", () => closed.resolve());
      connection.write(bytes);
    });
    await expect(all((await open(url)).messages)).rejects.toMatchObject({ code: "upstream" });
    await closed.promise;
  });

  test("a reader that is slow holds the server back", async () => {
    const total = 3_000;
    let written = 0;
    const url = await wire((connection) => {
      const frame = encodeFrame(opcode.binary, new Uint8Array(65_536), null);
      const more = (): void => {
        while (written < total) {
          written++;
          if (!connection.write(frame)) return void connection.once("drain", more);
        }
        connection.write(encodeFrame(opcode.close, new Uint8Array([3, 232]), null));
      };
      more();
    });
    const { messages } = await open(url);
    for (let before = -1; written !== before;) {
      before = written;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(written).toBeLessThan(total / 2);
    expect(await all(messages)).toHaveLength(total);
  });

  test("the signal ends an open socket with its reason; leaving the messages closes it", async () => {
    const closed = Promise.withResolvers<void>();
    const url = await wire((connection) => {
      connection.on("data", () => {});
      connection.on("close", () => closed.resolve());
      connection.write(text("a"));
    });
    const controller = new AbortController();
    const socket = await open(url, { signals: [controller.signal] });
    const reading = all(socket.messages);
    controller.abort(new BotyardError("cancelled", "over"));
    await expect(reading).rejects.toMatchObject({ code: "cancelled" });
    await closed.promise;
    const polite = await wire((connection) => {
      const read = createFrameReader(1_000);
      connection.on("data", (bytes: Uint8Array) => {
        const copy = new Uint8Array(bytes);
        if (((copy[0] ?? 0) & 0x0f) === opcode.close)
          connection.end(encodeFrame(opcode.close, new Uint8Array([3, 232]), null));
        else read(copy);
      });
      connection.write(text("a"));
    });
    const left = await open(polite);
    for await (const message of left.messages) if (message === "a") break;
    await expect(left.send("x")).rejects.toMatchObject({ code: "unreachable" });
  });
});
