import { writeFileSync } from "node:fs";
import { createLogger, createRedactor, loadConfig, openBotyard, type Opened } from "@botyard/core";
import { createApp, createHooksApp } from "@botyard/http";
import { isBotyardError } from "@botyard/sdk";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { join } from "node:path";
import { platforms } from "../src/platforms.gen.ts";
import { createMachine } from "./program.ts";

/** Whatever comes in at the doors, the service answers it in its own words and goes on. */

const redactor = createRedactor();
let lines: string[] = [];
let opened: Opened;
let api: ReturnType<typeof createApp>;
let hooks: ReturnType<typeof createHooksApp>;
let key = "";
const hsToken = "hs-token-of-the-fuzz";

async function call(method: string, path: string, body?: unknown): Promise<Response> {
  const headers: Record<string, string> = { authorization: `Bearer ${key}` };
  if (body !== undefined) headers["content-type"] = "application/json";
  return api.fetch(
    new Request(`http://127.0.0.1${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }),
  );
}

async function must(status: number, method: string, path: string, body?: unknown): Promise<void> {
  const response = await call(method, path, body);
  if (response.status !== status) throw new Error(`${path}: ${response.status} ${await response.text()}`);
}

beforeAll(async () => {
  opened = await openBotyard({
    version: "0.0.0-test",
    platforms: await Promise.all(Object.values(platforms).map((load) => load())),
    dataDirectory: null,
    create: true,
    receive: true,
    logger: createLogger({ format: "json", level: "warn", redactor, write: (line) => void lines.push(line) }),
    redactor,
  });
  await opened.runtime.start();
  key = await opened.adminKey();
  api = createApp(opened.runtime);
  const logger = createLogger({ format: "json", level: "error", redactor, write: (line) => void lines.push(line) });
  hooks = createHooksApp(opened.runtime, { log: logger });
  await must(201, "POST", "/v1/connections", { id: "chat", platform: "sandbox" });
  await must(201, "POST", "/v1/connections", {
    id: "talky",
    platform: "sandbox",
    settings: { profiles: ["operator-install"] },
  });
  await must(201, "POST", "/v1/connections/chat/bots", { handle: "helper" });
  await must(200, "PUT", "/v1/connections/chat/rooms/lobby/bots/helper", {});
  const service = { id: "b", url: null, sender: "botyard", users: [{ regex: "@bot_.*:hs\\.test", exclusive: true }] };
  const made = await call("POST", "/v1/connections", {
    id: "matrix",
    platform: "matrix",
    url: "http://127.0.0.1:9",
    settings: { service, serverName: "hs.test" },
    credentials: { "as-token": "as-token-of-the-fuzz", "hs-token": hsToken },
  });
  expect(made.status, await made.clone().text()).toBeLessThan(300);
});
afterAll(() => opened.runtime.close({ drainMs: 500 }));

/** Lines of a failure nobody foresaw, since the last look. */
function surprises(): string[] {
  const found = lines.filter((line) => /nobody foresaw|failed inside Botyard/.test(line));
  lines = [];
  return found;
}

const seed = 8470;
const runs = (numRuns: number): { readonly seed: number; readonly numRuns: number } => ({ seed, numRuns });
const text = fc.string({ unit: "binary", maxLength: 60 });
const wide = fc.oneof(
  text,
  fc.string({ maxLength: 400 }),
  fc.constantFrom(
    "",
    "..",
    ".",
    "/",
    "%",
    "%00",
    "\u0000",
    "-",
    "null",
    "[object Object]",
    "../../etc/passwd",
    "'; drop table log; --",
    "𝕏".repeat(200),
  ),
);

/** An answer of ours: a problem with a code, or the thing that was asked for; never a failure of the service. */
async function ours(response: Response, what: string): Promise<void> {
  const body = await response.text();
  expect(response.status, `${what} → ${body.slice(0, 300)}`).toBeLessThan(500);
  expect(response.headers.get("x-request-id")).toMatch(/^req_/);
  if (response.status >= 400) expect(JSON.parse(body)).toMatchObject({ code: expect.any(String), effect: "none" });
}

describe("hooks", () => {
  const path = fc.oneof(
    fc.array(wide.map(encodeURIComponent), { maxLength: 5 }).map((parts) => `/${parts.join("/")}`),
    fc.constantFrom(
      "/_matrix/app/v1/transactions/1",
      "/_matrix/app/v1/users/%40bot_x%3Ahs.test",
      "/_matrix/app/v1/ping",
      "/helper/1",
    ),
  );
  const header = fc.record(
    {
      authorization: fc.oneof(
        fc.constant(`Bearer ${hsToken}`),
        fc.constant("Bearer x"),
        fc.string({ unit: "grapheme-ascii" }),
      ),
      "content-type": fc.constantFrom(
        "application/json",
        "text/plain",
        "multipart/form-data",
        "application/json; charset=utf-16",
      ),
      "x-signature": fc.string({ unit: "grapheme-ascii" }),
    },
    { requiredKeys: [] },
  );
  const body = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.json().map((json) => new TextEncoder().encode(json)),
  );

  it("of any connection, with any path, header and body", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom("matrix", "chat", "talky", "nobody", "-", "%2e%2e"),
        path,
        fc.constantFrom("GET", "POST", "PUT", "DELETE", "PATCH"),
        header,
        body,
        async (connection, rest, method, headers, bytes) => {
          const asked = new Request(`http://127.0.0.1/hooks/${connection}${rest}`, {
            method,
            headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value.trim()])),
            ...(method === "GET" ? {} : { body: bytes as Uint8Array<ArrayBuffer> }),
          });
          expect((await hooks.fetch(asked)).status).toBeLessThan(500);
        },
      ),
      runs(400),
    );
    expect(surprises()).toEqual([]);
  });

  const oddEvent = fc.oneof(
    fc.jsonValue(),
    fc.record(
      {
        event_id: fc.oneof(
          fc.string().map((id) => `$${id}`),
          fc.jsonValue(),
        ),
        type: fc.oneof(
          fc.constantFrom("m.room.message", "m.room.member", "m.reaction", "m.room.redaction", "m.room.encrypted"),
          fc.jsonValue(),
        ),
        room_id: fc.oneof(fc.constant("!a:hs.test"), fc.jsonValue()),
        sender: fc.oneof(fc.constant("@alice:hs.test"), fc.jsonValue()),
        state_key: fc.oneof(fc.constant("@bot_x:hs.test"), fc.jsonValue()),
        origin_server_ts: fc.oneof(fc.integer(), fc.jsonValue()),
        content: fc.oneof(
          fc.record(
            {
              msgtype: fc.jsonValue(),
              body: fc.jsonValue(),
              membership: fc.jsonValue(),
              "m.relates_to": fc.jsonValue(),
              "m.mentions": fc.jsonValue(),
            },
            { requiredKeys: [] },
          ),
          fc.jsonValue(),
        ),
      },
      { requiredKeys: [] },
    ),
  );

  it("of Matrix: a transaction of odd events is taken, and the next one too", async () => {
    let n = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(oddEvent, { maxLength: 4 }), async (events) => {
        const push = (list: readonly unknown[]): Response | Promise<Response> =>
          hooks.fetch(
            new Request(`http://127.0.0.1/hooks/matrix/_matrix/app/v1/transactions/f${n++}`, {
              method: "PUT",
              headers: { authorization: `Bearer ${hsToken}` },
              body: JSON.stringify({ events: list }),
            }),
          );
        expect((await push(events)).status).toBe(200);
        expect((await push([])).status).toBe(200);
      }),
      runs(200),
    );
    expect(surprises()).toEqual([]);
    const page = await call("GET", "/v1/events?connection=matrix&from=oldest&limit=500");
    const { items } = (await page.json()) as { items: readonly { type: string }[] };
    expect(items.some(({ type }) => type === "platform.unknown")).toBe(true);
  });
});

