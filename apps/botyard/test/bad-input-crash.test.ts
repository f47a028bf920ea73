import { createServer } from "node:http";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { type Answer, type Caller, createCaller, type Json, startServe, until } from "./http-call.ts";
import { createMachine, type Machine } from "./program.ts";

/** Ends in the middle of writes, and the same thing twice at once: what was acknowledged is still there, once. */

// Several services are started after each other: on a machine with other work that takes its time.
vi.setConfig({ testTimeout: 60_000 });

const items = (page: Json): readonly Json[] => page["items"] as Json[];
const messages = "/v1/connections/chat/rooms/lobby/messages";

async function furnish(admin: Caller): Promise<void> {
  await admin.must(201, "POST", "/v1/connections", { id: "chat", platform: "sandbox" });
  await admin.must(201, "POST", "/v1/connections/chat/bots", { handle: "helper" });
  await admin.must(200, "PUT", "/v1/connections/chat/rooms/lobby/bots/helper", {});
  await admin.must(201, "PUT", "/v1/consumers/reader", { start: "oldest", type: ["message.created"], own: true });
}

/** Every event a consumer has in front of it. */
async function read(admin: Caller): Promise<Json[]> {
  const events: Json[] = [];
  for (let from = "oldest"; ;) {
    const page = await admin.must(200, "GET", `/v1/events?own=true&limit=500&from=${from}`);
    if (items(page).length === 0) return events;
    events.push(...items(page));
    from = String(page["cursor"]);
  }
}

const pull = (admin: Caller, limit = 500): Promise<Json> =>
  admin.must(200, "GET", `/v1/consumers/reader/events?limit=${limit}`);

/** The ids of a page, once its acknowledgement is acknowledged. */
async function acknowledge(admin: Caller, page: Json): Promise<string[]> {
  await admin.must(200, "POST", "/v1/consumers/reader/ack", { cursor: page["cursor"] });
  return items(page).map(({ id }) => String(id));
}

interface Writing {
  /** Key → the answer, of what was answered. */
  readonly answered: ReadonlyMap<string, Answer>;
  readonly asked: readonly string[];
  stop(): Promise<void>;
}

/** Writers that each send one message after the other, under a key of its own, until nobody answers any more. */
function write(admin: Caller, writers: number): Writing {
  const answered = new Map<string, Answer>();
  const asked: string[] = [];
  let stopped = false;
  const work = Array.from({ length: writers }, async (_, writer) => {
    for (let n = 0; !stopped; n++) {
      const key = `w${writer}-${n}`;
      asked.push(key);
      const send = admin.call("POST", messages, { body: { text: key }, headers: { "idempotency-key": key } });
      const answer = await send.catch(() => null);
      if (answer === null) return;
      answered.set(key, answer);
      if (answer.status !== 201) return;
    }
  });
  return {
    answered,
    asked,
    async stop() {
      stopped = true;
      await Promise.all(work);
    },
  };
}

/** What each ended with, after a restart: acknowledged ones are done and in the log, the others have a known end. */
async function proveKept(again: Caller, { answered, asked }: Writing): Promise<void> {
  const sent = [...answered].filter(([, { status }]) => status === 201);
  expect(sent.length).toBeGreaterThan(5);
  // The last ones are those that were being written.
  for (const [key, answer] of sent.slice(-40)) {
    const operation = String(answer.body["operation"]);
    expect(await again.must(200, "GET", `/v1/ledger/${operation}`), key).toMatchObject({
      state: "done",
      result: answer.body,
    });
    const body = { text: key };
    const repeated = await again.call("POST", messages, { body, headers: { "idempotency-key": key } });
    expect(repeated, key).toMatchObject({ status: 201, text: answer.text });
    expect(repeated.headers["idempotency-replayed"]).toBe("true");
  }
  const rows = items(await again.must(200, "GET", "/v1/ledger?limit=500"));
  const open = rows.filter(({ state }) => state === "accepted" || state === "attempting");
  expect(open).toEqual([]);
  const events = await read(again);
  expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
  const texts = events
    .map(({ content }) => (content as Json | undefined)?.["text"])
    .filter((text) => text !== undefined);
  expect(new Set(texts).size).toBe(texts.length);
  for (const text of texts) expect(asked).toContain(text);
}

