import { readFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, createServer as createNetServer, type Socket } from "node:net";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { systemClock } from "../host/clock.ts";
import { createFakeClock } from "../limits/fake-clock.ts";
import { createPost, type PostParts } from "./post.ts";

let closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing) close();
  closing = [];
});

async function listening(server: Server | ReturnType<typeof createNetServer>): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  closing.push(() => {
    server.close();
    if ("closeAllConnections" in server) server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}
const serve = (listener: RequestListener): Promise<number> => listening(createServer(listener));

function poster(more: Partial<PostParts> = {}) {
  const post = createPost({ clock: systemClock, lookup: async () => ["127.0.0.1"], ...more });
  closing.push(() => post.close());
  return (url: string, over: { privateNetwork?: boolean; signal?: AbortSignal; body?: string } = {}) =>
    post({
      url,
      privateNetwork: true,
      head: "webhook-id: evt_1\r\n",
      body: '{"a":"é"}',
      signal: new AbortController().signal,
      ...over,
    });
}

it("posts the body with its headers and tells what came back", async () => {
  let got = "";
  const port = await serve((request, response) => {
    const { host, "webhook-id": id, "content-type": type } = request.headers;
    request.on("data", (part: Buffer) => (got += part.toString()));
    request.on("end", () => response.writeHead(202).end(`${request.method} ${request.url} ${host} ${id} ${type}`));
  });
  expect(await poster()(`http://bot.example:${port}/hook?a=1`)).toMatchObject({
    status: 202,
    reason: null,
    snippet: `POST /hook?a=1 bot.example:${port} evt_1 application/json`,
  });
  expect(got).toBe('{"a":"é"}');
});

it("keeps as many connections as were under way, and opens none anew for the next requests", async () => {
  let opened = 0;
  const server = createServer((_, response) => response.end("ok"));
  server.on("connection", () => (opened += 1));
  const port = await listening(server);
  const post = poster();
  const many = (): Promise<unknown> =>
    Promise.all(Array.from({ length: 48 }, (_, at) => post(`http://127.0.0.1:${port}/${at % 3}`)));
  for (let round = 0; round < 3; round += 1) await many();
  expect(opened).toBe(48);
});

it("resolves the name once, and connects to what was checked", async () => {
  const port = await serve((_, response) => response.end("ok"));
  const answers = [["127.0.0.1"], ["169.254.169.254"]];
  let asked = 0;
  const post = poster({ lookup: async () => answers[asked++] ?? [] });
  expect(await post(`http://rebind.example:${port}/`)).toMatchObject({ status: 200 });
  expect(asked).toBe(1);
  expect(await post(`http://rebind.example:${port}/`)).toMatchObject({
    status: null,
    reason: expect.stringContaining("never go to"),
  });
});

it("goes to this machine only where it may", async () => {
  let hits = 0;
  const port = await serve((_, response) => response.end(String((hits += 1))));
  const post = poster();
  expect(await post(`http://localhost:${port}/`, { privateNetwork: false })).toMatchObject({
    status: null,
    reason: expect.stringContaining("may not go there"),
  });
  expect(hits).toBe(0);
});

it("follows no redirect", async () => {
  let followed = 0;
  const target = await serve((_, response) => response.end(String((followed += 1))));
  const port = await serve((_, response) =>
    response.writeHead(307, { location: `http://127.0.0.1:${target}/` }).end("there"),
  );
  expect(await poster()(`http://bot.example:${port}/`)).toMatchObject({ status: 307, snippet: "there" });
  expect(followed).toBe(0);
});

it("does not wait for a body that comes slowly for ever: the head has decided", async () => {
  const port = await serve((_, response) => {
    response.writeHead(200);
    response.write("slow");
  });
  const clock = createFakeClock();
  const answer = poster({ clock })(`http://bot.example:${port}/`);
  await expect.poll(async () => (await clock.advance(500), clock.sleeping), { timeout: 5_000 }).toBe(0);
  expect(await answer).toMatchObject({ status: 200, snippet: "slow" });
});

it("gives up on a head that does not come", async () => {
  const sockets = new Set<Socket>();
  const port = await listening(createNetServer((socket) => void sockets.add(socket.on("error", () => {}))));
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
  });
  const clock = createFakeClock();
  const answer = poster({ clock })(`http://bot.example:${port}/`);
  await expect.poll(() => sockets.size, { timeout: 5_000 }).toBe(1);
  await clock.advance(15_000);
  expect(await answer).toMatchObject({ status: null, reason: "nothing was answered in 15 s" });
});

it("gives up on a name that nobody answers for", async () => {
  const clock = createFakeClock();
  const answer = poster({ clock, lookup: () => new Promise(() => {}) })("http://bot.example/");
  await expect.poll(() => clock.sleeping, { timeout: 5_000 }).toBe(1);
  await clock.advance(15_000);
  expect(await answer).toMatchObject({ status: null, reason: "the name bot.example cannot be resolved" });
});

it("reads no more than the begin of an endless body", async () => {
  let ended = false;
  const port = await serve((_, response) => {
    const part = "x".repeat(65_536);
    response.on("close", () => (ended = true));
    const more = (): void => {
      while (!ended && response.write(part)) continue;
      if (!ended) response.once("drain", more);
    };
    more();
  });
  const answer = await poster()(`http://bot.example:${port}/`);
  expect(answer).toMatchObject({ status: 200 });
  expect(answer.snippet).toHaveLength(1024);
  await expect.poll(() => ended, { timeout: 5_000 }).toBe(true);
});

it("says in a sentence what kept it from being answered", async () => {
  const cut = await listening(createNetServer((socket) => void socket.on("error", () => {}).destroy()));
  expect(await poster()(`http://bot.example:${cut}/`)).toMatchObject({
    status: null,
    reason: expect.stringMatching(/\w+/),
  });
  const stop = new AbortController();
  stop.abort();
  expect(await poster()(`http://bot.example:${cut}/`, { signal: stop.signal })).toMatchObject({ status: null });
});

const fixture = (name: string): string => readFileSync(join(import.meta.dirname, "fixtures", name), "utf8");

it("wants a certificate of the name that was asked for", async () => {
  const ca = fixture("hook.cert.pem");
  const server = createTlsServer({ key: fixture("hook.key.pem"), cert: ca }, (request, response) =>
    response.end(request.headers.host),
  );
  const port = await listening(server);
  const post = poster({ ca });
  expect(await post(`https://hook.example:${port}/`)).toMatchObject({ status: 200, snippet: `hook.example:${port}` });
  // The connection to the first name is still open.
  expect(await post(`https://other.example:${port}/`)).toMatchObject({
    status: null,
    reason: expect.stringContaining("certificate"),
  });
  expect(await poster()(`https://hook.example:${port}/`)).toMatchObject({
    status: null,
    reason: expect.stringContaining("certificate"),
  });
});
