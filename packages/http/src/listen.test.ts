import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { isBotyardError } from "@botyard/sdk";
import { afterEach, expect, it } from "vitest";
import { createApp } from "./app.ts";
import { createFakeRuntime, goodKey } from "./fake-runtime.ts";
import { listen, type Listener } from "./listen.ts";

const auth = { authorization: `Bearer ${goodKey}` };
const open: Listener[] = [];
const start = async (...args: Parameters<typeof listen>): Promise<Listener> => {
  const listener = await listen(...args);
  open.push(listener);
  return listener;
};
afterEach(async () => {
  await Promise.all(open.splice(0).map((listener) => listener.close({ drainMs: 0 })));
});

async function failure(work: Promise<unknown>): Promise<{ code: string; message: string; fix: string | undefined }> {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!isBotyardError(error)) throw new Error("it did not fail as it should");
  return { code: error.code, message: error.message, fix: error.details.fix };
}

it("serves, and says where", async () => {
  const listener = await start(createApp(createFakeRuntime()).fetch, { port: 0 });
  expect(listener.url).toBe(`http://127.0.0.1:${listener.port}`);
  const response = await fetch(`${listener.url}/healthz`);
  expect(await response.json()).toMatchObject({ status: "ok" });
});

it("names the port that is taken, and another one", async () => {
  const { port } = await start(() => new Response(), { port: 0 });
  const { code, message, fix } = await failure(listen(() => new Response(), { port }));
  expect(code).toBe("conflict");
  expect(message).toContain(`Port ${port} on 127.0.0.1 is taken`);
  expect(fix).toMatch(/^listen: 127\.0\.0\.1:\d+$/);
});

const badAddresses: readonly (readonly [string, number])[] = [
  ["127.0.0.1", 70_000],
  ["127.0.0.1", 1.5],
  ["256.1.1.1", 0],
  ["/run/botyard.sock", 0],
  ["unix:/run/botyard.sock", 0],
  ["203.0.113.5", 0],
];
for (const [hostname, port] of badAddresses)
  it(`refuses to listen on ${hostname} port ${port}`, async () => {
    expect((await failure(listen(() => new Response(), { hostname, port }))).code).toBe("invalid");
  });

/** Sends bytes as they are and answers all that comes back until the other side closes or `until` is seen. */
function exchange(port: number, bytes: string, until = "\r\n0\r\n"): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(bytes));
    let text = "";
    socket.on("data", (data) => {
      text += data.toString();
      if (text.includes(until)) socket.destroy();
    });
    socket.on("close", () => resolve(text));
    socket.on("error", reject);
  });
}

it("refuses a foreign Host of the real wire, and a body that grows over the limit", async () => {
  const runtime = createFakeRuntime();
  const { port } = await start(createApp(runtime, { maxJsonBytes: 100 }).fetch, { port: 0 });
  expect(
    await exchange(port, "GET /v1/connections HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n", "}"),
  ).toMatch(/^HTTP\/1\.1 403 /);
  const chunked = `POST /v1/connections HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${goodKey}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\nc8\r\n${"x".repeat(200)}\r\n`;
  expect(await exchange(port, chunked, "}")).toMatch(/^HTTP\/1\.1 413 [^]*"code":"too_large"/);
  expect(runtime.invoked).toEqual([]);
});

it("keeps dot segments from reaching another path", async () => {
  const runtime = createFakeRuntime();
  const { port } = await start(createApp(runtime).fetch, { port: 0 });
  const sent = `GET /v1/events/%2e%2e/connections HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${goodKey}\r\nConnection: close\r\n\r\n`;
  const text = await exchange(port, sent, "}");
  // One runtime resolves them before we see them, the other never does: both ways end in a route's own checks.
  expect(text).toMatch(/^HTTP\/1\.1 (?:200|404) /);
  expect(runtime.invoked.every(({ name }) => name === "connections.list")).toBe(true);
});

