import { expect, test } from "vitest";
import { createFaultyLine } from "./faults.ts";

const ask = (method: string, path: string, signal?: AbortSignal): Request =>
  new Request(`http://server.test${path}`, { method, ...(signal ? { signal } : {}) });

test("a lost answer was done, a connection that never opened was not", async () => {
  const line = createFaultyLine(async () => new Response("ok"));
  line.arm({ kind: "lose-answer", method: "POST" });
  line.arm({ kind: "unreachable", path: /^\/gone/ });
  expect((await line.fetch(ask("GET", "/a"))).status).toBe(200);
  await expect(line.fetch(ask("POST", "/b"))).rejects.toThrow("connection reset");
  await expect(line.fetch(ask("GET", "/gone?x=1"))).rejects.toThrow("connection refused");
  expect((await line.fetch(ask("GET", "/gone?x=1"))).status).toBe(200);
  expect(line.served).toEqual(["GET /a", "POST /b", "GET /gone?x=1"]);
  expect(line.tried).toHaveLength(4);
});

test("an armed answer strikes as often as it says, unless it is cleared", async () => {
  const line = createFaultyLine(async () => new Response("ok"));
  line.arm({ kind: "answer", times: 3, response: () => new Response(null, { status: 429 }) });
  const statuses = [await line.fetch(ask("GET", "/")), await line.fetch(ask("GET", "/"))].map(({ status }) => status);
  line.clear();
  expect([...statuses, (await line.fetch(ask("GET", "/"))).status]).toEqual([429, 429, 200]);
});

test("a hanging request ends with its signal", async () => {
  const line = createFaultyLine(async () => new Response("ok"));
  line.arm({ kind: "hang" });
  const stop = new AbortController();
  const waiting = line.fetch(ask("GET", "/", stop.signal));
  stop.abort(new Error("given up"));
  await expect(waiting).rejects.toThrow("given up");
});
