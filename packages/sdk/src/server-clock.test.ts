import { expect, test } from "vitest";
import type { Http } from "./http.ts";
import { createServerClock } from "./server-clock.ts";

const start = Date.UTC(2026, 10, 20, 8);

function world() {
  let now = start;
  let serverNow: number | null = start;
  const answer = () => ({
    status: 200,
    headers: serverNow === null ? {} : { date: new Date(serverNow).toUTCString() },
    text: "",
    json: undefined,
    body: new ReadableStream<Uint8Array>(),
  });
  const http: Http = { request: async () => answer(), stream: async () => answer() };
  const clock = createServerClock({ now: () => now });
  return {
    clock,
    http: clock.watch(http),
    set: (ours: number, server: number | null) => ([now, serverNow] = [ours, server]),
  };
}

test("nothing is known before an answer, nor from one without a date", async () => {
  const { clock, http, set } = world();
  expect([clock.aheadMs, clock.now(), clock.since(start)]).toEqual([null, start, start]);
  set(start, null);
  await http.request({ method: "GET", path: "/" });
  expect(clock.aheadMs).toBeNull();
});

test("where our clock is ahead, history is asked for from earlier on", async () => {
  const { clock, http, set } = world();
  set(start + 600_000, start);
  await http.request({ method: "GET", path: "/" });
  expect(clock.aheadMs).toBe(-600_000);
  expect(clock.now()).toBe(start);
  expect(clock.at(start + 600_000)).toBe(start);
  expect(clock.since(start + 600_000)).toBe(start);
});

test("where our clock is behind, history is asked for from our moment on: it may have been right then", async () => {
  const { clock, http, set } = world();
  set(start, start + 600_000);
  await http.stream({ method: "GET", path: "/" });
  expect(clock.aheadMs).toBe(600_000);
  expect(clock.at(start)).toBe(start + 600_000);
  expect(clock.since(start)).toBe(start);
});
