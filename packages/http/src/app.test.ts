import { type Descriptor } from "@botyard/core";
import { BotyardError } from "@botyard/sdk";
import { describe, expect, it, vi } from "vitest";
import { type AppOptions, createApp } from "./app.ts";
import { createFakeRuntime, goodKey } from "./fake-runtime.ts";

const auth = { authorization: `Bearer ${goodKey}` };
const json = { ...auth, "content-type": "application/json" };
const sendPath = "/v1/connections/chat/rooms/lobby/messages";

interface Case {
  readonly name: string;
  readonly path: string;
  readonly init?: RequestInit;
  readonly options?: AppOptions;
  readonly status: number;
  readonly code?: string;
  /** All in the answer's text. */
  readonly says?: readonly string[];
  readonly hides?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
  /** Name and input of the call that reached the runtime; absent: none did. */
  readonly invoked?: readonly [string, Readonly<Record<string, unknown>>];
}

/** What no answer may ever hold. */
const never = [goodKey, "SECRET", "    at ", "node_modules", ".ts:"];

async function check(one: Case): Promise<void> {
  const runtime = createFakeRuntime({
    answers: {
      "bots.get": () => {
        throw new Error("SECRET-STACK of by_good_key");
      },
      "bots.create": () => ({
        value: { handle: "helper" },
        status: 201,
        replayed: true,
        location: "/v1/connections/chat/bots/helper",
      }),
      "rooms.get": () => {
        throw new BotyardError("rate_limited", "slow down", { retryAfterMs: 1200, cause: new Error("SECRET-CAUSE") });
      },
      "messages.send": (input) => input,
    },
  });
  const response = await createApp(runtime, one.options).request(one.path, one.init);
  const text = await response.text();
  expect(response.status, text).toBe(one.status);
  expect(response.headers.get("x-request-id")).toMatch(/^req_[0-9A-HJKMNP-TV-Z]{26}$/);
  if (one.code !== undefined) {
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect(JSON.parse(text)).toMatchObject({
      code: one.code,
      status: one.status,
      type: `/docs/errors#${one.code}`,
      request: response.headers.get("x-request-id"),
    });
  }
  for (const part of one.says ?? []) expect(text).toContain(part);
  for (const part of [...never, ...(one.hides ?? [])]) expect(text).not.toContain(part);
  for (const [name, value] of Object.entries(one.headers ?? {})) expect(response.headers.get(name), name).toBe(value);
  expect(runtime.invoked.map(({ name, input }) => [name, input])).toEqual(one.invoked ? [one.invoked] : []);
}

