import { errorTable, type ErrorCode } from "@botyard/sdk";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Caller, createCaller, type Json, type Send, startServe } from "./http-call.ts";
import { createMachine, type Machine, type Running } from "./program.ts";

/** Bad input to a running service, as a child process, over its own listener: each row is refused and changes nothing. */

interface Row {
  readonly name: string;
  readonly request: readonly [method: string, path: string, send?: Send];
  /** Whose key; default the admin's. */
  readonly as?: keyof typeof keys;
  readonly code: ErrorCode;
  /** Default: the code's own. */
  readonly status?: number;
  readonly says?: string | RegExp;
  readonly hides?: string;
}

const messages = "/v1/connections/chat/rooms/lobby/messages";
const json = { "content-type": "application/json" };
const post = (body: NonNullable<Send["body"]>, headers: Record<string, string> = json) =>
  ["POST", messages, { body, headers }] as const;
const get = (path: string, headers: Record<string, string> = {}) => ["GET", path, { headers }] as const;

const keys = { expired: "", revoked: "", agent: "", reader: "" };
/** Of the right form, with a checksum that fits, and of nobody. */
const unknownKey = "by_00000000000000000000000000000000fd9b47";

const bodies: readonly Row[] = [
  {
    name: "JSON that ends too early",
    request: post('{"text":"HIDDEN'),
    code: "invalid",
    says: "JSON",
    hides: "HIDDEN",
  },
  { name: "JSON that is no object", request: post('["HIDDEN"]'), code: "invalid", says: "object", hides: "HIDDEN" },
  {
    name: "JSON with what only looks like UTF-8",
    request: post(Uint8Array.of(0x22, 0xc3, 0x28, 0x22)),
    code: "invalid",
    says: "UTF-8",
  },
  { name: "an empty object where a text is needed", request: post({}), code: "invalid", says: '"text"' },
  {
    name: "no content type",
    request: post('{"text":"HIDDEN"}', { "content-type": "" }),
    code: "invalid",
    says: "application/json",
    hides: "HIDDEN",
  },
  {
    name: "text",
    request: post("HIDDEN", { "content-type": "text/plain" }),
    code: "invalid",
    says: "application/json",
    hides: "HIDDEN",
  },
  {
    name: "a form",
    request: post("text=HIDDEN", { "content-type": "application/x-www-form-urlencoded" }),
    code: "invalid",
    says: "application/json",
    hides: "HIDDEN",
  },
  {
    name: "a compressed body",
    request: post("{}", { ...json, "content-encoding": "gzip" }),
    code: "invalid",
    says: "compressed",
  },
  {
    name: "a body over the limit that says so",
    request: post({ text: "x".repeat(1_100_000) }),
    code: "too_large",
    says: "1048576 bytes",
  },
  {
    name: "a body over the limit that does not say so",
    request: ["POST", messages, { body: `{"text":"${"x".repeat(1_100_000)}"}`, headers: json, chunked: true }],
    code: "too_large",
    says: "1048576 bytes",
  },
  {
    name: "a body of a GET",
    request: ["GET", "/v1/connections", { body: { limit: 1 } }],
    code: "invalid",
    says: "no body",
  },
  {
    name: "a form instead of a picture",
    request: [
      "PUT",
      "/v1/connections/chat/bots/helper/icon",
      { body: "x=1", headers: { "content-type": "multipart/form-data; boundary=x" } },
    ],
    code: "invalid",
    says: "--data-binary",
  },
  {
    name: "an empty picture",
    request: ["PUT", "/v1/connections/chat/bots/helper/icon", { body: "", headers: { "content-type": "image/png" } }],
    code: "invalid",
    says: "empty",
  },
];

