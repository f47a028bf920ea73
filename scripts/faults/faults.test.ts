import { describe, expect, it } from "vitest";
import type { Event, Gap } from "../../packages/sdk/src/index.ts";
import { decodeAgain } from "./again.ts";
import { check, type Facts } from "./check.ts";
import { check as checkHeard } from "./disconnect-check.ts";
import { runDisconnects } from "./disconnects.ts";
import { checkGateway, type GatewayFacts } from "./gateway-check.ts";
import { runGateway } from "./gateway.ts";
import { compare } from "./compare.ts";
import { runPlatforms } from "./platforms.ts";
import { runProcesses } from "./processes.ts";
import { toSeen } from "./reader.ts";
import { runSimulated } from "./simulated.ts";

// The short run; the long one is `npm run test:faults`.
const seed = 20261120;

describe("decoding again at the end of a run", () => {
  it("goes through all that is kept, and takes what it brings for lost or doubled", async () => {
    const pages = [
      { intakes: 5, events: 0, failed: 0, next: "5" },
      { intakes: 2, events: 1, failed: 1 },
    ];
    const asked: unknown[] = [];
    const call = async <T>(_: string, input: Record<string, unknown>): Promise<T> => {
      asked.push(input["from"]);
      return pages[asked.length - 1] as T;
    };
    let decoded = 0;
    expect(await decodeAgain(call, "chat", (_, n) => void (decoded += n))).toEqual([
      "decoding again brought 1 events that the log did not have",
      "1 kept intakes could not be decoded again",
    ]);
    expect([decoded, ...asked]).toEqual([7, undefined, "5"]);
  });
});

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

  it(
    "keeps every promise when the sockets to a gateway are cut, go deaf or are refused",
    { timeout: 120_000 },
    async () => {
      const { problems, counts } = await runGateway({ cycles: 60, perWorld: 20, seed: 11 });
      expect(problems).toEqual([]);
      for (const name of [
        "disconnects: deaf",
        "disconnects: crash",
        "disconnects: while a gap was filled",
        "disconnects: history fails meanwhile",
        "messages found in the history",
        "messages in a gap that is said to be lost",
      ])
        expect(counts[name], name).toBeGreaterThan(0);
    },
  );

  it(
    "keeps every promise over the simulator of each platform, with broken networks and crashes",
    { timeout: 120_000 },
    async () => {
      const { problems, counts } = await runPlatforms({ cycles: 30, perWorld: 6, seed: 3 });
      expect(problems).toEqual([]);
      for (const name of ["mattermost", "talk", "stoat", "matrix", "sandbox operator-install"])
        expect(counts[`cycles of ${name}`], name).toBe(6);
      expect(counts["crashes"]).toBeGreaterThan(5);
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

describe("the checker of gateways", () => {
  const gap = {
    id: "gap_1",
    connection: "home",
    from: "2026-11-20T08:00:00Z",
    to: "2026-11-20T08:02:00Z",
    cause: "",
    certainty: "possible",
    state: "filled",
    messages: 0,
  } as const;
  const at = Date.parse("2026-11-20T08:01:00Z");
  const log = [event(1, { message: { id: "m1" } })] as unknown as Event[];
  const reacted = event(5, {
    type: "reaction.added",
    message: { id: "m1" },
    actor: { id: "u" },
    reaction: { emoji: "x" },
  }) as unknown as Event;
  const right: GatewayFacts = {
    said: [{ id: "m1", channel: "c", text: "one", at }],
    deleted: new Set(),
    edits: new Set(),
    reactions: new Set(["m1 u x"]),
    cuts: [{ bot: "helper", at, how: "cut" }],
    closed: "staff",
    log: [...log, reacted],
    gaps: [gap],
  };
  const lost: Gap = { ...gap, id: "gap_2", state: "lost", rooms: ["staff"] };
  const hidden = { id: "m2", channel: "staff", text: "two", at };
  it.each<[string, Partial<GatewayFacts>, RegExp | null]>([
    ["what is right", {}, null],
    ["a lost message", { log: [] }, /"one" is not in the log/],
    ["a doubled message", { log: [...log, ...log] }, /"one" is 2 events/],
    ["a disconnect without a gap", { gaps: [] }, /has no gap/],
    ["a gap that begins too late", { gaps: [{ ...gap, from: "2026-11-20T08:01:30Z" }] }, /has no gap/],
    [
      "a deaf socket's gap that begins before what was missed",
      { cuts: [{ bot: "helper", at: at - 90_000, how: "deaf" }], gaps: [gap] },
      null,
    ],
    ["a loss that is not said", { said: [...right.said, hidden] }, /no lost gap says so/],
    ["a loss that is said", { said: [...right.said, hidden], gaps: [gap, lost] }, null],
    ["a loss that need not be", { gaps: [gap, { ...lost, rooms: ["c"] }] }, /may be read/],
    ["a doubled reaction", { log: [...log, reacted, reacted] }, /is told 2 times/],
    ["a reaction that never was", { reactions: new Set() }, /never happened/],
  ])("knows %s", (_, wrong, problem) => {
    const found = checkGateway({ ...right, ...wrong }).join("\n");
    if (problem === null) expect(found).toBe("");
    else expect(found).toMatch(problem);
  });
});

describe("sockets that end", () => {
  it("lose nothing, double nothing and leave a gap each time", { timeout: 120_000 }, async () => {
    const { problems, cycles, counts } = await runDisconnects({ cycles: 100, seed });
    expect(problems).toEqual([]);
    expect(cycles).toBeGreaterThanOrEqual(100);
    for (const name of ["cut", "cut while written to", "read too slowly", "server restarted", "gaps filled, proven"])
      expect(counts[name], name).toBeGreaterThan(0);
  });

  const said = [{ id: "$1", text: "said-1", deleted: false }];
  const heard = (n: number, more = {}) => ({ ...event(n), message: { id: "$1" }, ...more }) as unknown as Event;
  it.each<[string, Event[], RegExp | null]>([
    ["what is right", [heard(1)], null],
    ["the same event twice", [heard(1), heard(1)], null],
    ["a lost message", [], /never came/],
    ["a doubled message", [heard(1), heard(2, { content: { text: "said-1" } })], /came 2 times/],
    ["an older text", [heard(1, { content: { text: "before" } })], /last change of \$1 never came/],
  ])("its checker knows %s", (_, events, problem) => {
    const found = checkHeard(said, events).join("\n");
    if (problem === null) expect(found).toBe("");
    else expect(found).toMatch(problem);
  });
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

it("the platforms' checker finds what is lost outside of gaps, and what is doubled", () => {
  const at = Date.UTC(2026, 10, 20, 8);
  const said = [{ id: "$1", text: "one", at }];
  const gap = (state: Gap["state"]) => [{ state, from: new Date(at - 1).toISOString(), to: null }] as unknown as Gap[];
  const heard = (n: number) => toSeen({ ...event(n), message: { id: "$1" } });
  expect(compare([heard(1), heard(1)], said, [])).toEqual([]);
  expect(compare([], said, gap("lost"))).toEqual([]);
  expect(compare([], said, gap("filled"))).toEqual([expect.stringContaining('"one" never came')]);
  expect(compare([heard(1), heard(2)], said, [])).toEqual(["message $1 is 2 events"]);
});