const cases: readonly Case[] = [
  {
    name: "puts path and body into one input",
    path: sendPath,
    init: { method: "POST", headers: json, body: '{"text":"hi","replyTo":null}' },
    status: 200,
    invoked: ["messages.send", { connection: "chat", room: "lobby", text: "hi", replyTo: null }],
  },
  {
    name: "decodes a path parameter once: slashes, hashes and percent signs of ids survive",
    path: "/v1/connections/chat/rooms/%23a%2Fb%2541/messages",
    init: { method: "POST", headers: json, body: '{"text":"hi"}' },
    status: 200,
    invoked: ["messages.send", { connection: "chat", room: "#a/b%41", text: "hi" }],
  },
  {
    name: "leaves path traversal in an id to validation, as it was meant",
    path: "/v1/connections/chat/rooms/..%2F..%2Fetc%2Fpasswd/messages",
    init: { method: "POST", headers: json, body: '{"text":"hi"}' },
    status: 200,
    invoked: ["messages.send", { connection: "chat", room: "../../etc/passwd", text: "hi" }],
  },
  {
    name: "refuses a broken percent-encoding",
    path: "/v1/connections/%E0%A4%A/bots",
    init: { headers: auth },
    status: 400,
    code: "invalid",
  },
  {
    name: "makes numbers, booleans and lists of a query",
    path: "/v1/events?limit=5&own=true&type=message.*,gap.opened&type=reaction.added&waitMs=x",
    init: { headers: auth },
    status: 200,
    invoked: ["events.list", { limit: 5, own: true, type: ["message.*", "gap.opened", "reaction.added"], waitMs: "x" }],
  },
  {
    name: "keeps a text that looks like a number",
    path: "/v1/connections/chat/rooms?as=42&cursor=007",
    init: { headers: auth },
    status: 200,
    invoked: ["rooms.list", { connection: "chat", as: "42", cursor: "007" }],
  },
  {
    name: "refuses an unknown query field",
    path: "/v1/connections?colour=red",
    init: { headers: auth },
    status: 400,
    code: "invalid",
    says: ["colour", "no such field"],
    hides: ["red"],
  },
  {
    name: "refuses a path parameter given again in the body",
    path: sendPath,
    init: { method: "POST", headers: json, body: '{"text":"hi","room":"other-room"}' },
    status: 400,
    code: "invalid",
    says: ['"room"', "in the path"],
    hides: ["other-room"],
  },
  {
    name: "refuses a path parameter given again in the query",
    path: "/v1/connections/chat?connection=x",
    init: { headers: auth },
    status: 400,
    code: "invalid",
    says: ["in the path"],
  },
  {
    name: "refuses fields of the body in the query",
    path: `${sendPath}?text=hi`,
    init: { method: "POST", headers: json, body: "{}" },
    status: 400,
    code: "invalid",
    says: ["in the JSON body"],
  },
  {
    name: "refuses names every object has",
    path: sendPath,
    init: { method: "POST", headers: json, body: '{"text":"hi","__proto__":{"a":1},"constructor":1}' },
    status: 400,
    code: "invalid",
    says: ["__proto__", "constructor"],
  },
  {
    name: "refuses malformed JSON without quoting it",
    path: sendPath,
    init: { method: "POST", headers: json, body: '{"text": "SECRET' },
    status: 400,
    code: "invalid",
    says: ["not valid JSON"],
  },
  {
    name: "refuses bytes that are no UTF-8",
    path: sendPath,
    init: { method: "POST", headers: json, body: new Uint8Array([0x22, 0xff, 0x22]) },
    status: 400,
    code: "invalid",
    says: ["UTF-8"],
  },
  {
    name: "refuses JSON that is no object",
    path: sendPath,
    init: { method: "POST", headers: json, body: "[1]" },
    status: 400,
    code: "invalid",
    says: ["not an object"],
  },
  {
    name: "refuses a wrong content type and says which",
    path: sendPath,
    init: {
      method: "POST",
      headers: { ...auth, "content-type": "text/plain" },
      body: '{"text":"hi"}',
    },
    status: 400,
    code: "invalid",
    says: ["application/json", "curl --json"],
  },
  {
    name: "refuses a form",
    path: sendPath,
    init: {
      method: "POST",
      headers: { ...auth, "content-type": "application/x-www-form-urlencoded" },
      body: "text=hi",
    },
    status: 400,
    code: "invalid",
    says: ["application/json", "curl --json"],
  },
  {
    name: "refuses a compressed body",
    path: sendPath,
    init: { method: "POST", headers: { ...json, "content-encoding": "gzip" }, body: "{}" },
    status: 400,
    code: "invalid",
  },
  {
    name: "refuses a body over the limit",
    path: sendPath,
    options: { maxJsonBytes: 10 },
    init: { method: "POST", headers: json, body: '{"text":"hello"}' },
    status: 413,
    code: "too_large",
    says: ["10 bytes"],
  },
  {
    name: "refuses a declared length over the limit",
    path: sendPath,
    init: { method: "POST", headers: { ...json, "content-length": "99999999" }, body: "{}" },
    status: 413,
    code: "too_large",
  },
  {
    name: "takes no body for none, whatever the type",
    path: "/v1/connections/chat/bots/helper/enable",
    init: { method: "POST", headers: auth },
    status: 200,
    invoked: ["bots.enable", { connection: "chat", bot: "helper" }],
  },
  {
    name: "takes JSON with parameters and suffixes",
    path: sendPath,
    init: {
      method: "POST",
      headers: { ...auth, "content-type": "application/merge-patch+json; charset=utf-8" },
      body: '{"text":"a"}',
    },
    status: 200,
    invoked: ["messages.send", { connection: "chat", room: "lobby", text: "a" }],
  },
  {
    name: "refuses a body on DELETE",
    path: "/v1/connections/chat",
    init: { method: "DELETE", headers: { ...json, "content-length": "2" }, body: "{}" },
    status: 400,
    code: "invalid",
    says: ["no body"],
  },
  {
    name: "refuses an empty icon",
    path: "/v1/connections/chat/bots/helper/icon",
    init: { method: "PUT", headers: { ...auth, "content-type": "image/png" } },
    status: 400,
    code: "invalid",
    says: ["empty"],
  },
  {
    name: "refuses an empty chunked icon",
    path: "/v1/connections/chat/bots/helper/icon",
    init: { method: "PUT", headers: { ...auth, "content-type": "image/png" }, body: new Uint8Array() },
    status: 400,
    code: "invalid",
    says: ["empty"],
  },
  {
    name: "refuses a form where bytes belong",
    path: "/v1/connections/chat/bots/helper/icon",
    init: { method: "PUT", headers: auth, body: new FormData() },
    status: 400,
    code: "invalid",
    says: ["not a form", "--data-binary"],
  },

  {
    name: "asks for a key",
    path: "/v1/connections",
    status: 401,
    code: "unauthenticated",
    says: ["missing"],
    headers: { "www-authenticate": 'Bearer realm="botyard"' },
  },
  {
    name: "refuses an unknown key",
    path: "/v1/connections",
    init: { headers: { authorization: "Bearer by_BADKEY" } },
    status: 401,
    code: "unauthenticated",
    hides: ["BADKEY"],
  },
  {
    name: "refuses another scheme",
    path: "/v1/connections",
    init: { headers: { authorization: "Basic BADKEY" } },
    status: 401,
    code: "unauthenticated",
    says: ["Bearer"],
    hides: ["BADKEY"],
  },
  {
    name: "refuses a key in the address",
    path: `/v1/connections?limit=1&access_token=${goodKey}`,
    init: { headers: auth },
    status: 401,
    code: "unauthenticated",
    says: ["address"],
  },
  {
    name: "authenticates before it reads the body",
    path: sendPath,
    init: { method: "POST", body: "{broken" },
    status: 401,
    code: "unauthenticated",
  },

  {
    name: "answers unknown paths",
    path: "/v1/nothing",
    init: { headers: auth },
    status: 404,
    code: "not_found",
    says: ["/docs"],
  },
  {
    name: "answers a wrong method with those that are right",
    path: "/v1/connections",
    init: { method: "PUT", headers: auth },
    status: 405,
    code: "invalid",
    headers: { allow: "GET, POST" },
  },
  {
    name: "does not open a stream for HEAD",
    path: "/v1/events/stream",
    init: { method: "HEAD", headers: auth },
    status: 405,
  },
  {
    name: "does not take the stream for an event",
    path: "/v1/events/stream2",
    init: { headers: auth },
    status: 200,
    invoked: ["events.get", { event: "stream2" }],
  },
  {
    name: "refuses POST on a page",
    path: "/docs",
    init: { method: "POST" },
    status: 405,
    code: "invalid",
    headers: { allow: "GET, HEAD" },
  },

  {
    name: "tells nothing of an unforeseen failure",
    path: "/v1/connections/chat/bots/helper",
    init: { headers: auth },
    status: 500,
    code: "internal",
    says: ['"effect":"unknown"'],
    invoked: ["bots.get", { connection: "chat", bot: "helper" }],
  },
  {
    name: "says when to come back",
    path: "/v1/connections/chat/rooms/lobby",
    init: { headers: auth },
    status: 429,
    code: "rate_limited",
    headers: { "retry-after": "2" },
    invoked: ["rooms.get", { connection: "chat", room: "lobby" }],
  },
  {
    name: "answers 201, Location and a replay as the runtime says",
    path: "/v1/connections/chat/bots",
    init: { method: "POST", headers: { ...json, "idempotency-key": "k-1" }, body: '{"handle":"helper"}' },
    status: 201,
    headers: {
      location: "/v1/connections/chat/bots/helper",
      "idempotency-replayed": "true",
      "cache-control": "no-store",
    },
    invoked: ["bots.create", { connection: "chat", handle: "helper" }],
  },
  {
    name: "refuses an idempotency key of no use",
    path: sendPath,
    init: { method: "POST", headers: { ...json, "idempotency-key": "a b" }, body: "{}" },
    status: 400,
    code: "invalid",
    says: ["Idempotency-Key"],
  },

  {
    name: "refuses a foreign host",
    path: "http://evil.example/v1/connections",
    init: { headers: auth },
    status: 403,
    code: "forbidden",
    says: ["Host"],
    hides: ["evil"],
  },
  {
    name: "takes a configured host",
    path: "https://Bots.example.org/v1/whoami",
    options: { hosts: ["bots.example.org"] },
    init: { headers: auth },
    status: 200,
    invoked: ["keys.whoami", {}],
  },
  {
    name: "takes the address it listens on",
    path: "http://[fd00::1]:8470/healthz",
    options: { listenHost: "fd00::1" },
    status: 200,
  },
  {
    name: "takes any address, but no name, when it listens on all",
    path: "http://10.0.0.5:8470/healthz",
    options: { listenHost: "0.0.0.0" },
    status: 200,
  },
  {
    name: "takes no foreign name when it listens on all",
    path: "http://evil.example:8470/healthz",
    options: { listenHost: "0.0.0.0" },
    status: 403,
    code: "forbidden",
  },
  {
    name: "refuses a foreign origin",
    path: "/v1/connections",
    init: { headers: { ...auth, origin: "http://localhost:3000" } },
    status: 403,
    code: "forbidden",
    says: ["origin"],
  },
  {
    name: "refuses the origin null",
    path: "/healthz",
    init: { headers: { origin: "null" } },
    status: 403,
    code: "forbidden",
  },
  { name: "takes its own origin", path: "/healthz", init: { headers: { origin: "http://localhost" } }, status: 200 },
];