const fields: readonly Row[] = [
  {
    name: "an unknown field",
    request: post({ text: "hi", colour: "HIDDEN" }),
    code: "invalid",
    says: '"colour"',
    hides: "HIDDEN",
  },
  {
    name: "a field every object inherits",
    request: post('{"text":"hi","constructor":"HIDDEN"}'),
    code: "invalid",
    says: '"constructor"',
    hides: "HIDDEN",
  },
  {
    name: "a prototype",
    request: post('{"text":"hi","__proto__":{"as":"HIDDEN"}}'),
    code: "invalid",
    says: "__proto__",
    hides: "HIDDEN",
  },
  {
    name: "a field of another type",
    request: post({ text: { HIDDEN: 1 } }),
    code: "invalid",
    says: '"text"',
    hides: "HIDDEN",
  },
  {
    name: "a path field in the body again",
    request: post({ text: "hi", room: "eng:ops" }),
    code: "invalid",
    says: "in the path",
  },
  {
    name: "a query beside the body",
    request: ["POST", `${messages}?text=HIDDEN`, { body: { text: "hi" } }],
    code: "invalid",
    says: "in the JSON body",
    hides: "HIDDEN",
  },
  {
    name: "an unknown query field",
    request: get("/v1/events?colour=HIDDEN"),
    code: "invalid",
    says: '"colour"',
    hides: "HIDDEN",
  },
  {
    name: "a number that is none",
    request: get("/v1/events?limit=HIDDEN"),
    code: "invalid",
    says: '"limit"',
    hides: "HIDDEN",
  },
  { name: "a number out of range", request: get("/v1/events?limit=100000"), code: "invalid", says: '"limit"' },
  {
    name: "an idempotency key with spaces",
    request: post({ text: "hi" }, { "idempotency-key": "a b" }),
    code: "invalid",
    says: "Idempotency-Key",
  },
  {
    name: "an idempotency key that is too long",
    request: post({ text: "hi" }, { "idempotency-key": "k".repeat(256) }),
    code: "invalid",
    says: "Idempotency-Key",
  },
  {
    name: "an idempotency key used for something else",
    request: post({ text: "HIDDEN" }, { "idempotency-key": "taken" }),
    code: "conflict",
    says: "dempotency",
    hides: "HIDDEN",
  },
];

const passwd = "..%2F..%2F..%2Fetc%2Fpasswd";
const ids: readonly Row[] = [
  { name: "a path that climbs", request: get("/v1/../../etc/passwd"), code: "not_found", hides: "passwd" },
  {
    name: "a path that climbs, encoded",
    request: get("/v1/%2e%2e/%2e%2e/etc/passwd"),
    code: "not_found",
    hides: "passwd",
  },
  {
    name: "a connection that climbs",
    request: get(`/v1/connections/${passwd}`),
    code: "invalid",
    says: '"connection"',
    hides: "passwd",
  },
  {
    name: "a bot that climbs",
    request: get(`/v1/connections/chat/bots/${passwd}`),
    code: "invalid",
    says: '"bot"',
    hides: "passwd",
  },
  {
    name: "a room that climbs",
    request: ["POST", `/v1/connections/chat/rooms/${passwd}/messages`, { body: { text: "hi" } }],
    code: "invalid",
    says: '"room"',
    hides: "passwd",
  },
  {
    name: "a room that climbs by backslashes",
    request: get("/v1/connections/chat/rooms/..%5C..%5Cetc/messages"),
    code: "invalid",
    says: '"room"',
  },
  {
    name: "a room with a NUL",
    request: get("/v1/connections/chat/rooms/lobby%00/messages"),
    code: "invalid",
    says: '"room"',
  },
  {
    name: "a file that climbs",
    request: get(`/v1/connections/chat/files/${passwd}?as=helper`),
    code: "invalid",
    says: '"file"',
    hides: "passwd",
  },
  {
    name: "an event that climbs",
    request: get(`/v1/events/${passwd}`),
    code: "invalid",
    says: '"event"',
    hides: "passwd",
  },
  {
    name: "a ledger row that climbs",
    request: get(`/v1/ledger/${passwd}`),
    code: "invalid",
    says: '"operation"',
    hides: "passwd",
  },
  {
    name: "a consumer that climbs",
    request: ["PUT", `/v1/consumers/${passwd}`, { body: {} }],
    code: "invalid",
    says: '"consumer"',
    hides: "passwd",
  },
  {
    name: "an encoding that stands for nothing",
    request: get("/v1/connections/%E0%A4%A"),
    code: "invalid",
    says: "percent-encoding",
  },
  { name: "a connection that is not there", request: get("/v1/connections/other"), code: "not_found", says: "other" },
  {
    name: "a bot that is not there",
    request: get("/v1/connections/chat/bots/nobody"),
    code: "not_found",
    says: "helper",
  },
  {
    name: "a room that is not there",
    request: ["POST", "/v1/connections/chat/rooms/nowhere/messages", { body: { text: "hi" } }],
    code: "not_found",
    says: "nowhere",
  },
  { name: "a path that is not there", request: get("/v1/nothing"), code: "not_found", says: "/docs" },
  {
    name: "a method that is not there",
    request: ["DELETE", messages],
    code: "invalid",
    status: 405,
    says: "GET, POST",
  },
];

