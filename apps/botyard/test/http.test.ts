import { createLogger, createRedactor, openBotyard, type Opened } from "@botyard/core";
import { createApp, type Service, startService } from "@botyard/http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { platforms } from "../src/platforms.gen.ts";

/** The API as a program in any language meets it: real listener, real runtime, memory store, sandbox server. */

type Json = Record<string, unknown>;
interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Json;
}

const redactor = createRedactor();
const lines: string[] = [];
let opened: Opened;
let service: Service;
let adminKey: string;

beforeAll(async () => {
  opened = await openBotyard({
    version: "0.0.0-test",
    platforms: [await platforms.sandbox()],
    dataDirectory: null,
    create: true,
    receive: true,
    logger: createLogger({ format: "json", level: "debug", redactor, write: (line) => void lines.push(line) }),
    redactor,
  });
  service = await startService(opened.runtime, { listen: { host: "127.0.0.1", port: 0 }, hooks: null });
  await opened.runtime.start();
  adminKey = await opened.adminKey();
  await must(201, "POST", "/v1/connections", { id: "chat", platform: "sandbox" });
  await must(201, "POST", "/v1/connections/chat/bots", { handle: "helper" });
  await must(200, "PUT", "/v1/connections/chat/rooms/lobby/bots/helper", {});
});

afterAll(async () => {
  await service.close();
  await opened.runtime.close({ drainMs: 1_000 });
});

