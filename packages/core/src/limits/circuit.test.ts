import { expect, test } from "vitest";
import { createCircuits, openAfter, type Outage } from "./circuit.ts";
import { createFakeClock } from "./fake-clock.ts";

const origin = "https://chat.example.org";
const call = { patient: false };
const refused = expect.objectContaining({ code: "unreachable", details: expect.objectContaining({ effect: "none" }) });

function world() {
  const clock = createFakeClock(Date.UTC(2026, 10, 20, 8));
  const told: (Outage | null)[] = [];
  const circuits = createCircuits({ clock, changed: (_, outage) => void told.push(outage) });
  const fail = (times: number): void => {
    for (let n = 0; n < times; n += 1) circuits.enter(origin, call).failed("refused");
  };
  return { clock, told, circuits, fail };
}

test("an origin that does not answer gets a rest, and others are not touched by it", () => {
  const { circuits, told, fail } = world();
  fail(openAfter - 1);
  expect(told).toEqual([]);
  fail(1);
  expect(told).toEqual([{ failures: openAfter, since: "2026-11-20T08:00:00.000Z", reason: "refused" }]);
  expect(() => circuits.enter(origin, call)).toThrow(refused);
  expect(() => circuits.check(origin, call)).toThrow(/tried again in 5 s. Nothing was sent/);
  circuits.enter("https://other.example.org", call).answered();
});

test("one answer between the failures begins the count again", () => {
  const { circuits, told, fail } = world();
  fail(openAfter - 1);
  circuits.enter(origin, call).answered();
  fail(openAfter - 1);
  expect(told).toEqual([]);
});

test("after the rest one call is the trial; its failure makes the rest longer, its answer ends it", async () => {
  const { clock, circuits, told, fail } = world();
  fail(openAfter);
  await clock.advance(5_000);
  const trial = circuits.enter(origin, call);
  expect(() => circuits.enter(origin, call)).toThrow(refused);
  trial.failed("still refused");
  expect(told.at(-1)).toMatchObject({ failures: openAfter + 1, reason: "still refused" });
  await clock.advance(5_000);
  expect(() => circuits.enter(origin, call)).toThrow(refused);
  await clock.advance(5_000);
  circuits.enter(origin, call).answered();
  expect(told.at(-1)).toBeNull();
  circuits.enter(origin, call);
  circuits.enter(origin, call);
});

test("a trial that is given up, or never ends, leaves its turn to the next", async () => {
  const { clock, circuits, fail } = world();
  fail(openAfter);
  await clock.advance(5_000);
  circuits.enter(origin, call).left();
  circuits.enter(origin, call);
  expect(() => circuits.enter(origin, call)).toThrow(refused);
  await clock.advance(10_000);
  circuits.enter(origin, call).answered();
});

test("receivers and probes are always let through, and end the outage when they are answered", () => {
  const { circuits, told, fail } = world();
  fail(openAfter);
  const before = told.length;
  circuits.enter(origin, { patient: true }).failed("refused");
  expect(told).toHaveLength(before);
  circuits.enter(origin, { patient: true }).answered();
  expect(told.at(-1)).toBeNull();
  circuits.enter(origin, call).answered();
});

test("the longest rest is a minute", async () => {
  const { clock, circuits, fail } = world();
  fail(openAfter);
  for (let n = 0; n < 8; n += 1) {
    await clock.advance(60_000);
    circuits.enter(origin, call).failed("refused");
  }
  await clock.advance(60_000);
  circuits.enter(origin, call).answered();
});
