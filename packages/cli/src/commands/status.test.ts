import type { Connection, Consumer } from "@botyard/sdk";
import { expect, it } from "vitest";
import { createStyle } from "../output/style.ts";
import { formatStatus } from "./status.ts";

const now = Date.parse("2026-11-20T11:00:00Z");
const ago = (seconds: number): string => new Date(now - seconds * 1000).toISOString();
const world = { now, url: "http://127.0.0.1:8470", columns: null, style: createStyle(false), self: "botyard" };
const chat: Connection = {
  id: "chat",
  platform: "mattermost",
  url: null,
  settings: {},
  state: "ready",
  since: ago(10_800),
  continuity: "observed",
  provenAliveAt: ago(12),
  provenEveryMs: 30_000,
  lastEventAt: ago(8),
  bots: { ready: 4, total: 4 },
  gaps: 0,
  steps: [],
  checks: [],
};
const tickets: Consumer = {
  name: "tickets",
  connection: null,
  bot: "chat/tickets",
  room: null,
  type: null,
  own: false,
  maxAgeMs: null,
  cursor: "c_1",
  createdAt: ago(9999),
  lastAckAt: ago(7),
  waiting: 0,
  skipped: 0,
  oldestAt: null,
};
const status = {
  version: "0.1.0",
  startedAt: ago(10_800),
  time: ago(0),
  disk: null,
  webhooks: [],
  log: { seq: 4812, oldestSeq: 1, bytes: 41_000_000, retentionMs: 2_592_000_000 },
  hooks: "https://bots.example.org",
  connections: [chat],
  consumers: [tickets],
  ledger: { sent: 212, failed: 1, unknown: 0 },
};

it("shows everything at a glance", () => {
  expect(formatStatus(status, world)).toBe(
    [
      "botyard 0.1.0 · http://127.0.0.1:8470 · up 3 h · log #4812, 30 d kept, 41 MB · hooks https://bots.example.org",
      "CONNECTION  PLATFORM    STATE  SINCE  BOTS  LAST EVENT  PROVEN ALIVE  GAPS  NEEDS YOU",
      "chat        mattermost  ready  3 h    4/4   8 s ago     12 s ago      -     -",
      "CONSUMER  KIND  READS         WAITING  OLDEST  LAST ACK",
      "tickets   pull  chat/tickets  0        -       7 s ago",
      "LEDGER  sent 212 · failed 1 · unknown 0",
      "",
    ].join("\n"),
  );
});

it("says how much waits for a webhook, and for how long the oldest of it has", () => {
  const hook = {
    ...tickets,
    name: "hook",
    url: "https://bot.example.org/hook",
    privateNetwork: false,
    state: "failing" as const,
    reason: "it answers 503",
    since: ago(900),
    nextTryAt: null,
    lastDeliveredAt: ago(900),
    waiting: 2,
    oldestAt: ago(900),
    retrying: 3,
    dead: 0,
    lost: 0,
    secrets: [],
  };
  const lines = formatStatus({ ...status, consumers: [], webhooks: [hook] }, world).split("\n");
  expect(lines[4]).toMatch(/^hook +webhook +chat\/tickets +5 +15 min +15 min ago$/);
});

it("says below a sick connection what the cause is and what mends it", () => {
  const sick = {
    ...chat,
    state: "degraded" as const,
    reason: "the owner was deactivated",
    remedy: "botyard bots assign chat/alerts ops-admin",
  };
  const text = formatStatus({ ...status, connections: [sick], consumers: [] }, world);
  expect(text).toContain(
    "\nchat  cause: the owner was deactivated\n      fix    botyard bots assign chat/alerts ops-admin\n",
  );
});

it("says how to begin", () => {
  const text = formatStatus({ ...status, connections: [], consumers: [], hooks: null }, { ...world, url: null });
  expect(text).toMatch(/no service running.*\nno connection yet: {2}botyard connect/);
});
