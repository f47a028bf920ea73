import { type Client, createClient } from "@botyard/client";
import { BotyardError } from "@botyard/sdk";
import { expect, it } from "vitest";
import { createStyle } from "../output/style.ts";
import { diagnose } from "./diagnose.ts";
import { formatDiagnosis } from "./format.ts";
import type { Diagnosis } from "./types.ts";

const now = Date.parse("2026-11-20T03:00:00Z");
const ago = (seconds: number): string => new Date(now - seconds * 1000).toISOString();
const connection = { id: "chat", state: "ready", provenAliveAt: ago(12), steps: [], gaps: 0 };
const consumer = {
  name: "tickets",
  connection: null,
  bot: "chat/tickets",
  waiting: 0,
  lastAckAt: ago(120),
  createdAt: ago(9999),
};

const well0 = { time: ago(0), disk: { free: 61, total: 100 }, webhooks: [] };

/** A service where all is well, but for what is said. */
function service(answers: Readonly<Record<string, unknown>> = {}): Client {
  const well: Readonly<Record<string, unknown>> = {
    "service.status": { ...well0, startedAt: ago(777_600), connections: [connection], consumers: [consumer] },
    "connections.get": connection,
    "connections.probe": { checks: [{ name: "sign-in", state: "ok", detail: "signed in" }] },
    "bots.get": { state: "ready", enabled: true, username: "tickets", steps: [] },
    "credentials.list": { items: [{ kind: "bot-token", state: "ready", source: "sealed" }] },
    "rooms.list-bots": { items: [{ handle: "tickets", active: true }] },
    "connections.capabilities": { items: [{ operation: "messages.send", support: "native" }] },
    "gaps.list": { items: [] },
    "events.list": { items: [{ time: ago(120), type: "message.created", addressed: [] }], cursor: "c_1" },
    "ledger.list": { items: [{ operation: "messages.send", bot: "tickets", state: "done", updatedAt: ago(62) }] },
    ...answers,
  };
  return createClient({
    call: async (name) => {
      const answer = well[name];
      if (answer instanceof Error) throw answer;
      return answer;
    },
  });
}

const ask = (client: Client, url: string | null = "http://here"): Promise<Diagnosis> =>
  diagnose({ target: "chat/tickets", connection: null, room: "chat/eng:ops" }, client, url, now);

it("walks from the service to the last send, each thing one line", async () => {
  const found = await ask(service());
  expect(formatDiagnosis(found, createStyle(false))).toBe(
    [
      "service     ok    up 9 d · disk 61 % free · clock +0.0 s · http://here",
      "connection  ok    chat ready · proven alive 12 s ago",
      "bot         ok    chat/tickets enabled, known as tickets",
      "credential  ok    bot-token ready · sealed",
      "room        ok    member of chat/eng:ops · may post",
      "log         ok    last event in this room 2 min ago (message.created, not addressed to the bot)",
      "consumer    ok    tickets · 0 waiting · last ack 2 min ago",
      "send        ok    last sent 62 s ago · unknown 0",
      "then   nothing is broken: nobody spoke to it",
      "",
    ].join("\n"),
  );
});

it("stops at nothing and names the first cause with its fix", async () => {
  const found = await ask(
    service({
      "credentials.list": {
        items: [
          { kind: "bot-token", state: "auth_required", reason: "401 since 02:41", since: ago(1140), source: "sealed" },
        ],
      },
      "rooms.list-bots": { items: [] },
      "gaps.list": { items: [{ id: "gap_31", from: ago(1140), cause: "the token was refused", certainty: "proven" }] },
    }),
  );
  expect(found.lines.map((line) => line.state)).toEqual(["ok", "ok", "ok", "FAIL", "FAIL", "wait", "ok", "ok"]);
  expect(found.cause).toMatch(/^bot-token auth_required since \d\d:\d\d: 401 since 02:41$/);
  expect(found.fix).toBe("botyard credentials issue chat/tickets");
  expect(found.after).toMatch(/filled from history/);
});

