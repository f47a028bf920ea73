import { expect, test } from "vitest";
import { memoryStore } from "./library/store.ts";
import { createMemory, teaches } from "./memory.ts";
import type { WireEvent } from "./wire.ts";

const room = "!a:hs";
const ghost = "@bot_a:hs";
const event = (type: string, content: object, more: Partial<WireEvent> = {}): WireEvent => ({
  type,
  event_id: "$1",
  room_id: room,
  sender: "@alice:hs",
  origin_server_ts: 1,
  content: content as WireEvent["content"],
  ...more,
});
const joined = event("m.room.member", { membership: "join" }, { state_key: ghost });

function gate() {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  return { stored: promise, open: resolve, fail: reject };
}

test("the next transaction is read while the last is on its way to the disk, and our own calls wait for both", async () => {
  const memory = createMemory(memoryStore());
  const seen: string[] = [];
  const [first, second] = [gate(), gate()];
  const take = (name: string, { stored }: ReturnType<typeof gate>) =>
    memory.taking(async () => {
      seen.push(`read ${name}`);
      return { stored };
    });
  const taken = [take("1", first), take("2", second)];
  const own = memory.exclusive(async () => void seen.push("own"));
  await expect.poll(() => seen).toEqual(["read 1", "read 2"]);
  second.open();
  await taken[1];
  expect(seen).toEqual(["read 1", "read 2"]);
  first.open();
  await own;
  expect(seen).toEqual(["read 1", "read 2", "own"]);
});

test("one that cannot be read or stored keeps nobody waiting", async () => {
  const memory = createMemory(memoryStore());
  const lost = gate();
  const unread = memory.taking(() => Promise.reject(new Error("unreadable")));
  const unstored = memory.taking(async () => ({ stored: lost.stored }));
  lost.fail(new Error("disk full"));
  await expect(unread).rejects.toThrow("unreadable");
  await expect(unstored).rejects.toThrow("disk full");
  await expect(memory.exclusive(async () => "done")).resolves.toBe("done");
});

test("what was not stored after all is not remembered", async () => {
  const memory = createMemory(memoryStore());
  const pending = new Map<string, unknown>();
  await memory.learn(joined, () => true, pending);
  memory.keep(pending);
  expect(await memory.membership(room, ghost)).toBe("join");
  memory.drop(pending);
  expect(await memory.membership(room, ghost)).toBeUndefined();
});

test.each([
  [event("m.room.message", { body: "x" }), false],
  [event("org.x", {}, { state_key: "k" }), false],
  [event("m.reaction", {}), true],
  [event("m.room.name", { name: "x" }, { state_key: "" }), true],
  [joined, true],
])("what does not teach is not looked at: %j", async (one, expected) => {
  expect(teaches(one)).toBe(expected);
});

test("whatever is learned comes from events that are said to teach", async () => {
  const types = ["m.room.message", "m.room.create", "m.room.power_levels", "m.room.encryption", "m.room.topic"];
  for (const type of types) {
    for (const more of [{}, { state_key: "" }, { state_key: ghost }]) {
      const one = event(type, { membership: "join", is_direct: true, topic: "t" }, more);
      const pending = new Map<string, unknown>();
      await createMemory(memoryStore()).learn(one, () => true, pending);
      if (pending.size > 0) expect([type, more, teaches(one)]).toEqual([type, more, true]);
    }
  }
});

test("a value larger than the store takes is left out, counted in bytes", async () => {
  const memory = createMemory(memoryStore());
  const pending = new Map<string, unknown>();
  await memory.learn(
    event("m.room.power_levels", { note: "字".repeat(30_000) }, { state_key: "" }),
    () => true,
    pending,
  );
  expect([...pending.keys()]).toEqual([]);
});
