import { afterEach, describe, expect, it } from "vitest";
import { draft } from "../log/test-log.ts";
import { mostAttempts } from "./schedule.ts";
import { openTestEndpoint, type TestEndpoint } from "./test-endpoint.ts";

const second = 1_000;
const hour = 3_600 * second;
const day = 24 * hour;

let open: TestEndpoint[] = [];
afterEach(async () => {
  for (const hook of open) await hook.endpoint.stop(0);
  open = [];
});
async function hookOf(...how: Parameters<typeof openTestEndpoint>): Promise<TestEndpoint> {
  const hook = await openTestEndpoint(...how);
  open.push(hook);
  return hook;
}
async function restart(hook: TestEndpoint): Promise<TestEndpoint> {
  const next = await hook.restart();
  open.push(next);
  return next;
}

describe("order", () => {
  it("is that of the log within a room, and one refused room does not hold another", async () => {
    let good = false;
    const hook = await hookOf((message) => (message === "a1" && !good ? 500 : 200));
    await hook.say("a1", "b1", "a2", "b2", "a3");
    expect(hook.taken()).toEqual(["b1", "b2"]);
    good = true;
    await hook.clock.advance(10 * second);
    expect(hook.taken()).toEqual(["b1", "b2", "a1", "a2", "a3"]);
    await hook.clock.advance(second);
    expect(await hook.rows()).toEqual([]);
    expect(await hook.state()).toMatchObject({ seq: 5, level: 0 });
  });

  it("keeps one message of a room under way at a time", async () => {
    const hook = await hookOf((message) => (message === "a1" ? null : 200));
    await hook.say("a1", "a2", "b1", "a3");
    expect(hook.sent.map(({ message }) => message)).toEqual(["a1", "b1"]);
  });
});

describe("tries", () => {
  it("come over days, more seldom each time, and end as dead; the room goes on", async () => {
    const hook = await hookOf((message) => (message === "a1" ? 500 : 200));
    await hook.say("a1");
    for (let n = 0; n < 4 * 24 * 12; n += 1) {
      // Others get through: the endpoint as a whole is well.
      if (n % 12 === 0) await hook.say(`b${n}`);
      await hook.clock.advance(hour / 12);
    }
    expect(hook.sent.filter(({ message }) => message === "a1")).toHaveLength(mostAttempts);
    expect(await hook.rows()).toMatchObject([
      { seq: 1, state: "dead", attempts: mostAttempts, reason: "it answered 500" },
    ]);
    await hook.say("a2");
    expect(hook.taken()).toContain("a2");
    const attempts = await hook.store.listAttempts({
      webhook: "hook",
      event: (await hook.rows())[0]?.event ?? "",
      limit: 50,
    });
    expect(attempts.map(({ outcome }) => outcome)).toEqual(["dead", ...Array(mostAttempts - 1).fill("failed")]);
  });

  it("pause the whole endpoint when nothing gets through, and lose nothing over hours", async () => {
    let down = true;
    const hook = await hookOf(() => (down ? { status: null, reason: "it could not be reached" } : 200));
    const rooms = ["a", "b", "c", "d", "e", "f", "g", "h"];
    for (let n = 0; n < 20; n += 1) await hook.say(...rooms.map((room) => `${room}${n}`));
    await hook.clock.advance(6 * hour);
    const tried = hook.sent.length;
    // Not one try for each of 160 events: a few at first, then one at a time.
    expect(tried).toBeLessThan(40);
    expect(hook.endpoint.state()).toMatchObject({ reason: "it could not be reached" });
    expect(hook.endpoint.state().level).toBeGreaterThan(2);
    down = false;
    await hook.clock.advance(13 * hour);
    expect(hook.taken()).toHaveLength(160);
    for (const room of rooms)
      expect(hook.taken().filter((id) => id.startsWith(room))).toEqual(
        Array.from({ length: 20 }, (_, n) => `${room}${n}`),
      );
    expect(hook.endpoint.state()).toMatchObject({ level: 0, pausedUntil: null, seq: 160 });
    await hook.clock.advance(second);
    expect(await hook.rows()).toEqual([]);
  });

  it("wait as long as Retry-After asks, the whole endpoint", async () => {
    const hook = await hookOf((message, attempt) =>
      message === "a1" && attempt === 1 ? { status: 429, retryAfter: "600" } : 200,
    );
    await hook.say("a1", "b1");
    const before = hook.sent.length;
    await hook.say("b2");
    await hook.clock.advance(599 * second);
    expect(hook.sent.length).toBe(before);
    await hook.clock.advance(2 * second);
    expect(hook.taken().sort()).toEqual(["a1", "b1", "b2"]);
  });

  it("come at once when asked for", async () => {
    let down = true;
    const hook = await hookOf(() => (down ? 503 : 200));
    await hook.say("a1", "a2", "b1", "c1", "d1", "e1");
    await hook.clock.advance(hour);
    down = false;
    hook.endpoint.hurry();
    await hook.clock.advance(0);
    expect(hook.taken().sort()).toEqual(["a1", "a2", "b1", "c1", "d1", "e1"]);
  });

  it("end with 410, and keep what was refused", async () => {
    const hook = await hookOf(() => 410);
    await hook.say("a1", "a2");
    expect(hook.gone()).toBe(true);
    await hook.endpoint.stop(0);
    expect((await hook.rows()).map(({ seq, state }) => [seq, state])).toEqual([[1, "waiting"]]);
    expect(await hook.state()).toMatchObject({ seq: 1 });
  });
});