describe("an end in the middle of writes", () => {
  for (const signal of ["SIGKILL", "SIGTERM"] as const)
    it(`${signal}: everything that was answered is still there, and answered the same again`, async () => {
      const machine = createMachine();
      const { service, ...admin } = await startServe(machine);
      await furnish(admin);
      const writing = write(admin, 4);
      await until(
        async () => writing.answered.size,
        (size) => size > 40,
      );
      // Echoes reach the log behind the answers.
      const seen = items(
        await until(
          () => pull(admin),
          (page) => items(page).length > 0,
        ),
      );
      const ended = await service.end(signal);
      await writing.stop();
      if (signal === "SIGTERM") {
        expect(ended.code).toBe(0);
        // Draining: who was heard got an answer; who came later found nobody, and nothing in between.
        expect(writing.asked.length - writing.answered.size).toBeLessThanOrEqual(4);
        for (const { status, text } of writing.answered.values()) expect([201, 503], text).toContain(status);
      }
      const again = await startServe(machine);
      expect(items(await pull(again)).slice(0, seen.length)).toEqual(seen);
      await proveKept(again, writing);
    });

  it("kill -9 again and again: the acknowledged cursor stays, and no event comes after it twice", async () => {
    const machine = createMachine();
    const handled: string[] = [];
    for (let round = 0; round < 4; round++) {
      const { service, ...admin } = await startServe(machine);
      if (round === 0) await furnish(admin);
      const writing = write(admin.as(admin.key), 2);
      await until(
        async () => writing.answered.size,
        (size) => size > 5 || writing.asked.length > writing.answered.size + 2,
      );
      const page = await until(
        () => pull(admin, 5),
        (answer) => items(answer).length > 0,
      );
      handled.push(...(await acknowledge(admin, page)));
      await service.end("SIGKILL");
      await writing.stop();
    }
    const last = await startServe(machine);
    const all = [...handled];
    for (let page = await pull(last); items(page).length > 0; page = await pull(last))
      all.push(...(await acknowledge(last, page)));
    expect(new Set(all).size).toBe(all.length);
    const stored = (await read(last)).filter(({ type }) => type === "message.created").map(({ id }) => id);
    expect(all).toEqual(stored);
  });
});

/** What a homeserver answers to who opens a connection to it; it pings nobody. */
async function homeserver(): Promise<string> {
  const server = createServer((request, response) => {
    const path = request.url ?? "";
    const body = path.includes("/versions")
      ? { versions: ["v1.11"], unstable_features: {} }
      : path.includes("/whoami")
        ? { user_id: "@remotebot:hs.test" }
        : path.includes("/ping")
          ? { duration_ms: 1 }
          : {};
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(body));
  }).listen(0, "127.0.0.1");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise((resolve) => server.once("listening", resolve));
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
}

interface Pushed {
  readonly admin: Awaited<ReturnType<typeof startServe>>;
  readonly push: (id: string, body: Json | string, headers?: Record<string, string>) => Promise<Answer>;
  readonly hooks: Caller;
  readonly token: string;
}

