import type { Event, Gap } from "@botyard/sdk";
import { describe, expect, it } from "vitest";
import { at, draft, openTestLog } from "./test-log.ts";
import type { EventFilter } from "./types.ts";

const chat = { id: "chat", platform: "sandbox" };
const gap = (id: string, more: Partial<Gap> = {}): Gap => ({
  id,
  connection: "chat",
  from: at(0),
  to: null,
  cause: "the socket closed",
  certainty: "possible",
  state: "open",
  messages: 0,
  ...more,
});

describe("filters", () => {
  async function filled() {
    const opened = await openTestLog();
    const { commit, log } = opened;
    await commit({ bots: ["one"], events: [draft("m1")] });
    await commit({ bots: ["two"], events: [draft("m2", { room: { id: "room-2" } })] });
    await commit({ bots: ["two"], events: [draft("m1")] });
    await commit({ bots: ["one"], events: [draft("m3", { actor: { id: "native-one", kind: "bot" } })] });
    await commit({ bots: ["one"], events: [draft("m4", { type: "message.deleted" })] });
    await commit({ bots: ["one"], events: [draft("m5")] }, "other");
    await log.emit(chat, {
      type: "gap.opened",
      gap: gap("gap_1", { bots: ["two"], rooms: ["room-2"] }),
      bots: ["two"],
      rooms: ["room-2"],
    });
    await log.emit(chat, { type: "gap.opened", gap: gap("gap_2") });
    await log.emit(chat, { type: "connection.state", state: { state: "degraded" } });
    await log.emit(chat, { type: "bot.updated", bots: ["two"] });
    return opened;
  }
  const name = (event: Event): string => event.gap?.id ?? event.message?.id ?? event.type;
  const one = { connection: "chat", handle: "one" };
  const two = { connection: "chat", handle: "two" };
  const gaps = ["gap_1", "gap_2"];
  const states = ["connection.state", "bot.updated"];

  it.each<[string, EventFilter, string[]]>([
    ["none: each event once, no echoes", {}, ["m1", "m2", "m4", "m5", ...gaps, ...states]],
    ["echoes too", { own: true }, ["m1", "m2", "m3", "m4", "m5", ...gaps, ...states]],
    ["connection", { connection: "other" }, ["m5"]],
    ["room, with the gaps that concern it", { room: "room-1" }, ["m1", "m4", "m5", "gap_2"]],
    ["other room", { room: "room-2" }, ["m2", ...gaps]],
    ["type; gaps pass", { type: ["message.created"] }, ["m1", "m2", "m5", ...gaps]],
    ["types by noun", { type: ["bot.*", "message.deleted"] }, ["m4", ...gaps, "bot.updated"]],
    ["bot, without late copies of others", { bot: one }, ["m1", "m4", "gap_2", "connection.state"]],
    ["bot, with its late copy", { bot: two }, ["m2", "m1", ...gaps, ...states]],
    ["grant", { see: (event) => event.room?.id === "room-2" }, ["m2", "gap_1"]],
    [
      "grant limited to a bot sees its late copy",
      { see: (event) => event.bots.includes("two") },
      ["m2", "m1", "gap_1", "bot.updated"],
    ],
    [
      "grant limited to the bot that saw it first",
      { see: (event) => event.bots.includes("one"), own: true },
      ["m1", "m3", "m4", "m5"],
    ],
  ])("%s", async (_, filter, expected) => {
    const { log } = await filled();
    const { items } = await log.read({ after: 0, filter, limit: 100 });
    expect(items.map(name)).toEqual(expected);
  });

  it("gives a late copy the id of its event, its own cursor and the new bots", async () => {
    const { log } = await filled();
    const [first] = (await log.read({ after: 0, filter: { bot: one }, limit: 1 })).items;
    const copy = (await log.read({ after: 0, filter: { bot: two }, limit: 9 })).items.find(
      (event) => name(event) === "m1",
    );
    expect(copy).toMatchObject({ id: first?.id, bots: ["two"], seq: 3 });
    expect(await log.get(first?.id ?? "")).toMatchObject({ seq: 1, bots: ["one", "two"] });
    expect(await log.get("evt_NONE")).toBeNull();
  });

  it("addresses a late copy in a direct room to the bot it is for", async () => {
    const { log, commit } = await openTestLog();
    const direct = draft("m1", { room: { id: "d", kind: "direct" } });
    await commit({ bots: ["one"], events: [direct] });
    await commit({ bots: ["two"], events: [direct] });
    const { items } = await log.read({ after: 0, filter: { bot: two }, limit: 9 });
    expect(items[0]?.addressed).toContain("two");
  });
});