describe("requests", () => {
  for (const one of cases) it(one.name, () => check(one));
});

it("hands the idempotency key of effects on, and the signal only when it is asked for", async () => {
  const runtime = createFakeRuntime();
  const app = createApp(runtime);
  await app.request(sendPath, {
    method: "POST",
    headers: { ...json, "idempotency-key": "k-1" },
    body: '{"text":"hi"}',
  });
  await app.request("/v1/connections", { headers: { ...auth, "idempotency-key": "k-1" } });
  expect(runtime.invoked.map(({ options }) => options.idempotencyKey)).toEqual(["k-1", undefined]);
  expect(runtime.invoked[0]?.options.signal?.()).toBeInstanceOf(AbortSignal);
  expect(runtime.invoked[0]?.options.request).toMatch(/^req_/);
});

it("streams bytes in with their type, length and other fields", async () => {
  let received = "";
  const runtime = createFakeRuntime({
    answers: {
      "files.upload": async ({ file }) => {
        received = await new Response((file as { body: ReadableStream }).body).text();
        return { id: "f1", name: "a.txt" };
      },
    },
  });
  const response = await createApp(runtime).request("/v1/connections/chat/files?name=a.txt&as=helper", {
    method: "POST",
    headers: { ...auth, "content-type": "text/plain", "content-length": "5" },
    body: "hello",
  });
  expect(await response.json()).toEqual({ id: "f1", name: "a.txt" });
  expect(received).toBe("hello");
  expect(runtime.invoked[0]?.input).toMatchObject({
    connection: "chat",
    name: "a.txt",
    as: "helper",
    file: { type: "text/plain", size: 5 },
  });
});

