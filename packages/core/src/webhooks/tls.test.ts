import { readFileSync } from "node:fs";
import { createServer as createPlainServer, type RequestListener } from "node:http";
import { createServer } from "node:https";
import { type AddressInfo, createServer as createNetServer, type Server } from "node:net";
import { join } from "node:path";
import type { Webhook as WebhookView, WebhookAttempt } from "@botyard/sdk";
import { Webhook } from "standardwebhooks";
import { afterEach, expect, test } from "vitest";
import { tinyRuntime } from "../fixtures/tiny-runtime.ts";
import { draft } from "../log/test-log.ts";

const fixture = (name: string): string => readFileSync(join(import.meta.dirname, "fixtures", name), "utf8");
const [key, good, expired] = [fixture("hook.key.pem"), fixture("hook.cert.pem"), fixture("expired.cert.pem")];

let closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.toReversed()) await close();
  closing = [];
});

async function listening(server: Server, port = 0): Promise<number> {
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", () => resolve()));
  closing.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

interface Got {
  readonly headers: Record<string, string>;
  readonly body: string;
}

function receiver() {
  const got: Got[] = [];
  const take: RequestListener = (request, response) => {
    let body = "";
    request.on("data", (part: Buffer) => (body += part.toString()));
    request.on("end", () => {
      got.push({ headers: request.headers as Record<string, string>, body });
      response.writeHead(204, { connection: "close" }).end();
    });
  };
  return { got, take };
}

async function serving(ca: string | undefined) {
  const lookup = async (): Promise<readonly string[]> => ["127.0.0.1"];
  const tiny = await tinyRuntime({ receive: true, webhooks: { lookup, ...(ca === undefined ? {} : { ca }) } });
  closing.push(() => tiny.runtime.close({ drainMs: 0 }));
  let n = 0;
  const say = () =>
    tiny.runtime.core.log.commit(
      { id: "chat", platform: "tiny" },
      { via: "frame", bots: [], events: [draft(`m${(n += 1)}`, { room: { id: "r1", kind: "channel" } })] },
    );
  const create = (url: string) =>
    tiny.value<WebhookView & { secret: string }>("webhooks.create", { name: "hook", url });
  const attempts = async () =>
    (await tiny.value<{ items: WebhookAttempt[] }>("webhooks.attempts", { webhook: "hook" })).items;
  return { ...tiny, say, create, attempts };
}
const soon = { timeout: 5_000, interval: 10 };

test("an event arrives over HTTPS, signed, at the name that was asked for", async () => {
  const { got, take } = receiver();
  const port = await listening(createServer({ key, cert: good }, take));
  const { say, create, attempts } = await serving(good);
  const { secret } = await create(`https://hook.example:${port}/events`);
  await say();
  await expect.poll(() => got.length, soon).toBe(1);
  const [{ headers, body } = { headers: {}, body: "" }] = got;
  expect(headers["host"]).toBe(`hook.example:${port}`);
  expect(new Webhook(secret).verify(body, headers)).toMatchObject({ message: { id: "m1" } });
  await expect.poll(attempts, soon).toMatchObject([{ outcome: "delivered", status: 204 }]);
});

const broken: Record<string, { serve: (take: RequestListener) => Server; name?: string; ca?: string; says: RegExp }> = {
  "a certificate nobody here trusts": {
    serve: (take) => createServer({ key, cert: good }, take),
    says: /certificate was not accepted \(DEPTH_ZERO_SELF_SIGNED_CERT\)/,
  },
  "a certificate of another name": {
    serve: (take) => createServer({ key, cert: good }, take),
    name: "other.example",
    ca: good,
    says: /certificate was not accepted/,
  },
  "a certificate that has expired": {
    serve: (take) => createServer({ key, cert: expired }, take),
    ca: expired,
    says: /certificate was not accepted/,
  },
  "no TLS at all": { serve: (take) => createPlainServer(take), ca: good, says: /does not speak TLS as expected/ },
  "a handshake that is cut": {
    serve: () => createNetServer((socket) => void socket.on("error", () => {}).once("data", () => socket.destroy())),
    ca: good,
    says: /could not be reached/,
  },
};

test.each(Object.entries(broken))(
  "with %s nothing is sent, the attempt says why, and the event waits",
  async (_, one) => {
    const { got, take } = receiver();
    const server = one.serve(take);
    const port = await listening(server);
    const { say, create, attempts, value } = await serving(one.ca);
    const name = one.name ?? "hook.example";
    await create(`https://${name}:${port}/`);
    await say();
    await expect.poll(attempts, soon).toMatchObject([{ outcome: "failed", status: null }]);
    expect((await attempts())[0]?.reason).toMatch(one.says);
    expect(got).toEqual([]);
    expect(await value<WebhookView>("webhooks.get", { webhook: "hook" })).toMatchObject({
      retrying: 1,
      dead: 0,
      oldestAt: expect.any(String),
    });
  },
);

test("what waited for a bad certificate comes once it is a good one", async () => {
  const { got, take } = receiver();
  const bad = createServer({ key, cert: expired }, take);
  const port = await listening(bad);
  const { say, create, attempts, call } = await serving(good);
  await create(`https://hook.example:${port}/`);
  await say();
  await say();
  await expect.poll(async () => (await attempts()).length, soon).toBe(1);
  await new Promise((resolve) => bad.close(resolve));
  await listening(createServer({ key, cert: good }, take), port);
  await call("webhooks.replay", { webhook: "hook", now: true });
  await expect
    .poll(() => got.map(({ body }) => (JSON.parse(body) as { message: { id: string } }).message.id), soon)
    .toEqual(["m1", "m2"]);
});
