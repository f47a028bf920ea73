import { describe, expect, it } from "vitest";
import { check, type Facts } from "./check.ts";
import { runProcesses } from "./processes.ts";
import { toSeen } from "./reader.ts";
import { runSimulated } from "./simulated.ts";

// The short run; the long one is `npm run test:faults`.
const seed = 20261120;

describe("the fault suite", () => {
  it(
    "keeps every promise through crashes, cuts, storms, a full disk and a jumping clock",
    { timeout: 60_000 },
    async () => {
      const { problems, cycles, counts } = await runSimulated({ cycles: 42, perWorld: 6, seed });
      expect(problems).toEqual([]);
      expect(cycles).toBe(42);
      // It did something: a run in which nothing went wrong proves nothing.
      for (const name of ["crashes", "disk full", "clock jumps", "sink down or up"])
        expect(counts[name]).toBeGreaterThan(0);
    },
  );

  it("keeps every promise when the real process is killed at random", { timeout: 120_000 }, async () => {
    const { problems, counts } = await runProcesses({ cycles: 4, seed });
    expect(problems).toEqual([]);
    expect(counts["kill -9"]).toBeGreaterThan(0);
    expect(counts["events pulled"]).toBeGreaterThan(0);
    expect(counts["events by webhook"]).toBeGreaterThan(0);
  });
});

const event = (n: number, more: Record<string, unknown> = {}) => ({
  id: `evt_${n}`,
  seq: n,
  type: "message.created",
  connection: "hs",
  room: { id: "r" },
  message: { id: `$${n}` },
  content: { text: `said-${n}` },
  own: false,
  ...more,
});
function facts(more: Partial<Facts> = {}): Facts {
  const events = [1, 2, 3].map((n) => event(n));
  return {
    said: [1, 2, 3].map((n) => ({ id: `$${n}`, text: `said-${n}` })),
    posted: new Set(),
    seen: events.map(toSeen),
    taken: events.map((body) => ({ id: body.id, body })),
    sends: [{ text: "send-1", state: "sent", tries: 1, operation: "op_1" }],
    texts: ["said-1", "said-2", "said-3", "send-1"],
    forged: 0,
    ...more,
  };
}

describe("its checker", () => {
  it("is content with what is right, and with what comes twice", () => {
    expect(check(facts())).toEqual([]);
    const again = facts();
    expect(check({ ...again, seen: [...again.seen, ...again.seen], taken: [...again.taken, ...again.taken] })).toEqual(
      [],
    );
  });

  const all = facts();
  it.each<[string, Partial<Facts>, RegExp]>([
    ["a lost event", { seen: all.seen.slice(1) }, /pull: "said-1".*never came/],
    ["a lost webhook", { taken: all.taken.slice(0, 2) }, /webhook: "said-3".*never came/],
    ["a lost copy", { posted: new Set(["m-1"]) }, /m-1 was acknowledged/],
    ["a doubled event", { seen: [...all.seen, toSeen(event(9, { message: { id: "$1" } }))] }, /\$1 is 2 events/],
    ["a turned order", { seen: all.seen.toReversed() }, /came after/],
    ["a turned order of the log itself", { said: all.said.toReversed() }, /not in the order/],
    ["a doubled send", { texts: [...all.texts, "send-1"] }, /posted 2 times/],
    ["a send that was promised and is not there", { texts: all.texts.slice(0, 3) }, /answered as sent/],
    [
      "a send without an end",
      { sends: [{ text: "x", state: "open", tries: 9, operation: null }] },
      /never came to an end/,
    ],
    [
      "an echo that is not marked",
      { seen: [...all.seen, toSeen(event(4, { content: { text: "send-1" } }))] },
      /own echo/,
    ],
    ["a forged signature", { forged: 1 }, /not signed/],
  ])("finds %s", (_, wrong, problem) => {
    expect(check(facts(wrong)).join("\n")).toMatch(problem);
  });
});