it("does not take what the bot said for what was said to it", async () => {
  const spoken = { time: ago(120), type: "message.created", addressed: ["tickets"], own: false };
  const answered = { time: ago(5), type: "message.created", addressed: [], own: true };
  const found = await ask(service({ "events.list": { items: [spoken, answered], cursor: "c_1" } }));
  expect(found.lines.find(({ subject }) => subject === "log")?.detail).toBe(
    "last event in this room 2 min ago (message.created, addressed to the bot)",
  );
  expect(found.after).toBeUndefined();
});

it("says what keeps it from looking, and goes on", async () => {
  const found = await ask(
    service({
      "connections.probe": new BotyardError("unreachable", "no answer from chat", { fix: "ping chat" }),
      "rooms.list-bots": new BotyardError("unsupported", "not here"),
    }),
  );
  expect(found.lines).toContainEqual({
    subject: "server",
    state: "FAIL",
    detail: "unreachable: no answer from chat",
    fix: "ping chat",
  });
  expect(found.lines).toContainEqual({ subject: "room", state: "-", detail: "unsupported: not here" });
  expect(found.cause).toBe("unreachable: no answer from chat");
});

it("finds a reader that has stopped, and that no service runs", async () => {
  const stalled = { ...consumer, waiting: 212, lastAckAt: ago(3000) };
  const found = await ask(
    service({ "service.status": { ...well0, startedAt: ago(60), connections: [connection], consumers: [stalled] } }),
    null,
  );
  expect(found.fix).toBe("botyard serve");
  expect(found.lines.find((line) => line.subject === "consumer")).toMatchObject({ state: "FAIL" });
});

it("says that a member may not post there, and leaves it open where that cannot be asked", async () => {
  const muted = { operation: "messages.send", support: "none", detail: "the room is read-only", remedy: null };
  const found = await ask(service({ "connections.capabilities": { items: [muted] } }));
  expect(found.cause).toBe("member of chat/eng:ops, but may not post: the room is read-only");
  const shut = await ask(service({ "connections.capabilities": new BotyardError("unauthenticated", "refused") }));
  expect(shut.lines).toContainEqual({ subject: "room", state: "ok", detail: "member of chat/eng:ops" });
});

it("finds a webhook that refuses before it is called failing", async () => {
  const hook = {
    ...consumer,
    url: "http://bot/hook",
    state: "ready",
    since: ago(9999),
    waiting: 0,
    retrying: 3,
    lost: 0,
    nextTryAt: null,
  };
  const attempts = [
    { outcome: "failed", status: 503, time: ago(5) },
    { outcome: "failed", status: 503, time: ago(3000) },
    { outcome: "delivered", status: 200, time: ago(3600) },
  ];
  const status = { ...well0, startedAt: ago(9), connections: [connection], consumers: [], webhooks: [hook] };
  const found = await ask(service({ "service.status": status, "webhooks.attempts": { items: attempts } }));
  const since = new Date(now - 3_000_000);
  const clock = `${String(since.getHours()).padStart(2, "0")}:${String(since.getMinutes()).padStart(2, "0")}`;
  expect(found.cause).toBe(`tickets (webhook) http://bot/hook 503 since ${clock}; 3 wait, none lost`);
  expect(found.fix).toContain("botyard webhooks replay tickets --now");
});

it("says of the connection with the cause what follows by itself, and of no other", async () => {
  const two = { ...connection, id: "cloud", state: "failed", since: ago(60), reason: "gone" };
  const found = await diagnose(
    { target: null, connection: null, room: null },
    service({
      "service.status": { ...well0, startedAt: ago(60), connections: [two], consumers: [consumer] },
      "connections.get": two,
      "gaps.list": { items: [{ id: "gap_31", from: ago(1140), cause: "cut", certainty: "proven" }] },
    }),
    "http://here",
    now,
  );
  expect(found.cause).toMatch(/^cloud failed since \d\d:\d\d: gone$/);
  expect(found.after).toBe("gap_31 is filled from history where the server has one, or recorded as lost");
});

it("asks which connection where it cannot tell", async () => {
  const two = {
    ...well0,
    startedAt: ago(60),
    connections: [connection, { ...connection, id: "cloud" }],
    consumers: [],
  };
  const asked = diagnose(
    { target: "tickets", connection: null, room: null },
    service({ "service.status": two }),
    "http://here",
    now,
  );
  await expect(asked).rejects.toThrow(/which connection\? There are chat, cloud/);
});