describe("the API", () => {
  it("takes any cursor and any beginning", async () => {
    const start = fc.oneof(
      wide,
      fc.integer().map(String),
      fc.stringMatching(/^c_[0-9a-z]{1,9}_\d{1,20}$/),
      fc.date({ noInvalidDate: false }).map(String),
      fc.stringMatching(/^\d{4}-\d\d-\d\dT.{0,20}$/),
    );
    await call("PUT", "/v1/consumers/fuzz", {});
    await fc.assert(
      fc.asyncProperty(start, async (value) => {
        const word = encodeURIComponent(value.toWellFormed());
        await ours(await call("GET", `/v1/events?from=${word}`), `from ${value}`);
        await ours(await call("GET", `/v1/events?cursor=${word}`), `cursor ${value}`);
        for (const list of ["/v1/ledger", "/v1/audit", "/v1/connections", "/v1/connections/-/bots", "/v1/gaps"])
          await ours(await call("GET", `${list}?cursor=${word}`), `${list} ${value}`);
        await ours(await call("POST", "/v1/consumers/fuzz/ack", { cursor: value }), `ack ${value}`);
        await ours(await call("PUT", "/v1/consumers/fuzz", { start: value }), `start ${value}`);
      }),
      runs(150),
    );
    expect(surprises()).toEqual([]);
  });

  it("takes any name of a connection, bot, room, message, event, ledger row and actor", async () => {
    await fc.assert(
      fc.asyncProperty(wide, wide, async (one, two) => {
        const [a, b] = [one, two].map((value) => encodeURIComponent(value.toWellFormed()));
        for (const [method, path, body] of [
          ["GET", `/v1/connections/${a}`],
          ["GET", `/v1/connections/chat/bots/${a}`],
          ["GET", `/v1/connections/chat/rooms/${a}`],
          ["GET", `/v1/connections/chat/rooms/lobby/messages/${a}?as=${b}`],
          ["GET", `/v1/connections/chat/users/${a}`],
          ["PUT", `/v1/connections/chat/rooms/${a}/bots/helper`, {}],
          ["POST", "/v1/connections/chat/rooms/lobby/messages", { text: one, as: two }],
          ["POST", "/v1/connections/chat/rooms/lobby/messages", { text: one, thread: two, replyTo: two }],
          ["POST", `/v1/connections/chat/rooms/${a}/messages`, { text: "x" }],
          ["GET", `/v1/events/${a}`],
          ["POST", `/v1/events/${a}/reply`, { text: two }],
          ["GET", `/v1/ledger/${a}`],
          ["GET", `/v1/events?room=${a}&bot=${b}`],
          ["POST", "/v1/keys", { name: "fuzz", room: [one], bot: [two], dryRun: true }],
          ["GET", `/v1/${a}/${b}`],
        ] as const)
          await ours(await call(method, path, body), `${method} ${path} ${JSON.stringify(body ?? null)}`);
      }),
      runs(120),
    );
    expect(surprises()).toEqual([]);
  });

  it("takes any JSON as a body", async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue({ maxDepth: 4 }), async (value) => {
        for (const path of [
          "/v1/connections",
          "/v1/keys",
          "/v1/webhooks",
          "/v1/connections/chat/bots",
          "/v1/connections/chat/rooms/lobby/messages",
        ])
          await ours(await call("POST", path, value), `${path} ${JSON.stringify(value)}`);
      }),
      runs(150),
    );
    expect(surprises()).toEqual([]);
  });
});