describe("pages", () => {
  it("go on where the last one ended, also behind what does not pass", async () => {
    const { log, commit } = await openTestLog();
    for (let n = 1; n <= 6; n += 1) await commit({ bots: ["one"], events: [draft(`m${n}`)] }, n % 2 ? "chat" : "other");
    const page = await log.read({ after: 0, filter: { connection: "chat" }, limit: 2 });
    expect(page.items.map(({ seq }) => seq)).toEqual([1, 3]);
    expect(page.seq).toBe(3);
    const next = await log.read({ after: page.seq, filter: { connection: "chat" }, limit: 2 });
    expect(next.items.map(({ seq }) => seq)).toEqual([5]);
    // Number 6 is of another connection: it need not be looked at again.
    expect(next.seq).toBe(6);
  });

  it("are found behind thousands that do not pass", async () => {
    const { log, commit } = await openTestLog();
    const noise = Array.from({ length: 1200 }, (_, n) => draft(`n${n}`, { type: "message.deleted" }));
    await commit({ bots: ["one"], events: [...noise, draft("m1")] });
    const { items } = await log.read({ after: 0, filter: { type: ["message.created"] }, limit: 5 });
    expect(items.map(({ seq }) => seq)).toEqual([1201]);
  });

  it("skip what is too old to be acted on, and say how much; gaps are told", async () => {
    const { log, commit, clock } = await openTestLog();
    await commit({ bots: ["one"], events: [draft("m1")] });
    await log.emit(chat, { type: "gap.opened", gap: gap("gap_1") });
    await clock.advance(60_000);
    await commit({
      via: "backfill",
      gap: "gap_1",
      bots: ["one"],
      events: [draft("m2", { time: at(5) }), draft("m3", { time: at(55) })],
    });
    const page = await log.read({ after: 0, filter: {}, limit: 9, maxAgeMs: 10_000 });
    expect(page.items.map((event) => event.message?.id ?? event.type)).toEqual(["gap.opened", "m3"]);
    expect(page).toMatchObject({ skipped: 2, seq: 4 });
  });
});

describe("starts", () => {
  it("are now, oldest, a time or a cursor", async () => {
    const { log, commit, clock } = await openTestLog();
    await commit({ bots: ["one"], events: [draft("m1")] });
    await clock.advance(60_000);
    await commit({ bots: ["one"], events: [draft("m2")] });
    expect(await log.seqOf("now")).toBe(2);
    expect(await log.seqOf("oldest")).toBe(0);
    expect(await log.seqOf(at(30))).toBe(1);
    expect(await log.seqOf("2026-11-20T10:00:30+02:00")).toBe(1);
    expect(await log.seqOf(log.cursorOf(1))).toBe(1);
    await expect(log.seqOf("2026-99-99T00:00")).rejects.toMatchObject({ code: "invalid" });
    await expect(log.seqOf("c_zzz_1")).rejects.toMatchObject({ code: "invalid" });
    expect(log.head()).toBe(2);
  });

  it("are gone when they are no longer kept", async () => {
    const { log, commit, clock, store } = await openTestLog({ retentionMs: 86_400_000 });
    for (const id of ["m1", "m2", "m3"]) {
      await commit({ bots: ["one"], events: [draft(id)] });
      await clock.advance(86_400_000);
    }
    await store.trim({ events: new Date(clock.now() - 86_400_000).toISOString() });
    const gone = {
      code: "gone",
      message: "events before 2026-11-22 are no longer kept (retention 1d)",
      details: { oldest: log.cursorOf(2) },
    };
    await expect(log.seqOf(log.cursorOf(1))).rejects.toMatchObject(gone);
    await expect(log.read({ after: 1, filter: {}, limit: 9 })).rejects.toMatchObject(gone);
    expect((await log.read({ after: 2, filter: {}, limit: 9 })).items).toHaveLength(1);
    expect(await log.seqOf(at(0))).toBe(2);
    await store.trim({ events: new Date(clock.now() + 1).toISOString() });
    await expect(log.read({ after: 2, filter: {}, limit: 9 })).rejects.toMatchObject({ code: "gone" });
  });
});