async function connectMatrix(machine: Machine): Promise<Pushed> {
  const flags = ["--bot", "remotebot", "--users", "_remote_.*", "--server", "hs.test"];
  const made = await machine.run(["matrix", "registration", ...flags, "--url", "http://127.0.0.1:9/hooks/matrix"]);
  expect(made, made.err).toMatchObject({ code: 0 });
  const file = join(machine.folder, "remote.yaml");
  writeFileSync(file, made.out, { mode: 0o600 });
  const token = /^hs_token: (\S+)$/m.exec(made.out)?.[1] ?? "";
  const admin = await startServe(machine, "--hooks-listen", `127.0.0.1:${await freePort()}`);
  const connected = await machine.run(["connect", "matrix", await homeserver(), "--registration", file]);
  expect(connected, connected.err).toMatchObject({ code: 0 });
  const hooks = createCaller(admin.hooksUrl, token);
  const push: Pushed["push"] = (id, body, headers = {}) =>
    hooks.call("PUT", `/hooks/matrix/_matrix/app/v1/transactions/${id}`, { body, headers });
  return { admin, push, hooks, token };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const event = (id: string, text: string): Json => ({
  event_id: `$${id}`,
  type: "m.room.message",
  room_id: "!ops:hs.test",
  sender: "@reader:hs.test",
  origin_server_ts: 1_763_600_000_000,
  content: { msgtype: "m.text", body: text },
});

async function texts(admin: Caller): Promise<unknown[]> {
  const created = (await read(admin)).filter(({ type }) => type === "message.created");
  return created.map(({ content }) => (content as Json)["text"]);
}

describe("a Matrix transaction", () => {
  it("pushed twice and at once is one event, also after a kill -9", async () => {
    const machine = createMachine();
    const { admin, push } = await connectMatrix(machine);
    const body = { events: [event("a", "hello"), event("b", "again")] };
    const together = await Promise.all(Array.from({ length: 8 }, () => push("1", body)));
    expect(together.map(({ status, text }) => [status, text])).toEqual(Array.from({ length: 8 }, () => [200, "{}"]));
    expect((await push("1", body)).status).toBe(200);
    // The homeserver's database was put back: known events under a new id.
    expect((await push("77", { events: [event("b", "again"), event("c", "new")] })).status).toBe(200);
    expect(await texts(admin)).toEqual(["hello", "again", "new"]);

    await admin.service.end("SIGKILL");
    const again = await startServe(machine, "--hooks-listen", new URL(admin.hooksUrl).host);
    const repeated = await until(
      () => push("1", body),
      ({ status }) => status === 200,
    );
    expect(repeated.text).toBe("{}");
    expect(await texts(again)).toEqual(["hello", "again", "new"]);
  });

  it("from a stranger, or that is no transaction, is refused and stores nothing", async () => {
    const machine = createMachine();
    const { admin, push, hooks, token } = await connectMatrix(machine);
    const body = { events: [event("a", "HIDDEN")] };
    const elsewhere = (path: string) => hooks.call("PUT", path, { body });
    const rows: readonly (readonly [string, Promise<Answer>, number])[] = [
      ["without a token", push("1", body, { authorization: "" }), 401],
      ["with a wrong token", push("1", body, { authorization: "Bearer wrong" }), 403],
      ["malformed", push("1", '{"events":[', { "content-type": "application/json" }), 400],
      ["no object", push("1", "[]", { "content-type": "application/json" }), 400],
      ["to a connection that is not there", elsewhere("/hooks/other/_matrix/app/v1/transactions/1"), 404],
      ["to a path that climbs", elsewhere("/hooks/../v1/connections"), 404],
      ["to the API on this port", hooks.call("GET", "/v1/whoami"), 404],
      ["over the limit", push("1", "x".repeat(51 * 1024 * 1024)), 413],
    ];
    for (const [name, answering, status] of rows) {
      const answer = await answering;
      expect(answer.status, `${name}: ${answer.text}`).toBe(status);
      expect(answer.text, name).not.toContain(token);
      expect(answer.text.length, name).toBeLessThan(200);
    }
    expect(await texts(admin)).toEqual([]);
    // A strange entry blocks nothing: the rest of its transaction is stored.
    expect((await push("2", { events: [{ type: 7 }, "x", null, event("b", "hello")] })).status).toBe(200);
    expect(await texts(admin)).toEqual(["hello"]);
  });
});
