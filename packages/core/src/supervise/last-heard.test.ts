import { expect, test } from "vitest";
import { createFakeClock } from "../limits/fake-clock.ts";
import { openStore } from "../store/open-store.ts";
import { createLastHeard } from "./last-heard.ts";

const start = Date.UTC(2026, 10, 20, 8);
const minute = 60_000;
const hour = 60 * minute;

/** A receiver on a wall clock that is set by hand; `again` is the process after a crash. */
async function receiver() {
  const store = await openStore({ memory: true });
  const clock = createFakeClock(start);
  let offset = 0;
  let full = false;
  let life = new AbortController();
  const now = (): number => clock.now() + offset;
  const parts = {
    clock: { now, sleep: clock.sleep },
    store: {
      ...store,
      pluginPut: async (...given: Parameters<typeof store.pluginPut>) => {
        if (full) throw new Error("the disk is full");
        return store.pluginPut(...given);
      },
    },
  };
  const create = () => createLastHeard(parts, { connection: "chat", bot: "helper", signal: life.signal });
  let last = await create();
  return {
    get last() {
      return last;
    },
    jump: (ms: number) => void (offset += ms),
    pass: (ms: number) => clock.advance(ms),
    disk: (is: "full" | "free") => void (full = is === "full"),
    async again() {
      life.abort();
      life = new AbortController();
      last = await create();
    },
    from: () => Date.parse(last.gapFrom()),
    ahead: () => last.takeAhead(async (until) => (until === null ? null : Date.parse(until))),
    now,
  };
}

test("a gap begins a minute before the last proof, also after a crash", async () => {
  const on = await receiver();
  expect(on.last.ever).toBe(false);
  on.last.heard();
  on.jump(5_000);
  await on.again();
  expect(on.last.ever).toBe(true);
  expect(on.from()).toBe(start - minute);
});

test("what is proven less than a minute after the clock was set forward begins before the jump", async () => {
  const on = await receiver();
  on.last.heard();
  for (let n = 0; n < 4; n += 1) await on.pass(15_000);
  await on.pass(10_000);
  const said = on.now();
  on.jump(hour);
  on.last.heard();
  await on.again();
  expect(on.from()).toBeLessThan(said);
});

test("a minute after the clock was set forward a proof counts again", async () => {
  const on = await receiver();
  on.last.heard();
  on.jump(hour);
  for (let n = 0; n < 5; n += 1) await on.pass(15_000);
  on.last.heard();
  expect(on.from()).toBe(on.now() - minute);
});

test("a timer that is a little late is no jump", async () => {
  const on = await receiver();
  for (let n = 0; n < 4; n += 1) {
    await on.pass(15_000);
    on.jump(1_000);
  }
  on.last.heard();
  expect(on.from()).toBe(on.now() - minute);
});

test("a clock that was set back: history is asked for a day, and the gap ends after both readings, also after a crash", async () => {
  const on = await receiver();
  on.last.heard();
  on.jump(-hour);
  await on.pass(15_000);
  await on.again();
  expect(on.from()).toBeLessThan(on.now() - 23 * hour);
  expect(await on.ahead()).toBeGreaterThan(start);
  expect(await on.ahead()).toBeNull();
});

test("where a gap goes on to is kept until its end is written down", async () => {
  const on = await receiver();
  on.last.heard();
  on.jump(-hour);
  await on.last.noteAhead();
  const full = on.last.takeAhead(async () => Promise.reject(new Error("the disk is full")));
  await expect(full).rejects.toThrow("full");
  expect(await on.ahead()).toBeGreaterThan(start);
  expect(await on.ahead()).toBeNull();
});

test("a clock that is set forward and back again: the gap ends after what it said in between", async () => {
  const on = await receiver();
  on.last.heard();
  on.jump(hour);
  await on.pass(15_000);
  const said = on.now();
  on.jump(-hour);
  await on.last.noteAhead();
  expect(await on.ahead()).toBeGreaterThan(said);
});

test("a clock that is set back while nothing can be received is noticed, too", async () => {
  const on = await receiver();
  on.last.heard();
  await on.again();
  // The server takes no sockets: nothing is heard in this life.
  on.jump(-hour);
  await on.pass(15_000);
  const said = on.now();
  on.jump(3 * hour);
  await on.again();
  expect(on.from()).toBeLessThan(said);
});

test("what a full disk did not take is written down as soon as it can be", async () => {
  const on = await receiver();
  on.last.heard();
  on.disk("full");
  on.jump(-hour);
  await on.pass(15_000);
  const said = on.now();
  on.disk("free");
  await on.pass(1_000);
  // It crashes, and is down until the old mark lies behind again.
  on.jump(3 * hour);
  await on.again();
  expect(on.from()).toBeLessThan(said);
  expect(await on.ahead()).toBeGreaterThan(start);
});

test("where listening is all that can be proven, each tick counts", async () => {
  const on = await receiver();
  on.last.heard();
  on.last.listening = true;
  await on.pass(15_000);
  on.jump(-hour);
  await on.pass(15_000);
  await on.again();
  expect(on.from()).toBe(on.now() - minute);
});