it("streams bytes of unknown length, first byte included", async () => {
  let received = "";
  const runtime = createFakeRuntime({
    answers: {
      "bots.set-icon": async ({ icon }) => {
        received = await new Response((icon as { body: ReadableStream }).body).text();
        return {};
      },
    },
  });
  const body = new ReadableStream({
    start(controller) {
      for (const part of ["", "a", "b"]) controller.enqueue(new TextEncoder().encode(part));
      controller.close();
    },
  });
  const init = { method: "PUT", headers: { ...auth, "content-type": "image/png" }, body, duplex: "half" };
  expect((await createApp(runtime).request("/v1/connections/chat/bots/helper/icon", init as RequestInit)).status).toBe(
    200,
  );
  expect(received).toBe("ab");
});

it("answers bytes with checked headers", async () => {
  const bytes = (type: string, name?: string) => ({
    body: new Response("png").body,
    type,
    size: 3,
    ...(name === undefined ? {} : { name }),
  });
  let next: unknown = bytes("image/png", 'a"\r\nb.png');
  const app = createApp(createFakeRuntime({ answers: { "files.download": () => next } }));
  const first = await app.request("/v1/connections/chat/files/f1", { headers: auth });
  expect(first.headers.get("content-type")).toBe("image/png");
  expect(first.headers.get("content-length")).toBe("3");
  expect(first.headers.get("content-disposition")).toBe("attachment; filename*=UTF-8''a%22%0D%0Ab.png");
  expect(first.headers.get("content-security-policy")).toBe("sandbox");
  expect(await first.text()).toBe("png");
  next = bytes("image/png\r\nset-cookie: a=b");
  const second = await app.request("/v1/connections/chat/files/f1", { headers: auth });
  expect(second.headers.get("content-type")).toBe("application/octet-stream");
  expect(second.headers.get("set-cookie")).toBeNull();
});