it("ends the source of an event stream when the reader hangs up", async () => {
  let ended: (value: boolean) => void = () => {};
  const over = new Promise<boolean>((resolve) => (ended = resolve));
  const runtime = createFakeRuntime({
    answers: {
      "events.stream": (_input, options) =>
        (async function* () {
          const signal = options.signal?.();
          yield { cursor: "c_1_1", type: "message.created" };
          await new Promise<void>((resolve) => signal?.addEventListener("abort", () => resolve()));
          ended(true);
        })(),
    },
  });
  const { url } = await start(createApp(runtime).fetch, { port: 0 });
  const gone = new AbortController();
  const response = await fetch(`${url}/v1/events/stream`, { headers: auth, signal: gone.signal });
  const reader = response.body?.getReader();
  await reader?.read();
  gone.abort();
  await reader?.read().catch(() => {});
  expect(await over).toBe(true);
});

it("lets a call in flight finish, ends streams, refuses new connections", async () => {
  let finish = (): void => {};
  let begun = (): void => {};
  const reached = new Promise<void>((resolve) => (begun = resolve));
  const runtime = createFakeRuntime({
    answers: {
      "keys.whoami": () =>
        new Promise((resolve) => {
          finish = () => resolve({ name: "good" });
          begun();
        }),
      async *"events.stream"(_input, options) {
        await new Promise<void>((resolve) => options.signal?.().addEventListener("abort", () => resolve()));
        yield* [];
      },
    },
  });
  const listener = await start(createApp(runtime).fetch, { port: 0 });
  const stream = await fetch(`${listener.url}/v1/events/stream`, { headers: auth });
  const slow = fetch(`${listener.url}/v1/whoami`, { headers: auth });
  await reached;
  const closed = listener.close({ drainMs: 10_000 });
  expect(await stream.text()).toBe(":\n\n");
  await expect(plain(listener.port)).rejects.toThrow();
  finish();
  expect(await (await slow).json()).toEqual({ name: "good" });
  await closed;
  await listener.close();
});

/** A request on a connection of its own: `fetch` would take one that is open already. */
function plain(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ port, host: "127.0.0.1", path: "/healthz", agent: false }, (response) => {
      response.resume();
      // What still answers says that it is going away.
      if (response.statusCode === 503) reject(new Error("closing"));
      else resolve(response.statusCode ?? 0);
    });
    request.on("error", reject);
    request.end();
  });
}

it("answers 503 to a call that outlasts the drain", async () => {
  let begun = (): void => {};
  const reached = new Promise<void>((resolve) => (begun = resolve));
  const runtime = createFakeRuntime({
    answers: {
      "keys.whoami": () => {
        begun();
        return new Promise(() => {});
      },
    },
  });
  const listener = await start(createApp(runtime).fetch, { port: 0 });
  const stuck = fetch(`${listener.url}/v1/whoami`, { headers: auth });
  await reached;
  await listener.close({ drainMs: 50 });
  expect((await stuck).status).toBe(503);
});

it("lets a download finish, and breaks one off that outlasts the drain", async () => {
  const parts: ReadableStreamDefaultController<Uint8Array>[] = [];
  const runtime = createFakeRuntime({
    answers: {
      "files.download": () => ({
        type: "application/octet-stream",
        body: new ReadableStream<Uint8Array>({
          start(controller) {
            controller.enqueue(new Uint8Array(8));
            parts.push(controller);
          },
        }),
      }),
    },
  });
  const listener = await start(createApp(runtime).fetch, { port: 0 });
  const [whole, broken] = await Promise.all(
    [1, 2].map((n) => fetch(`${listener.url}/v1/connections/chat/files/f${n}`, { headers: auth })),
  );
  const outcome = broken?.arrayBuffer().then(
    () => "whole",
    () => "broken",
  );
  const closed = listener.close({ drainMs: 400 });
  parts[0]?.enqueue(new Uint8Array(8));
  parts[0]?.close();
  expect((await whole?.arrayBuffer())?.byteLength).toBe(16);
  await closed;
  expect(await outcome).toBe("broken");
});
