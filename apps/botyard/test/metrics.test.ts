import { createLogger, createRedactor, openBotyard, type Opened } from "@botyard/core";
import { type Service, startService } from "@botyard/http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { platforms } from "../src/platforms.gen.ts";
import { type Caller, createCaller, type Json, until } from "./http-call.ts";

/** What a service says of itself: figures, and one request followed through log, ledger and audit. */

interface Line extends Json {
  readonly message: string;
  readonly request?: string;
}

const redactor = createRedactor();
const lines: Line[] = [];
let opened: Opened;
let service: Service;
let admin: Caller;
const hsToken = "hs-token-of-the-test";

beforeAll(async () => {
  const write = (line: string): void => void lines.push(JSON.parse(line) as Line);
  const log = createLogger({ format: "json", level: "debug", redactor, write });
  opened = await openBotyard({
    version: "0.0.0-test",
    platforms: [await platforms.sandbox(), await platforms["matrix-appservice"]()],
    dataDirectory: null,
    create: true,
    receive: true,
    logger: log,
    redactor,
  });
  const free = { host: "127.0.0.1", port: 0 };
  service = await startService(opened.runtime, { listen: free, hooks: free, log });
  await opened.runtime.start();
  admin = createCaller(service.url, await opened.adminKey());
  await admin.must(201, "POST", "/v1/connections", { id: "chat", platform: "sandbox" });
  await admin.must(201, "POST", "/v1/connections/chat/bots", { handle: "helper" });
  await admin.must(200, "PUT", "/v1/connections/chat/rooms/lobby/bots/helper", {});
  const users = [{ regex: "@bot_.*:hs\\.test", exclusive: true }];
  await admin.call("POST", "/v1/connections", {
    body: {
      id: "matrix",
      platform: "matrix",
      url: "http://127.0.0.1:9",
      settings: { service: { id: "b", url: null, sender: "botyard", users }, serverName: "hs.test" },
      credentials: { "as-token": "as-token-of-the-test", "hs-token": hsToken },
    },
  });
});
afterAll(async () => {
  await service.close();
  await opened.runtime.close({ drainMs: 500 });
});

async function keyFor(name: string, body: Json): Promise<Caller> {
  const { secret } = await admin.must(201, "POST", "/v1/keys", { name, ...body });
  return admin.as(String(secret));
}

describe("/metrics of a running service", () => {
  it("says how connections are, and counts", async () => {
    await admin.must(200, "GET", "/v1/connections");
    await fetch(`${service.hooksUrl}/hooks/matrix/nothing-of-ours`, { method: "PUT" });
    const { status, text } = await admin.call("GET", "/metrics");
    expect(status).toBe(200);
    expect(text).toContain('botyard_connection_state{connection="chat",platform="sandbox",state="ready"} 1\n');
    expect(text).toContain('botyard_bots{connection="chat"} 1\n');
    expect(text).toMatch(/^botyard_calls_total\{operation="connections\.list",status="200"\} [1-9]/m);
    expect(text).toMatch(/^botyard_hooks_total\{connection="matrix",status="4\d\d"\} 1$/m);
    expect(text).toMatch(/^botyard_resident_memory_bytes [1-9]\d{6,}$/m);
    expect(text).toMatch(/^botyard_log_position [1-9]/m);
  });

  it.each([
    ["reader", { preset: "reader" }, 200],
    ["status alone", { allow: ["service.status"] }, 200],
    ["a right that is another", { allow: ["messages.send"] }, 403],
    ["a bot's own", { preset: "bot", bot: ["chat/helper"] }, 403],
    ["one connection", { preset: "reader", connection: ["chat"] }, 403],
  ])("for a key: %s", async (name, body, status) => {
    const caller = await keyFor(name.replaceAll(/[^a-z]+/g, "-"), body);
    expect((await caller.call("GET", "/metrics")).status).toBe(status);
  });

  it("for none: refused, without a figure", async () => {
    const { status, text } = await admin.call("GET", "/metrics", { headers: { authorization: "" } });
    expect(status).toBe(401);
    expect(text).not.toContain("botyard_");
  });
});

describe("one request", () => {
  it("of a chat server marks the lines of its intake, and they name its events", async () => {
    const response = await fetch(`${service.hooksUrl}/hooks/matrix/_matrix/app/v1/transactions/t1`, {
      method: "PUT",
      headers: { authorization: `Bearer ${hsToken}` },
      body: JSON.stringify({
        events: [
          {
            event_id: "$one",
            type: "m.room.message",
            room_id: "!a:hs.test",
            sender: "@alice:hs.test",
            origin_server_ts: 1,
            content: { msgtype: "m.text", body: "a text that belongs in no log" },
          },
        ],
      }),
    });
    expect(response.status).toBe(200);
    const [line] = lines.filter(
      ({ message, connection }) => message === "an intake is in the log" && connection === "matrix",
    );
    expect(line).toMatchObject({ via: "transaction", fresh: 1, request: expect.stringMatching(/^req_/) });
    const [event] = (line?.["events"] ?? []) as string[];
    expect((await admin.must(200, "GET", `/v1/events/${event}`))["type"]).toBe("message.created");
    expect(JSON.stringify(lines)).not.toContain("belongs in no log");
  });

  it("that answers is on the ledger, in the audit, in the log and in the answer", async () => {
    await admin.call("POST", "/v1/connections/chat/sandbox/say", { body: { room: "lobby", text: "@helper hello" } });
    const said = await until(
      () => admin.must(200, "GET", "/v1/events?connection=chat&type=message.created"),
      ({ items }) => (items as Json[]).length > 0,
    );
    const { id } = (said["items"] as { id: string }[])[0] ?? { id: "" };
    const reply = await admin.call("POST", `/v1/events/${id}/reply`, { body: { text: "yes", as: "helper" } });
    expect(reply.status, reply.text).toBe(201);
    const request = String(reply.headers["x-request-id"]);

    expect(lines.find(({ message }) => message === "an event is answered")).toMatchObject({ event: id, request });
    const row = await admin.must(200, "GET", `/v1/ledger/${String(reply.body["operation"])}`);
    expect(row).toMatchObject({ operation: "messages.send", request });
    const audit = await until(
      () => admin.must(200, "GET", "/v1/audit?operation=messages.*"),
      ({ items }) => (items as Json[]).some((each) => each["request"] === request),
    );
    expect(
      (audit["items"] as Json[]).filter((each) => each["request"] === request).map((each) => each["operation"]),
    ).toContain("messages.reply");
  });

  it("that fails says the id the log has it under", async () => {
    const { headers, body } = await admin.call("GET", "/v1/connections/nobody");
    expect(body["request"]).toBe(headers["x-request-id"]);
    expect(lines.filter(({ request, status }) => request === body["request"] && status === 404)).toHaveLength(1);
  });
});
