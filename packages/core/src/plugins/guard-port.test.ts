import { describe, expect, test } from "vitest";
import { createInbox, type Port } from "../channel/port.ts";
import { guardPort } from "./guard-port.ts";

const small = { notesPerSecond: 10, openCalls: 3, messageBytes: 1_000 };

async function guarded(limits = small) {
  const inbox = createInbox();
  const sent: unknown[] = [];
  const port: Port = { ...inbox.port, send: (message) => void sent.push(message), close: inbox.end };
  const breaches: string[] = [];
  const delivered: unknown[] = [];
  const guard = guardPort(port, limits, (what) => void breaches.push(what));
  guard.onMessage((message) => void delivered.push(message));
  await Promise.resolve();
  return { deliver: inbox.deliver, guard, breaches, delivered, sent };
}

const call = (id: number, value: unknown = "x") => ({ type: "call", id, method: "m", args: { value } });

test("calls go through as long as they are answered", async () => {
  const { deliver, guard, breaches, delivered } = await guarded();
  for (let id = 1; id <= 100; id += 1) {
    deliver(call(id));
    guard.send(id % 2 ? { type: "ok", id, answer: { value: 1 } } : { type: "no", id, error: {} });
  }
  expect(delivered).toHaveLength(100);
  expect(breaches).toEqual([]);
});

test("answers to what was asked, and chunks that were asked for, are never a flood", async () => {
  const { deliver, guard, breaches, delivered } = await guarded();
  for (let id = 1; id <= 100; id += 1) {
    guard.send(call(id));
    deliver({ type: "ok", id, answer: { value: 1 } });
    guard.send({ type: "pull", id, credits: 2 });
    deliver({ type: "chunk", id, value: "a" });
    deliver({ type: "chunk", id, value: "b" });
  }
  expect(delivered).toHaveLength(300);
  expect(breaches).toEqual([]);
});

test("calls that wait hold no more bytes than they may, together", async () => {
  const { deliver, breaches, delivered } = await guarded({ ...small, openCalls: 1_000 });
  for (let id = 1; id <= 40; id += 1) deliver(call(id, "x".repeat(900)));
  expect(breaches).toEqual([expect.stringContaining("calls of more than")]);
  expect(delivered.length).toBeLessThan(20);
});

describe("breaches are told once, and nothing is delivered after", () => {
  const cycle: Record<string, unknown> = {};
  cycle["self"] = cycle;
  let deep: unknown = "x";
  for (let n = 0; n < 100_000; n += 1) deep = [deep];
  test.each<[string, (deliver: (message: unknown) => void) => void, string]>([
    ["calls at one time", (deliver) => [1, 2, 3, 4, 5].forEach((id) => deliver(call(id))), "more than 3 calls"],
    ["notes", (deliver) => Array.from({ length: 30 }, () => deliver(call(0))), "more than 10 messages a second"],
    [
      "nonsense",
      (deliver) => Array.from({ length: 30 }, (_, n) => deliver({ odd: n })),
      "more than 10 messages a second",
    ],
    [
      "answers nobody asked for",
      (deliver) => Array.from({ length: 30 }, (_, id) => deliver({ type: "ok", id, answer: {} })),
      "more than 10 messages a second",
    ],
    [
      "chunks nobody asked for",
      (deliver) => Array.from({ length: 30 }, () => deliver({ type: "chunk", id: 1, value: "" })),
      "more than 10 messages a second",
    ],
    ["a large text", (deliver) => deliver(call(1, "x".repeat(2_000))), "a message of more than"],
    ["large bytes", (deliver) => deliver(call(1, new Uint8Array(2_000))), "a message of more than"],
    [
      "many small things",
      (deliver) =>
        deliver(
          call(
            1,
            Array.from({ length: 500 }, () => 1),
          ),
        ),
      "a message of more than",
    ],
    ["a map of many", (deliver) => deliver(call(1, new Map([["a", "x".repeat(2_000)]]))), "a message of more than"],
    ["a cycle", (deliver) => deliver(call(1, cycle)), "a message of more than"],
    ["a well without a bottom", (deliver) => deliver(call(1, deep)), "a message of more than"],
  ])("%s", async (_, misbehave, text) => {
    const { deliver, breaches, delivered } = await guarded();
    misbehave(deliver);
    expect(breaches).toEqual([expect.stringContaining(text)]);
    const before = delivered.length;
    deliver(call(99));
    expect(delivered).toHaveLength(before);
  });
});
