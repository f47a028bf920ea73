import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import type { HttpRequest } from "@botyard/sdk";
import { afterEach, describe, expect, test } from "vitest";
import { markCaller } from "../limits/caller.ts";
import { createFakeClock } from "../limits/fake-clock.ts";
import { createLimiter } from "../limits/limiter.ts";
import { systemClock } from "./clock.ts";
import { createHttp, type HttpOptions } from "./http.ts";
import { createRedactor } from "./redact.ts";

const servers: Server[] = [];
const sockets = new Set<Socket>();
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers.splice(0)) server.close();
});

/** A server on the wire: `answer` gets each connection's bytes so far and writes what it likes. */
async function wire(answer: (request: string, socket: Socket) => void): Promise<string> {
  const server = createServer((socket) => {
    sockets.add(socket);
    let text = "";
    socket.on("error", () => {});
    socket.on("data", (bytes: Uint8Array) => {
      text += new TextDecoder("latin1").decode(bytes);
      const head = text.indexOf("\r\n\r\n");
      if (head < 0) return;
      const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0);
      const whole = /transfer-encoding: chunked/i.test(text)
        ? text.endsWith("0\r\n\r\n")
        : text.length >= head + 4 + length;
      if (!whole) return;
      const request = text;
      text = "";
      answer(request, socket);
    });
  });
  servers.push(server);
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const reply = (body: string, head = "200 OK", extra = ""): string =>
  `HTTP/1.1 ${head}\r\ncontent-length: ${body.length}\r\n${extra}\r\n${body}`;

function open(origin: string, options: Partial<HttpOptions> = {}) {
  const lines: string[] = [];
  const redactor = options.redactor ?? createRedactor();
  const line = (message: string, data: Readonly<Record<string, unknown>> = {}): void =>
    void lines.push(redactor.text(message) + JSON.stringify(redactor.data(data)));
  const clock = options.clock ?? systemClock;
  const http = createHttp({
    origin,
    allowed: () => true,
    limiter: createLimiter({ clock }),
    clock,
    log: { debug: line, info: line, warn: line, error: line },
    redactor,
    signal: new AbortController().signal,
    ...options,
  });
  return { http, lines };
}

describe("request", () => {
  test("sends method, path, query, headers and JSON; gives status, lower-case headers, text and JSON", async () => {
    let seen = "";
    const origin = await wire((request, socket) => {
      seen = request;
      socket.end(reply('{"id":"m1"}', "201 Created", "X-Thing: 7\r\n"));
    });
    const answer = await open(origin).http.request({
      method: "POST",
      path: "/rooms/a%2Fb/send",
      query: { since: "x y", none: undefined, n: 3 },
      headers: { Authorization: "Bearer t" },
      json: { text: "hé" },
    });
    expect(answer).toMatchObject({ status: 201, text: '{"id":"m1"}', json: { id: "m1" } });
    expect(answer.headers["x-thing"]).toBe("7");
    expect(seen).toMatch(/^POST \/rooms\/a%2Fb\/send\?since=x\+y&n=3 HTTP/);
    expect(seen).toMatch(/authorization: Bearer t\r\n/i);
    expect(seen).toMatch(/content-type: application\/json\r\n/i);
  });

  test("every status is an answer; redirects are not followed; a text body is sent as it is", async () => {
    const seen: string[] = [];
    const origin = await wire((request, socket) => {
      seen.push(request);
      socket.end(
        request.startsWith("GET") ? reply("", "302 Found", "location: /elsewhere\r\n") : reply("no", "500 Broken"),
      );
    });
    const { http } = open(origin);
    expect(await http.request({ method: "GET", path: "/a" })).toMatchObject({ status: 302, json: undefined });
    expect(await http.request({ method: "PUT", path: "/a", body: "plain" })).toMatchObject({ status: 500, text: "no" });
    expect(seen).toHaveLength(2);
    expect(seen[1]).not.toMatch(/content-type/i);
    expect(seen[1]).toContain("plain");
  });

  test("an origin with a path of its own keeps it", async () => {
    const origin = await wire((request, socket) => socket.end(reply(request.split(" ")[1] ?? "")));
    const { text } = await open(`${origin}/nextcloud/`).http.request({ method: "GET", path: "/ocs/v2?format=json" });
    expect(text).toBe("/nextcloud/ocs/v2?format=json");
  });

  test.each(["a", "//evil.example.org/", "/a/../b", "/a/%2e%2E/b", "/a#b", "/a\\b", "/a b"])(
    "path %j is refused before anything is sent",
    async (path) => {
      const { http } = open("http://127.0.0.1:9", { fetch: () => Promise.reject(new Error("must not be asked")) });
      await expect(http.request({ method: "GET", path })).rejects.toMatchObject({ code: "invalid" });
    },
  );

  test("an origin that is not the connection's is forbidden", async () => {
    const { http } = open("https://elsewhere.example.org", {
      allowed: (origin) => origin === "https://chat.example.org",
    });
    await expect(http.request({ method: "GET", path: "/" })).rejects.toMatchObject({
      code: "forbidden",
      message: expect.stringContaining("https://elsewhere.example.org"),
    });
  });

  test("a body of more than 16 MiB is upstream, and is not read to its end", async () => {
    const origin = await wire((_, socket) => {
      socket.write("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\n");
      const piece = new Uint8Array(1024 * 1024).fill(65);
      const more = (): void => void (socket.writable && socket.write(piece, () => setImmediate(more)));
      more();
    });
    await expect(open(origin).http.request({ method: "GET", path: "/" })).rejects.toMatchObject({
      code: "upstream",
      effect: "unknown",
    });
  });
});

