import { expect, test } from "vitest";
import { createFakeClock } from "../limits/fake-clock.ts";
import { createLimiter } from "../limits/limiter.ts";
import { createHost, type HostParts } from "./host.ts";
import { createRedactor } from "./redact.ts";

function setup(parts: Partial<HostParts> = {}) {
  const calls: unknown[][] = [];
  const put: unknown[] = [];
  const clock = createFakeClock();
  const redactor = createRedactor();
  const quiet = { debug() {}, info() {}, warn() {}, error() {} };
  const fetch = async (input: string | URL | Request): Promise<Response> => {
    calls.push([new Request(input).url]);
    return new Response("{}");
  };
  const host = createHost({
    connection: { id: "chat", url: "https://chat.example.org/sub", settings: {} },
    hooksUrl: "https://bots.example.org/",
    credentials: {
      find: async ({ kind }) =>
        kind === "none" ? null : { id: "cred_1", kind, secret: "very-secret", nativeId: null },
      put: async (credential) => void put.push(credential),
    },
    bots: { list: async () => [], watch: () => () => {} },
    store: {
      pluginGet: async (connection, key) => `${connection}/${key}`,
      pluginPut: async (connection, entries) => void put.push([connection, entries]),
      pluginList: async (connection, prefix) => [[prefix, connection]],
    },
    commit: async (_, also) => {
      put.push(["commit", also]);
      return { fresh: 1, copies: 0, duplicates: 0 };
    },
    report: (...args) => void put.push(["report", ...args]),
    step: (...args) => void put.push(["step", ...args]),
    limiter: createLimiter({ clock }),
    fetch,
    clock,
    log: quiet,
    redactor,
    signal: new AbortController().signal,
    ...parts,
  });
  return { host, calls, put, redactor };
}
const get = { method: "GET", path: "/x" } as const;

test("a hook's address: base, connection, path", () => {
  const { host } = setup();
  expect(host.hooks.url()).toBe("https://bots.example.org/hooks/chat");
  expect(host.hooks.url("/helper/1")).toBe("https://bots.example.org/hooks/chat/helper/1");
  expect(host.hooks.url("helper")).toBe("https://bots.example.org/hooks/chat/helper");
});

test("without an outside address: operator_required with the line that mends it", () => {
  const { host } = setup({ hooksUrl: null });
  expect(() => host.hooks.url()).toThrow(
    expect.objectContaining({ code: "operator_required", details: { fix: expect.stringContaining("publicUrl") } }),
  );
});

test("http: the connection's origin and those that were named, at the time of the request; no others", async () => {
  const named: string[] = [];
  const { host, calls } = setup({ origins: () => named });
  await host.http("https://chat.example.org/sub").request(get);
  const files = host.http("https://files.example.org");
  await expect(files.request(get)).rejects.toMatchObject({ code: "forbidden" });
  named.push("https://files.example.org/deeper", "not an address");
  await files.request(get);
  await expect(host.http("http://chat.example.org").request(get)).rejects.toMatchObject({ code: "forbidden" });
  expect(calls).toEqual([["https://chat.example.org/sub/x"], ["https://files.example.org/x"]]);
});

test("a connection without an address speaks to nobody", async () => {
  const { host } = setup({ connection: { id: "sb", url: null, settings: {} } });
  await expect(host.http("https://chat.example.org").request(get)).rejects.toMatchObject({ code: "forbidden" });
});

test("secrets that pass are known to the redactor before anybody can log them", async () => {
  const { host, redactor } = setup();
  expect(await host.credentials.find({ kind: "none" })).toBeNull();
  await host.credentials.find({ kind: "bot-token" });
  await host.credentials.put({ kind: "session", secret: "new-secret" });
  expect(redactor.text("very-secret new-secret")).toBe("[redacted] [redacted]");
});

test("the store is the connection's own", async () => {
  const { host, put } = setup();
  expect(await host.store.get("k")).toBe("chat/k");
  expect(await host.store.list("p")).toEqual([["p", "chat"]]);
  await host.store.put({ a: 1, gone: null });
  expect(put).toEqual([["chat", { a: 1, gone: null }]]);
});

test.each([
  ["more than 64 KiB", "é".repeat(32_768), "too_large"],
  ["undefined", undefined, "invalid"],
  ["a big integer", 1n, "invalid"],
])("an entry of %s is refused, alone and with a commit, and nothing is written", async (_, value, code) => {
  const { host, put } = setup();
  await expect(host.store.put({ fine: 1, bad: value })).rejects.toMatchObject({ code });
  await expect(host.commit({ via: "poll", events: [] }, { put: { bad: value } })).rejects.toMatchObject({ code });
  expect(put).toEqual([]);
});

test("limit without an origin is about the connection's own", async () => {
  const { host } = setup();
  host.limit({ bucket: "", pauseMs: 60_000 });
  await expect(host.http("https://chat.example.org").request(get)).rejects.toMatchObject({
    code: "rate_limited",
    details: { retryAfterMs: 60_000 },
  });
});

test("socket: only to allowed origins, wss counting as https; a simulator's stands in for the network", async () => {
  const asked: string[] = [];
  const socket = { messages: (async function* () {})(), send: async () => {}, close: async () => {} };
  const { host } = setup({
    socket: async (url) => {
      asked.push(url);
      return socket;
    },
  });
  expect(await host.socket("wss://chat.example.org/ws")).toBe(socket);
  for (const url of ["ws://chat.example.org/ws", "wss://elsewhere.example.org/"])
    await expect(host.socket(url)).rejects.toMatchObject({ code: "forbidden" });
  await expect(host.socket("https://chat.example.org/ws")).rejects.toMatchObject({ code: "invalid" });
  expect(asked).toEqual(["wss://chat.example.org/ws"]);
});