async function call(
  method: string,
  path: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const response = await fetch(service.url + path, {
    method,
    headers: {
      authorization: `Bearer ${adminKey}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: JSON.parse(text) as Json };
}

async function must(status: number, ...request: Parameters<typeof call>): Promise<Json> {
  const answer = await call(...request);
  expect(answer.status, JSON.stringify(answer.body)).toBe(status);
  return answer.body;
}

const say = (text: string): Promise<Json> =>
  must(200, "POST", "/v1/connections/chat/sandbox/say", { room: "lobby", text });
const items = (page: Json): readonly Json[] => page["items"] as Json[];
const makeKey = async (key: Json): Promise<{ authorization: string }> => ({
  authorization: `Bearer ${String((await must(201, "POST", "/v1/keys", key))["secret"])}`,
});

describe("a bot in any language", () => {
  it("reads, answers, acknowledges; the same answer again is one message", async () => {
    const bot = await makeKey({ name: "pybot", preset: "bot", bot: ["chat/helper"] });
    await must(201, "PUT", "/v1/consumers/pybot", { start: "now", bot: "chat/helper" }, bot);
    await must(200, "PUT", "/v1/consumers/pybot", { bot: "chat/helper" }, bot);
    await say("@helper restart the build");
    const page = await must(200, "GET", "/v1/consumers/pybot/events?waitMs=10000", undefined, bot);
    const event = items(page).find(({ type }) => type === "message.created");
    expect(event).toMatchObject({
      connection: "chat",
      addressed: ["helper"],
      own: false,
      content: { plain: "@helper restart the build" },
    });

    const path = `/v1/events/${String(event?.["id"])}/reply`;
    const first = await call("POST", path, { text: "on it" }, bot);
    const again = await call("POST", path, { text: "on it" }, bot);
    expect([first.status, again.status]).toEqual([201, 201]);
    expect([first.headers.get("idempotency-replayed"), again.headers.get("idempotency-replayed")]).toEqual([
      null,
      "true",
    ]);
    expect(again.body).toEqual(first.body);
    const history = await must(200, "GET", "/v1/connections/chat/rooms/lobby/messages?as=helper");
    expect(items(history).filter(({ content }) => (content as Json)["text"] === "on it")).toHaveLength(1);

    await must(200, "POST", "/v1/consumers/pybot/ack", { cursor: page["cursor"] }, bot);
    const next = await must(200, "GET", "/v1/consumers/pybot/events", undefined, bot);
    expect(items(next).map(({ id }) => id)).not.toContain(event?.["id"]);
  });

  it("does nothing twice under one idempotency key, and refuses it for something else", async () => {
    const path = "/v1/connections/chat/rooms/lobby/messages";
    const first = await call("POST", path, { text: "once", as: "helper" }, { "idempotency-key": "k-once" });
    const again = await call("POST", path, { text: "once", as: "helper" }, { "idempotency-key": "k-once" });
    const other = await call("POST", path, { text: "twice", as: "helper" }, { "idempotency-key": "k-once" });
    expect([first.status, again.status, other.status]).toEqual([201, 201, 409]);
    expect(again.headers.get("idempotency-replayed")).toBe("true");
    expect(other.body).toMatchObject({ code: "conflict", effect: "none" });
  });
});

/** Reads server-sent events until `count` of the type have come, then hangs up. */
async function follow(
  path: string,
  headers: Readonly<Record<string, string>>,
  type: string,
  count: number,
  begin: () => Promise<unknown>,
): Promise<string[]> {
  const gone = new AbortController();
  const response = await fetch(service.url + path, {
    headers: { authorization: `Bearer ${adminKey}`, ...headers },
    signal: gone.signal,
  });
  expect(response.status).toBe(200);
  await begin();
  const found: string[] = [];
  let rest = "";
  for await (const part of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    const frames = (rest + part).split("\n\n");
    rest = frames.pop() ?? "";
    found.push(...frames.filter((frame) => frame.includes(`event: ${type}\n`)));
    if (found.length >= count) break;
  }
  gone.abort();
  return found;
}

describe("the event stream", () => {
  it("goes on where the reader was", async () => {
    const path = "/v1/events/stream?connection=chat&type=message.*&from=now";
    const [first = ""] = await follow(path, {}, "message.created", 1, () => say("one"));
    expect(first).toContain('"plain":"one"');
    await say("two");
    const id = /^id: (\S+)$/m.exec(first)?.[1] ?? "";
    const [second = ""] = await follow(path, { "last-event-id": id }, "message.created", 1, async () => {});
    expect(second).toContain('"plain":"two"');
  });

  it("ends with a problem when its key is revoked", async () => {
    const reader = await makeKey({ name: "watcher", preset: "reader" });
    const [end = ""] = await follow("/v1/events/stream", reader, "error", 1, () =>
      must(200, "POST", "/v1/keys/watcher/revoke", {}),
    );
    expect(end).toContain('"code":"unauthenticated"');
    expect((await call("GET", "/v1/whoami", undefined, reader)).status).toBe(401);
  });

  it("answers a cursor from elsewhere with a problem, not with a stream", async () => {
    const answer = await call("GET", "/v1/events/stream?from=c_zzz_1");
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ code: "invalid" });
  });
});

describe("bytes", () => {
  it("come back as they went in", async () => {
    const png = crypto.getRandomValues(new Uint8Array(50_000));
    const response = await fetch(`${service.url}/v1/connections/chat/files?name=a%20b.png&as=helper`, {
      method: "POST",
      headers: { authorization: `Bearer ${adminKey}`, "content-type": "image/png" },
      body: png,
    });
    expect(response.status).toBe(200);
    const { id } = (await response.json()) as { id: string };
    const down = await fetch(`${service.url}/v1/connections/chat/files/${id}?as=helper`, {
      headers: { authorization: `Bearer ${adminKey}` },
    });
    expect(down.headers.get("content-type")).toBe("image/png");
    expect(new Uint8Array(await down.arrayBuffer())).toEqual(png);
  });
});

interface Bad {
  readonly name: string;
  readonly request: Parameters<typeof call>;
  readonly status: number;
  readonly code: string;
  readonly says?: string;
  readonly hides?: string;
}
const messages = "/v1/connections/chat/rooms/lobby/messages";

describe("bad input is answered with what, why and what to do, and does nothing", () => {
  const cases: readonly Bad[] = [
    { name: "malformed JSON", request: ["POST", messages, '{"text":'], status: 400, code: "invalid", says: "JSON" },
    {
      name: "wrong content type",
      request: ["POST", messages, "text=hi", { "content-type": "text/plain" }],
      status: 400,
      code: "invalid",
      says: "application/json",
    },
    {
      name: "a body over the limit",
      request: ["POST", messages, { text: "x".repeat(1_100_000) }],
      status: 413,
      code: "too_large",
    },
    {
      name: "an unknown field",
      request: ["POST", messages, { text: "hi", colour: "HIDDEN" }],
      status: 400,
      code: "invalid",
      says: "colour",
      hides: "HIDDEN",
    },
    {
      name: "a wrong type",
      request: ["POST", messages, { text: { HIDDEN: 1 } }],
      status: 400,
      code: "invalid",
      says: '"text"',
      hides: "HIDDEN",
    },
    {
      name: "an unknown query field",
      request: ["GET", "/v1/connections?colour=HIDDEN"],
      status: 400,
      code: "invalid",
      says: "colour",
      hides: "HIDDEN",
    },
    {
      name: "a number that is none",
      request: ["GET", "/v1/connections?limit=many"],
      status: 400,
      code: "invalid",
      says: "limit",
    },
    {
      name: "path traversal in a room",
      request: ["POST", "/v1/connections/chat/rooms/..%2F..%2Fetc/messages", { text: "hi" }],
      status: 400,
      code: "invalid",
      says: "room",
    },
    {
      name: "path traversal in a connection",
      request: ["GET", "/v1/connections/..%2Fchat"],
      status: 400,
      code: "invalid",
      says: "connection",
    },
    { name: "an unknown connection", request: ["GET", "/v1/connections/other"], status: 404, code: "not_found" },
    { name: "an unknown bot", request: ["GET", "/v1/connections/chat/bots/nobody"], status: 404, code: "not_found" },
    {
      name: "no key",
      request: ["GET", "/v1/whoami", undefined, { authorization: "" }],
      status: 401,
      code: "unauthenticated",
    },
    {
      name: "a key with a letter missing",
      request: ["GET", "/v1/whoami", undefined, { authorization: "Bearer by_HIDDEN" }],
      status: 401,
      code: "unauthenticated",
      hides: "HIDDEN",
    },
    {
      name: "a foreign origin",
      request: ["GET", "/v1/whoami", undefined, { origin: "https://evil.example" }],
      status: 403,
      code: "forbidden",
    },
    {
      name: "a cursor from elsewhere",
      request: ["GET", "/v1/events?from=c_zzz_4812"],
      status: 400,
      code: "invalid",
      says: "cursor",
    },
    {
      name: "a cursor that is none",
      request: ["GET", "/v1/events?from=HIDDEN!"],
      status: 400,
      code: "invalid",
      says: "from",
      hides: "HIDDEN!",
    },
  ];
  for (const { name, request, status, code, says = "", hides } of cases)
    it(name, async () => {
      const answer = await call(...request);
      const text = JSON.stringify(answer.body);
      expect(answer.status, text).toBe(status);
      expect(answer.headers.get("content-type")).toBe("application/problem+json");
      expect(answer.body).toMatchObject({ code, status, effect: "none", request: answer.headers.get("x-request-id") });
      expect(text).toContain(says);
      for (const secret of [adminKey, "node_modules", ".ts:", ...(hides ? [hides] : [])])
        expect(text).not.toContain(secret);
    });

  it("a foreign host", async () => {
    const response = await createApp(opened.runtime).request("http://evil.example/v1/whoami", {
      headers: { authorization: `Bearer ${adminKey}` },
    });
    expect(response.status).toBe(403);
  });

  it("an under-granted key, which learns what it may", async () => {
    const agent = await makeKey({
      name: "agent",
      allow: ["messages.send"],
      bot: ["chat/helper"],
      room: ["chat/lobby"],
    });
    await must(201, "POST", messages, { text: "hi" }, agent);
    const elsewhere = await must(403, "POST", "/v1/connections/chat/rooms/eng:ops/messages", { text: "hi" }, agent);
    expect(elsewhere).toMatchObject({ code: "forbidden", effect: "none" });
    expect(await must(403, "GET", "/v1/keys", undefined, agent)).toMatchObject({ code: "forbidden" });
  });

  it("an expired key", async () => {
    const key = await makeKey({ name: "short", preset: "reader", expiresMs: 0 });
    expect(await must(401, "GET", "/v1/whoami", undefined, key)).toMatchObject({ code: "unauthenticated" });
  });
});

it("answers only statuses its OpenAPI document knows", async () => {
  const document = (await (await fetch(`${service.url}/openapi.json`)).json()) as {
    paths: Record<string, Record<string, { responses: Json }>>;
  };
  const native = document.paths["/v1/connections/{connection}/sandbox/say"]?.["post"];
  expect(Object.keys(native?.responses ?? {})).toContain("200");
  await must(201, "POST", "/v1/connections", {
    id: "slow",
    platform: "sandbox",
    settings: { profiles: ["operator-install"] },
  });
  const waiting = await call("POST", "/v1/connections/slow/bots", { handle: "later" });
  expect(waiting.status).toBe(202);
  const known = document.paths["/v1/connections/{connection}/bots"]?.["post"]?.responses ?? {};
  expect(Object.keys(known)).toEqual(
    expect.arrayContaining(["200", "201", "202", "400", "401", "403", "404", "409", "422"]),
  );
});

it("keeps keys and contents out of its log", () => {
  expect(lines.join("")).not.toContain(adminKey);
  expect(lines.join("")).not.toContain("restart the build");
});