describe("failures", () => {
  test.each(["GET", "PUT"] as const)("connection refused: unreachable, effect none (%s)", async (method) => {
    const origin = await wire(() => {});
    await new Promise((closed) => servers.pop()?.close(closed));
    await expect(open(origin).http.request({ method, path: "/" })).rejects.toMatchObject({
      code: "unreachable",
      effect: "none",
    });
  });

  test("a name that does not resolve: unreachable, effect none", async () => {
    const { http } = open("http://nowhere.invalid");
    await expect(http.request({ method: "POST", path: "/", json: {} })).rejects.toMatchObject({
      code: "unreachable",
      effect: "none",
      message: expect.stringContaining("cannot be resolved"),
    });
  });

  test("a server without TLS under https: effect none", async () => {
    const origin = await wire((_, socket) => socket.end(reply("")));
    const plain = createServer((socket) => {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.once("data", () => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    });
    servers.push(plain);
    await new Promise<void>((ready) => plain.listen(0, "127.0.0.1", ready));
    expect(origin).toContain("http:");
    const { http } = open(`https://127.0.0.1:${(plain.address() as AddressInfo).port}`);
    await expect(http.request({ method: "POST", path: "/", json: {} })).rejects.toMatchObject({
      code: "unreachable",
      effect: "none",
    });
  });

  test.each([
    ["reset", (socket: Socket) => void socket.resetAndDestroy()],
    ["closed", (socket: Socket) => void socket.end()],
    ["garbled", (socket: Socket) => void socket.end("what?\r\n\r\n")],
    ["cut in the body", (socket: Socket) => void socket.end("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc")],
  ])("%s after sending: unreachable, effect unknown", async (_, fail) => {
    const origin = await wire((_request, socket) => fail(socket));
    await expect(open(origin).http.request({ method: "POST", path: "/", json: {} })).rejects.toMatchObject({
      code: "unreachable",
      effect: "unknown",
    });
  });

  test.each([
    ["POST", { json: { a: 1 } }],
    ["PUT", { json: { a: 1 } }],
    ["PATCH", { body: "x" }],
    ["DELETE", {}],
    ["POST", {}],
  ] as [HttpRequest["method"], Partial<HttpRequest>][])(
    "%s %j on a kept-alive connection that breaks is sent once and never again by the runtime",
    async (method, body) => {
      let sends = 0;
      const origin = await wire((request, socket) => {
        if (request.startsWith("GET")) return void socket.write(reply("ok"));
        sends++;
        return void socket.destroy();
      });
      const { http } = open(origin);
      await http.request({ method: "GET", path: "/" });
      await expect(http.request({ method, path: "/", ...body })).rejects.toMatchObject({
        code: "unreachable",
        effect: "unknown",
      });
      expect(sends).toBe(1);
    },
  );

  test("no answer in time: timeout, effect unknown", async () => {
    const clock = createFakeClock();
    let asked = (): void => {};
    const sent = new Promise<void>((resolve) => (asked = resolve));
    const origin = await wire(() => asked());
    const failed = expect(
      open(origin, { clock }).http.request({ method: "POST", path: "/", json: {}, timeoutMs: 5_000 }),
    ).rejects.toMatchObject({
      code: "timeout",
      effect: "unknown",
    });
    await sent;
    await clock.advance(5_000);
    await failed;
  });

  test("an answer that stops in its middle: timeout", async () => {
    const clock = createFakeClock();
    const origin = await wire((_, socket) => void socket.write("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc"));
    const body = (
      await open(origin, { clock }).http.stream({ method: "GET", path: "/", timeoutMs: 5_000 })
    ).body.getReader();
    expect((await body.read()).value).toHaveLength(3);
    // A reader that takes its time is no fault of the server.
    await clock.advance(60_000);
    const rest = expect(body.read()).rejects.toMatchObject({ code: "timeout" });
    await clock.advance(5_000);
    await rest;
  });

  test("the call's signal and the connection's signal end a request", async () => {
    let asked = (): void => {};
    const origin = await wire(() => asked());
    for (const which of ["call", "connection"]) {
      const controller = new AbortController();
      const sent = new Promise<void>((resolve) => (asked = resolve));
      const { http } = open(origin, which === "connection" ? { signal: controller.signal } : {});
      const pending = http.request({
        method: "POST",
        path: "/",
        json: {},
        ...(which === "call" ? { signal: controller.signal } : {}),
      });
      const failed = expect(pending).rejects.toMatchObject({ code: "cancelled", effect: "unknown" });
      await sent;
      controller.abort();
      await failed;
    }
  });
});

describe("limits", () => {
  test("the session's hooks name the bucket and learn; the wait beyond the deadline is rate_limited", async () => {
    const clock = createFakeClock();
    const origin = await wire((_, socket) => socket.end(reply("", "200 OK", "x-left: 0\r\n")));
    const learnt: string[] = [];
    const { http } = open(origin, {
      clock,
      limits: () => ({
        bucket: (request) => request.path,
        learn: (request, response) => {
          learnt.push(`${request.path} ${response.status} ${response.headers["x-left"]}`);
          return { bucket: request.path, remaining: 0, resetMs: 20_000 };
        },
      }),
    });
    await http.request({ method: "GET", path: "/a" });
    await http.request({ method: "GET", path: "/b" });
    expect(learnt).toEqual(["/a 200 0", "/b 200 0"]);
    const signal = markCaller(new AbortController().signal, { as: "helper", deadline: clock.now() + 10_000 });
    await expect(http.request({ method: "GET", path: "/a", signal })).rejects.toMatchObject({
      code: "rate_limited",
      details: { retryAfterMs: 20_000, effect: "none" },
    });
  });

  test("429 with Retry-After pauses the bucket also without hooks", async () => {
    const clock = createFakeClock();
    const origin = await wire((_, socket) => socket.end(reply("", "429 Slow", "retry-after: 60\r\n")));
    const { http } = open(origin, { clock });
    expect(await http.request({ method: "GET", path: "/" })).toMatchObject({ status: 429 });
    await expect(http.request({ method: "GET", path: "/" })).rejects.toMatchObject({
      code: "rate_limited",
      details: { retryAfterMs: 60_000 },
    });
  });
});

test("secrets reach neither log nor error", async () => {
  const redactor = createRedactor();
  redactor.add("s3cr3t-token");
  const origin = await wire((request, socket) =>
    request.startsWith("GET") ? socket.end(reply("")) : socket.destroy(),
  );
  const { http, lines } = open(origin, { redactor });
  const secret = { query: { access_token: "s3cr3t-token" }, headers: { authorization: "Bearer s3cr3t-token" } };
  await http.request({ method: "GET", path: "/hooks/s3cr3t-token", ...secret });
  const error: unknown = await http
    .request({ method: "POST", path: "/hooks/s3cr3t-token", ...secret })
    .catch((error: unknown) => error);
  expect(lines.length).toBeGreaterThan(1);
  expect(lines.join("\n")).not.toContain("s3cr3t");
  expect(String(error)).not.toContain("s3cr3t");
});
