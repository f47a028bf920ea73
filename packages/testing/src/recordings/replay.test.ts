import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { createRouter } from "../simulator/router.ts";
import { loadRecordings, type Recording } from "./recordings.ts";
import { replayRecordings, testRecordings } from "./replay.ts";
import { shapeDifference } from "./shape.ts";

const recording = (name: string, method: string, path: string, status: number, json: unknown): Recording => ({
  name,
  note: null,
  request: { method, url: `http://server.test${path}`, headers: {}, body: method === "POST" ? '{"name":"x"}' : null },
  response: { status, json },
});

const server = () =>
  createRouter()
    .on("POST", "/rooms", () => ({ status: 201, json: { id: "room-77" } }))
    .on("GET", "/rooms/{room}", ({ params }) => ({
      status: params["room"] === "room-77" ? 200 : 404,
      json: { id: params["room"], topic: null },
    }));

const recordings = [
  recording("001-create", "POST", "/rooms", 201, { id: "room-1" }),
  recording("002-get", "GET", "/rooms/room-1", 200, { id: "room-1", topic: null }),
  recording("003-topic", "GET", "/rooms/room-1", 200, { id: "room-1", topic: "builds" }),
  recording("004-status", "GET", "/rooms/other", 403, { id: "other", topic: null }),
];

test("later requests carry the ids the simulator gave, and differences say where", async () => {
  const differences = await replayRecordings({
    recordings,
    fetch: server().fetch,
    isId: (text) => text.startsWith("room-"),
  });
  expect([...differences]).toEqual([
    ["001-create", null],
    ["002-get", null],
    ["003-topic", '.topic: "null" instead of "string"'],
    ["004-status", 'status 404 instead of 403: {"id":"other","topic":null}'],
  ]);
});

testRecordings(
  "what is not answered alike is named with its reason",
  { recordings, fetch: server().fetch, isId: (text) => text.startsWith("room-") },
  { "003-topic": "topics are not kept", "004-status": "rooms of others do not exist here" },
);

test("a field more, a field less and an entry more are differences; an order is none", () => {
  expect(shapeDifference({ a: 1 }, { a: 2 })).toBeNull();
  expect(shapeDifference({ a: 1 }, { a: 2, b: 3 })).toBe('.b: "number" instead of undefined');
  expect(shapeDifference([1, "x"], ["y", 2])).toBeNull();
  expect(shapeDifference({ items: [1] }, { items: [1, 2] })).toBe(".items: 2 entries instead of 1");
});

test("no value differs from itself, and none from one of another kind is the same", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(shapeDifference(value, structuredClone(value))).toBeNull();
      expect(shapeDifference({ value }, {})).not.toBeNull();
    }),
  );
});

const folder = mkdtempSync(join(tmpdir(), "botyard-recordings-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("a folder gives its exchanges by name; the index, pushes and command lines stay out", () => {
  const write = (file: string, value: unknown): void => writeFileSync(join(folder, file), JSON.stringify(value));
  write("INDEX.json", [{ file: "001.json" }]);
  write("002-b.json", { request: { method: "GET", url: "http://x/b" }, response: { status: 200, json: {} } });
  write("001-a.json", { note: "first", request: { method: "GET", url: "http://x/a" }, response: { status: 404 } });
  write("003-push.json", { dir: "in", request: { method: "PUT", path: "/x" }, answered: 200 });
  write("004-line.json", { occ: ["list"], exit: 0 });
  expect(loadRecordings(folder).map(({ name, note, response }) => [name, note, response.status])).toEqual([
    ["001-a", "first", 404],
    ["002-b", null, 200],
  ]);
});
