import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { BotyardError } from "@botyard/sdk";
import { afterEach, expect, test } from "vitest";
import { createLimiter } from "../limits/limiter.ts";
import { systemClock } from "./clock.ts";
import { createHttp } from "./http.ts";
import { createRedactor } from "./redact.ts";

const MiB = 1_048_576;
const total = 48 * MiB;
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
let server: Server;
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

async function serve(listener: Parameters<typeof createServer>[1]) {
  server = createServer(listener);
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return createHttp({
    origin,
    allowed: () => true,
    limiter: createLimiter({ clock: systemClock }),
    clock: systemClock,
    log: quiet,
    redactor: createRedactor(),
    signal: new AbortController().signal,
  });
}

function bytes(size: number, onPull: (sent: number) => void = () => {}): ReadableStream<Uint8Array> {
  let sent = 0;
  return new ReadableStream(
    {
      pull(controller) {
        if (sent >= size) return controller.close();
        sent += 65_536;
        onPull(sent);
        return controller.enqueue(new Uint8Array(65_536).fill(7));
      },
    },
    { highWaterMark: 0 },
  );
}

/** A count, once it has stopped growing. */
async function settled(read: () => number): Promise<number> {
  for (let before = 0; ;) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    const now = read();
    if (now > 0 && now === before) return now;
    before = now;
  }
}

test("a large body goes up while the server holds it back: only a little is taken from the source", async () => {
  let letGo = (): void => {};
  const held = new Promise<void>((resolve) => (letGo = resolve));
  let sent = 0;
  const http = await serve((request, response) => {
    let got = 0;
    void held.then(() => {
      request.on("data", (piece: Uint8Array) => void (got += piece.length));
      request.on("end", () => response.end(String(got)));
    });
  });
  const answer = http.request({ method: "POST", path: "/", body: bytes(total, (now) => (sent = now)) });
  expect(await settled(() => sent)).toBeLessThan(total);
  letGo();
  expect(await answer).toMatchObject({ status: 200, text: String(total) });
});

test("a large body comes down at the reader's pace, and cancelling it closes the connection", async () => {
  let written = 0;
  let closed = (): void => {};
  const hungUp = new Promise<void>((resolve) => (closed = resolve));
  const http = await serve((_, response) => {
    response.on("close", closed);
    response.writeHead(200, { "content-length": String(total) });
    const piece = new Uint8Array(65_536).fill(7);
    const more = (): void => {
      while (written < total) {
        written += piece.length;
        if (!response.write(piece)) return void response.once("drain", more);
      }
      response.end();
    };
    more();
  });
  const { body, headers } = await http.stream({ method: "GET", path: "/" });
  expect(headers["content-length"]).toBe(String(total));
  const reader = body.getReader();
  await reader.read();
  expect(await settled(() => written)).toBeLessThan(total);
  await reader.cancel();
  await hungUp;
});

test("a source that breaks ends the request: its own error, effect unknown", async () => {
  let cut = (): void => {};
  const gone = new Promise<void>((resolve) => (cut = resolve));
  const http = await serve((request) => {
    request.on("error", cut);
    request.on("close", cut);
    request.resume();
  });
  let pulls = 0;
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (++pulls > 3) throw new BotyardError("plugin_failed", "the plugin died");
        controller.enqueue(new Uint8Array(65_536));
      },
    },
    { highWaterMark: 0 },
  );
  await expect(http.request({ method: "POST", path: "/", body })).rejects.toMatchObject({
    code: "plugin_failed",
    effect: "unknown",
  });
  await gone;
});

test("a server that answers without reading lets go of the source", async () => {
  const http = await serve((_, response) => response.writeHead(413).end("too large"));
  let cancelled = (): void => {};
  const released = new Promise<void>((resolve) => (cancelled = resolve));
  const body = new ReadableStream<Uint8Array>(
    { pull: (controller) => controller.enqueue(new Uint8Array(65_536)), cancel: () => cancelled() },
    { highWaterMark: 0 },
  );
  expect(await http.request({ method: "POST", path: "/", body })).toMatchObject({ status: 413, text: "too large" });
  await released;
});