describe("configuration", () => {
  const machine = createMachine(() => {});
  const file = join(machine.folder, "botyard.yaml");
  const place = { env: {}, platform: "linux", home: machine.folder } as const;
  const value = fc.oneof(
    fc.jsonValue(),
    wide,
    fc.constantFrom("127.0.0.1:8470", "[::1]:0", "30d", "forever", "1e9d", "-1d", "https://x.example"),
  );
  const words = fc.constantFrom(
    "listen",
    "hooks",
    "publicUrl",
    "data",
    "retention",
    "events",
    "raw",
    "log",
    "level",
    "format",
    "durability",
    "__proto__",
    "constructor",
  );
  const object = fc.dictionary(words, fc.oneof(value, fc.dictionary(words, value)), { maxKeys: 4 });
  const yaml = fc.oneof(
    object.map((each) => JSON.stringify(each)),
    fc.string({ maxLength: 200 }),
    fc.string({ unit: "binary", maxLength: 100 }),
    fc.constantFrom("&a [*a, *a]", "!!js/function 'x'", "a: &a {b: *a}", "? ? ?", "---\n---\n", "listen: &x\n  <<: *x"),
  );

  it("is taken, or refused with a sentence", async () => {
    await fc.assert(
      fc.asyncProperty(yaml, async (content) => {
        writeFileSync(file, content);
        try {
          const { listen, retention } = loadConfig({ config: file }, place);
          expect(listen.port).toBeLessThanOrEqual(65_535);
          expect(retention.eventsMs === null || Number.isSafeInteger(retention.eventsMs)).toBe(true);
        } catch (error) {
          if (!isBotyardError(error)) throw error;
          expect(error.code).toBe("invalid");
          expect(error.message.length).toBeGreaterThan(10);
        }
      }),
      runs(600),
    );
    expect(({} as Record<string, unknown>)["listen"]).toBeUndefined();
  });
});