it("logs the caller's own request id, cleaned, and never the query", async () => {
  const log = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };
  await createApp(createFakeRuntime(), { log }).request("/healthz?x=SECRET", { headers: { "x-request-id": "mine é" } });
  expect(log.debug.mock.calls[0]?.[1]).toMatchObject({
    caller: "mine??",
    method: "GET",
    route: "/healthz",
    status: 200,
  });
  expect(JSON.stringify(log.debug.mock.calls)).not.toContain("SECRET");
});

it("puts the text of an unforeseen failure into the log", async () => {
  const log = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };
  const runtime = createFakeRuntime({
    answers: {
      "keys.whoami": () => {
        throw new Error("the reason");
      },
    },
  });
  const response = await createApp(runtime, { log }).request("/v1/whoami", { headers: auth });
  expect(await response.text()).not.toContain("the reason");
  expect(log.error.mock.calls[0]?.[1]).toMatchObject({
    request: response.headers.get("x-request-id"),
    error: expect.stringContaining("the reason"),
  });
});

it("is alive always, and ready when the runtime is", async () => {
  let ready = false;
  const app = createApp(createFakeRuntime({ ready: () => ready }));
  expect((await app.request("/healthz")).status).toBe(200);
  expect((await app.request("/readyz")).status).toBe(503);
  ready = true;
  expect((await app.request("/readyz")).status).toBe(200);
});

it("reaches every operation of the table by its own route", async () => {
  const runtime = createFakeRuntime();
  const app = createApp(runtime);
  const wrong: string[] = [];
  for (const descriptor of runtime.descriptors.values()) {
    if (descriptor.output.kind !== "json") continue;
    runtime.invoked.length = 0;
    await app.request(`/v1${descriptor.path.replace(/\{([^}]+)\}/g, "some-$1")}`, requestTo(descriptor));
    if (runtime.invoked[0]?.name !== descriptor.name) wrong.push(descriptor.name);
  }
  expect(wrong).toEqual([]);
});

function requestTo(descriptor: Descriptor): RequestInit {
  const bytes = descriptor.fields.some((field) => field.in === "bytes");
  return { method: descriptor.method, headers: auth, ...(bytes ? { body: new Uint8Array([1]) } : {}) };
}