const access: readonly Row[] = [
  {
    name: "no key",
    request: get("/v1/whoami", { authorization: "" }),
    code: "unauthenticated",
    says: "Authorization: Bearer",
  },
  {
    name: "another scheme",
    request: get("/v1/whoami", { authorization: "Basic SElEREVO" }),
    code: "unauthenticated",
    says: "Bearer",
    hides: "SElEREVO",
  },
  {
    name: "a key that lost a letter",
    request: get("/v1/whoami", { authorization: "Bearer by_HIDDEN" }),
    code: "unauthenticated",
    says: "checksum",
    hides: "HIDDEN",
  },
  {
    name: "a key of nobody",
    request: get("/v1/whoami", { authorization: `Bearer ${unknownKey}` }),
    code: "unauthenticated",
    hides: unknownKey,
  },
  {
    name: "a key in the address",
    request: get(`/v1/whoami?access_token=${unknownKey}`),
    code: "unauthenticated",
    says: "header",
    hides: unknownKey,
  },
  { name: "an expired key", request: get("/v1/whoami"), as: "expired", code: "unauthenticated", says: "expired" },
  { name: "a revoked key", request: get("/v1/whoami"), as: "revoked", code: "unauthenticated", says: "revoked" },
  { name: "a key without the operation", request: get("/v1/keys"), as: "reader", code: "forbidden", says: "keys.list" },
  {
    name: "a key without the write",
    request: post({ text: "hi" }),
    as: "reader",
    code: "forbidden",
    says: "messages.send",
  },
  {
    name: "a key without the room",
    request: ["POST", "/v1/connections/chat/rooms/eng:ops/messages", { body: { text: "hi" } }],
    as: "agent",
    code: "forbidden",
    says: /"allowed":\{.*chat\/(?:r_)?lobby/,
  },
  {
    name: "a key without the room, which is none",
    request: ["POST", "/v1/connections/chat/rooms/nowhere/messages", { body: { text: "hi" } }],
    as: "agent",
    code: "forbidden",
    says: /"allowed":\{.*chat\/(?:r_)?lobby/,
  },
  { name: "a key without the bot", request: post({ text: "hi", as: "other" }), as: "agent", code: "forbidden" },
  { name: "a key without ghosts", request: post({ text: "hi", as: "user:ghost-1" }), as: "agent", code: "forbidden" },
  { name: "a foreign Host", request: get("/v1/whoami", { host: "evil.example" }), code: "forbidden", says: "Host" },
  {
    name: "a Host that only begins like ours",
    request: get("/v1/whoami", { host: "127.0.0.1.evil.example" }),
    code: "forbidden",
    says: "Host",
  },
  {
    name: "a foreign Origin",
    request: get("/v1/whoami", { origin: "https://evil.example" }),
    code: "forbidden",
    says: "Origin",
  },
  {
    name: "the Origin of another port",
    request: get("/v1/whoami", { origin: "http://127.0.0.1:1" }),
    code: "forbidden",
    says: "Origin",
  },
  {
    name: "the Origin of a sandboxed page",
    request: get("/v1/whoami", { origin: "null" }),
    code: "forbidden",
    says: "Origin",
  },
];

const cursors: readonly Row[] = [
  {
    name: "a cursor from elsewhere",
    request: get("/v1/events?from=c_zzz_1"),
    code: "invalid",
    says: "another event log",
  },
  {
    name: "a cursor from elsewhere, streamed",
    request: get("/v1/events/stream?from=c_zzz_1"),
    code: "invalid",
    says: "another event log",
  },
  {
    name: "a cursor from elsewhere to resume from",
    request: get("/v1/events/stream", { "last-event-id": "c_zzz_1" }),
    code: "invalid",
    says: "another event log",
  },
  {
    name: "a cursor from elsewhere, acknowledged",
    request: ["POST", "/v1/consumers/bad/ack", { body: { cursor: "c_zzz_1" } }],
    code: "invalid",
    says: "another event log",
  },
  {
    name: "a cursor that is none",
    request: get("/v1/events?from=HIDDEN"),
    code: "invalid",
    says: '"from"',
    hides: "HIDDEN",
  },
  {
    name: "a word acknowledged",
    request: ["POST", "/v1/consumers/bad/ack", { body: { cursor: "oldest" } }],
    code: "invalid",
    says: '"cursor"',
  },
  {
    name: "a consumer that is not there",
    request: get("/v1/consumers/nobody/events"),
    code: "not_found",
    says: "nobody",
  },
];

const ends: (() => void)[] = [];
let machine: Machine;
let admin: Caller;
let service: Running;

beforeAll(async () => {
  machine = createMachine((end) => void ends.push(end));
  ({ service, ...admin } = await startServe(machine, "--log", "debug"));
  await admin.must(201, "POST", "/v1/connections", { id: "chat", platform: "sandbox" });
  await admin.must(201, "POST", "/v1/connections/chat/bots", { handle: "helper" });
  await admin.must(200, "PUT", "/v1/connections/chat/rooms/lobby/bots/helper", {});
  await admin.must(201, "PUT", "/v1/consumers/bad", { start: "oldest" });
  const key = async (body: Json): Promise<string> =>
    String((await admin.must(201, "POST", "/v1/keys", body))["secret"]);
  keys.expired = await key({ name: "expired", preset: "reader", expiresMs: 0 });
  keys.revoked = await key({ name: "revoked", preset: "reader" });
  keys.reader = await key({ name: "reader", preset: "reader" });
  keys.agent = await key({ name: "agent", allow: ["messages.send"], bot: ["chat/helper"], room: ["chat/lobby"] });
  await admin.must(200, "POST", "/v1/keys/revoked/revoke", {});
  const sent = await admin.call("POST", messages, { body: { text: "first" }, headers: { "idempotency-key": "taken" } });
  expect(sent.status, sent.text).toBe(201);
});

afterAll(() => {
  for (const end of ends) end();
});

/** Everything that bad input could have changed. */
async function world(): Promise<unknown> {
  const paths = ["sandbox/transcript?room=lobby", "sandbox/transcript?room=eng:ops", "bots"];
  const lists = paths.map((path) => `/v1/connections/chat/${path}`);
  const pages = [...lists, "/v1/connections/chat/sandbox/effects", "/v1/consumers", "/v1/ledger"].map((path) =>
    admin.must(200, "GET", path),
  );
  const names = ((await admin.must(200, "GET", "/v1/keys"))["items"] as Json[]).map(({ name }) => name);
  return [await Promise.all(pages), names];
}

const secrets = (): string[] => [admin.key, ...Object.values(keys)];
const stack = /\n\s+at |\.ts:\d|node:internal/;

for (const [what, rows] of Object.entries({ bodies, fields, ids, access, cursors }))
  describe(`bad ${what}`, () => {
    for (const { name, request, as, code, status = errorTable[code].status, says = "", hides } of rows)
      it(`${name}: ${code}`, async () => {
        const before = await world();
        const caller = as === undefined ? admin : createCaller(admin.url, keys[as]);
        const answer = await caller.call(...request);
        expect(answer.status, answer.text).toBe(status);
        expect(answer.headers["content-type"]).toBe("application/problem+json");
        const id = answer.headers["x-request-id"];
        expect(answer.body).toMatchObject({ code, status, effect: "none", request: id, type: `/docs/errors#${code}` });
        expect(String(answer.body["detail"]).length).toBeGreaterThan(20);
        if (typeof says === "string") expect(answer.text.replaceAll("\\", "")).toContain(says);
        else expect(answer.text).toMatch(says);
        for (const hidden of [...secrets(), ...(hides === undefined ? [] : [hides])])
          expect(answer.text).not.toContain(hidden);
        expect(answer.text).not.toMatch(stack);
        expect(await world()).toEqual(before);
      });
  });

interface Line {
  readonly argv: string;
  readonly env?: () => Record<string, string>;
  readonly code: ErrorCode;
  readonly says: string | RegExp;
  readonly hides?: string;
}

const withKey = (key: keyof typeof keys) => () => ({ BOTYARD_URL: admin.url, BOTYARD_KEY: keys[key] });
const commands: readonly Line[] = [
  { argv: "messages send lobby hi --as helper --colour HIDDEN", code: "invalid", says: "--colour", hides: "HIDDEN" },
  { argv: "messages send lobby hi --formt markdown", code: "invalid", says: "--format" },
  { argv: "messages send lobby hi --format HIDDEN", code: "invalid", says: "plain" },
  { argv: "mesages send lobby hi", code: "invalid", says: "messages" },
  { argv: "messages snd lobby hi", code: "invalid", says: "messages send" },
  { argv: "messages send lobby", code: "invalid", says: "<text> is missing" },
  { argv: "messages send lobby hi one-too-many", code: "invalid", says: "one-too-many" },
  { argv: "events list --limit many", code: "invalid", says: "limit" },
  { argv: "events list --from c_zzz_1", code: "invalid", says: "another event log" },
  { argv: "bots get ../../etc/passwd", code: "invalid", says: "bot" },
  { argv: "files download ../../etc/passwd --as helper", code: "invalid", says: "file" },
  { argv: "bots set-icon helper --file nothing.png", code: "invalid", says: "nothing.png" },
  { argv: "bots get nobody", code: "not_found", says: "nobody" },
  { argv: "messages send nowhere hi --as helper", code: "not_found", says: "nowhere" },
  { argv: "messages send lobby other --idempotency-key taken", code: "conflict", says: "dempotency" },
  { argv: "keys create reader", code: "conflict", says: "reader" },
  { argv: "whoami", env: withKey("expired"), code: "unauthenticated", says: "expired" },
  { argv: "keys list", env: withKey("reader"), code: "forbidden", says: "keys.list" },
  { argv: "messages send chat/eng:ops hi", env: withKey("agent"), code: "forbidden", says: "eng:ops" },
];

describe("bad commands", () => {
  for (const { argv, env, code, says, hides } of commands)
    it(`${argv}: ${code}, exit ${errorTable[code].exit}`, async () => {
      const before = await world();
      const { exit } = errorTable[code];
      const shown = await machine.run(argv.split(" "), env ? { env: env() } : {});
      expect(shown).toMatchObject({ code: exit, out: "" });
      expect(shown.err).toMatch(new RegExp(`^error: ${code}  .`));
      if (typeof says === "string") expect(shown.err).toContain(says);
      else expect(shown.err).toMatch(says);
      const coded = await machine.run([...argv.split(" "), "--json"], env ? { env: env() } : {});
      expect(coded).toMatchObject({ code: exit, out: "" });
      expect(JSON.parse(coded.err)).toMatchObject({ code, effect: "none" });
      for (const hidden of [...secrets(), ...(hides === undefined ? [] : [hides])])
        expect(shown.err + coded.err).not.toContain(hidden);
      expect(shown.err + coded.err).not.toMatch(stack);
      expect(await world()).toEqual(before);
    });
});

it("none of it is in the service's log: no keys, no contents, no stacks", async () => {
  const log = service.err();
  expect(log.length).toBeGreaterThan(1000);
  for (const hidden of [...secrets(), unknownKey, "SElEREVO", "HIDDEN"]) expect(log).not.toContain(hidden);
  expect(log).not.toMatch(/\n\s+at |nobody foresaw/);
});
