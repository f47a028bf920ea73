import type { Runtime } from "@botyard/core";
import { BotyardError, type Grant } from "@botyard/sdk";
import { describe, expect, test } from "vitest";
import { createApp } from "./app.ts";
import { createFakeRuntime, goodKey } from "./fake-runtime.ts";
import { createHooksApp } from "./hooks.ts";
import { createMetrics } from "./metrics.ts";

const connection = {
  id: "chat",
  platform: "sandbox",
  state: "degraded",
  provenAliveAt: "2026-11-20T08:00:00.000Z",
  lastEventAt: null,
  bots: { ready: 1, total: 2 },
  gaps: 3,
  steps: ["step_1"],
};
const status = {
  version: "0.1.0",
  startedAt: "2026-11-20T07:00:00.000Z",
  log: { seq: 4812, oldestSeq: 1, bytes: 1000, retentionMs: null },
  connections: [connection],
  consumers: [{ name: "tickets", waiting: 7, lastAckAt: "2026-11-20T08:00:00.000Z" }],
  webhooks: [{ name: "desk", waiting: 2 }],
  ledger: { sent: 212, failed: 1, unknown: 0 },
};

const answers = { "service.status": () => status };
const ask = (path: string, key: string | null = goodKey): Request =>
  new Request(`http://127.0.0.1${path}`, key === null ? {} : { headers: { authorization: `Bearer ${key}` } });

function withGrant(runtime: Runtime, grant: Grant): Runtime {
  const principal = { ...runtime.local, grant };
  return { ...runtime, authenticate: async () => principal };
}

async function textOf(
  app: { fetch(request: Request): Response | Promise<Response> },
  path = "/metrics",
): Promise<string> {
  const response = await app.fetch(ask(path));
  expect(response.status).toBe(200);
  return response.text();
}

describe("/metrics", () => {
  test("says how connections, consumers, webhooks and ledger are", async () => {
    const response = await createApp(createFakeRuntime({ answers })).fetch(ask("/metrics"));
    expect(response.headers.get("content-type")).toMatch(/^text\/plain; version=0\.0\.4/);
    const lines = (await response.text()).split("\n");
    for (const line of [
      'botyard_info{version="0.1.0"} 1',
      "botyard_log_position 4812",
      'botyard_connection_state{connection="chat",platform="sandbox",state="degraded"} 1',
      'botyard_bots_ready{connection="chat"} 1',
      'botyard_gaps_open{connection="chat"} 3',
      'botyard_steps_open{connection="chat"} 1',
      `botyard_proven_alive_time_seconds{connection="chat"} ${Date.parse(connection.provenAliveAt) / 1000}`,
      'botyard_consumer_waiting{consumer="tickets"} 7',
      'botyard_webhook_waiting{webhook="desk"} 2',
      'botyard_ledger{state="sent"} 212',
    ])
      expect(lines).toContain(line);
    expect(lines.filter((line) => line.startsWith("botyard_last_event_time_seconds{"))).toEqual([]);
  });

  test("forgets what is gone: a state that was left, a connection that was deleted", async () => {
    let current: object = status;
    const app = createApp(createFakeRuntime({ answers: { "service.status": () => current } }));
    expect(await textOf(app)).toContain('state="degraded"');
    current = { ...status, connections: [{ ...connection, state: "ready" }] };
    expect(await textOf(app)).not.toContain('state="degraded"');
    current = { ...status, connections: [] };
    expect(await textOf(app)).not.toContain('connection="chat"');
  });

  test("counts calls by operation and status, refused ones too", async () => {
    const refused = (): never => {
      throw new BotyardError("not_found", "no");
    };
    const app = createApp(createFakeRuntime({ answers: { ...answers, "bots.get": refused } }));
    await app.fetch(ask("/v1/connections"));
    await app.fetch(ask("/v1/connections"));
    await app.fetch(ask("/v1/connections/chat/bots/helper"));
    await app.fetch(ask("/v1/connections", "wrong"));
    const lines = (await textOf(app)).split("\n");
    expect(lines).toContain('botyard_calls_total{operation="connections.list",status="200"} 2');
    expect(lines).toContain('botyard_calls_total{operation="connections.list",status="401"} 1');
    expect(lines).toContain('botyard_calls_total{operation="bots.get",status="404"} 1');
    expect(lines).toContain('botyard_call_duration_seconds_count{operation="connections.list"} 3');
  });

  test("counts hooks of connections that are there, and makes no series for strangers", async () => {
    const metrics = createMetrics();
    const runtime = createFakeRuntime({ answers });
    const hooks = createHooksApp(runtime, { metrics });
    await hooks.fetch(new Request("http://127.0.0.1/hooks/chat/x", { method: "POST", body: "{}" }));
    await hooks.fetch(new Request("http://127.0.0.1/hooks/stranger/x", { method: "POST", body: "{}" }));
    const text = await textOf(createApp(runtime, { metrics }));
    expect(text).toContain('botyard_hooks_total{connection="chat",status="200"} 1');
    expect(text).not.toContain("stranger");
  });

  test("needs a key", async () => {
    const response = await createApp(createFakeRuntime({ answers })).fetch(ask("/metrics", null));
    expect(response.status).toBe(401);
    expect(await response.text()).not.toContain("botyard_");
  });

  test.each([{ connections: ["chat"] }, { bots: ["chat/helper"] }, { rooms: ["chat/r1"] }])(
    "is not for a key that sees a part only: %o",
    async (limit) => {
      const runtime = withGrant(createFakeRuntime({ answers }), { operations: ["*"], ...limit });
      const response = await createApp(runtime).fetch(ask("/metrics"));
      expect(response.status).toBe(403);
      expect(await response.text()).not.toContain("botyard_");
    },
  );

  test("goes the way of service.status: its grant, rate and audit count", async () => {
    const runtime = createFakeRuntime({
      answers: {
        "service.status": () => {
          throw new BotyardError("forbidden", "not granted");
        },
      },
    });
    const response = await createApp(runtime).fetch(ask("/metrics"));
    expect(response.status).toBe(403);
    expect(runtime.invoked.map(({ name, options }) => [name, options.principal.name])).toEqual([
      ["service.status", "good"],
    ]);
  });

  test("takes GET only, and is not read by a web page of another origin", async () => {
    const app = createApp(createFakeRuntime({ answers }));
    expect((await app.fetch(new Request("http://127.0.0.1/metrics", { method: "POST" }))).status).toBe(405);
    const foreign = new Request("http://127.0.0.1/metrics", {
      headers: { origin: "https://evil.example", authorization: `Bearer ${goodKey}` },
    });
    expect((await app.fetch(foreign)).status).toBe(403);
  });
});