describe("a restart", () => {
  it("goes on where it was: refused ones keep their tries, delivered ones do not come again", async () => {
    let good = false;
    const hook = await hookOf((message) => (message.startsWith("a") && !good ? 500 : 200));
    await hook.say("a1", "b1", "a2", "b2");
    await hook.clock.advance(second);
    await hook.endpoint.stop(0);
    expect(await hook.state()).toMatchObject({ seq: 4 });
    const later = await restart(hook);
    await later.clock.advance(second);
    expect(later.sent).toEqual([]);
    await later.say("b3");
    expect(later.taken()).toEqual(["b3"]);
    good = true;
    await later.clock.advance(10 * second);
    expect(later.taken()).toEqual(["b3", "a1", "a2"]);
  });

  it("delivers again what was under way, and skips nothing", async () => {
    let hang = true;
    const hook = await hookOf((message) => (hang && message === "a1" ? null : 200));
    await hook.say("a1", "b1", "b2");
    await hook.clock.advance(second);
    expect(await hook.state()).toMatchObject({ seq: 0 });
    await hook.endpoint.stop(0);
    hang = false;
    const later = await restart(hook);
    await later.clock.advance(0);
    expect(later.taken()).toEqual(["a1", "b1", "b2"]);
  });

  it("survives a store that cannot be written for a while", async () => {
    const hook = await hookOf(() => 200);
    const save = hook.store.saveDeliveries.bind(hook.store);
    let full = true;
    hook.store.saveDeliveries = async (changes) => {
      if (full) throw new Error("disk full");
      await save(changes);
    };
    await hook.say("a1");
    await hook.clock.advance(second);
    await hook.say("a2");
    expect(hook.taken()).toEqual(["a1"]);
    full = false;
    await hook.clock.advance(10 * second);
    expect(hook.taken()).toEqual(["a1", "a2"]);
    await hook.clock.advance(second);
    expect(await hook.state()).toMatchObject({ seq: 2 });
  });
});

describe("again", () => {
  it("a range, in order, with the same ids, while new ones come", async () => {
    const hook = await hookOf(() => 200);
    await hook.say("a1", "a2", "b1", "a3");
    hook.endpoint.range(1, 3);
    await hook.clock.advance(0);
    await hook.say("a4");
    expect(hook.taken()).toEqual(["a1", "a2", "b1", "a3", "a2", "b1", "a4"]);
    await hook.clock.advance(10 * second);
    expect(await hook.state()).toMatchObject({ seq: 5, ranges: [] });
  });

  it("the dead ones", async () => {
    let good = false;
    const hook = await hookOf((message) => (message === "a1" && !good ? 500 : 200));
    await hook.say("a1");
    for (let n = 0; n < 4 * 24; n += 1) {
      await hook.say(`b${n}`);
      await hook.clock.advance(hour);
    }
    const dead = (await hook.rows()).filter(({ state }) => state === "dead");
    expect(dead).toHaveLength(1);
    good = true;
    hook.endpoint.again(dead);
    await hook.clock.advance(second);
    expect(hook.taken()).toContain("a1");
    expect(await hook.rows()).toEqual([]);
  });
});

describe("what is left out", () => {
  it("is counted: too old, and removed by retention", async () => {
    const hook = await hookOf(() => 200, { maxAgeMs: 60_000 });
    await hook.clock.advance(day);
    await hook.commit({
      bots: ["one"],
      events: [draft("x1"), draft("x2", { time: new Date(hook.clock.now()).toISOString() })],
    });
    await hook.clock.advance(second);
    expect(hook.taken()).toEqual(["x2"]);
    expect(hook.endpoint.state()).toMatchObject({ skipped: 1 });
    await hook.endpoint.stop(0);
    await hook.say("a1", "a2", "a3");
    await hook.store.trim({ events: new Date(hook.clock.now() + 1).toISOString() });
    const later = await restart(hook);
    await later.clock.advance(second);
    expect(later.endpoint.state()).toMatchObject({ lost: 3 });
  });

  it("never leaves out a gap", async () => {
    const hook = await hookOf(() => 200, { filter: { type: ["message.created"] } });
    await hook.log.emit(
      { id: "chat", platform: "sandbox" },
      {
        type: "gap.opened",
        gap: {
          id: "gap_1",
          connection: "chat",
          from: new Date(hook.clock.now()).toISOString(),
          to: null,
          cause: "cut",
          certainty: "possible",
          state: "open",
          messages: 0,
        },
      },
    );
    await hook.clock.advance(second);
    expect(hook.taken()).toEqual(["gap.opened"]);
  });
});