describe("waiting", () => {
  it("ends with the first event that passes", async () => {
    const { log, commit, clock } = await openTestLog();
    const page = log.read({ after: 0, filter: { room: "room-2" }, limit: 9, waitMs: 30_000 });
    await clock.advance(1000);
    await commit({ bots: ["one"], events: [draft("m1")] });
    await commit({ bots: ["one"], events: [draft("m2", { room: { id: "room-2" } })] });
    expect((await page).items.map(({ seq }) => seq)).toEqual([2]);
    expect(clock.sleeping).toBe(0);
  });

  it("is woken by a single commit, every one who waits", async () => {
    const { log, commit, clock } = await openTestLog();
    const pages = [1, 2].map(() => log.read({ after: 0, filter: {}, limit: 9, waitMs: 30_000 }));
    await clock.advance(1);
    await commit({ bots: ["one"], events: [draft("m1")] });
    expect((await Promise.all(pages)).map(({ items }) => items.length)).toEqual([1, 1]);
  });

  it("ends empty when its time is over, behind what did not pass", async () => {
    const { log, commit, clock } = await openTestLog();
    const page = log.read({ after: 0, filter: { room: "room-2" }, limit: 9, waitMs: 30_000 });
    await clock.advance(1000);
    await commit({ bots: ["one"], events: [draft("m1")] });
    await clock.advance(30_000);
    expect(await page).toEqual({ items: [], seq: 1, skipped: 0 });
  });

  it("ends when the signal aborts", async () => {
    const { log, clock } = await openTestLog();
    const stop = new AbortController();
    const page = log.read({ after: 0, filter: {}, limit: 9, waitMs: 30_000, signal: stop.signal });
    await clock.advance(1000);
    stop.abort();
    expect((await page).items).toEqual([]);
    expect(clock.sleeping).toBe(0);
  });
});

describe("streams", () => {
  it("give what is there, then what comes, until the signal aborts", async () => {
    const { log, commit } = await openTestLog();
    const many = Array.from({ length: 250 }, (_, n) => draft(`m${n}`));
    await commit({ bots: ["one"], events: many });
    const stop = new AbortController();
    const seen: number[] = [];
    const reading = (async () => {
      for await (const event of log.stream({ after: 3, filter: {}, signal: stop.signal })) seen.push(event.seq);
    })();
    for (let n = 0; n < 5; n += 1) await commit({ bots: ["one"], events: [draft(`later${n}`)] });
    while (seen.length < 252) await new Promise((resolve) => setImmediate(resolve));
    stop.abort();
    await reading;
    expect(seen).toEqual(Array.from({ length: 252 }, (_, n) => n + 4));
  });

  it("end at once for a signal that has aborted, and when they are left", async () => {
    const { log, commit } = await openTestLog();
    await commit({ bots: ["one"], events: [draft("m1")] });
    for await (const _ of log.stream({ after: 0, filter: {}, signal: AbortSignal.abort() }))
      throw new Error("an event");
    let count = 0;
    for await (const _ of log.stream({ after: 0, filter: {}, signal: new AbortController().signal })) {
      count += 1;
      break;
    }
    expect(count).toBe(1);
  });
});
