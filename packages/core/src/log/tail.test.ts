import type { Event } from "@botyard/sdk";
import { expect, it, vi } from "vitest";
import { draft, openTestLog } from "./test-log.ts";

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

it("is read once for all streams that wait for it, and each event is one object", async () => {
  const { log, commit, store } = await openTestLog();
  const stop = new AbortController();
  const seen: Event[][] = [[], [], []];
  const all = seen.map(async (events) => {
    for await (const event of log.stream({ after: 0, filter: {}, signal: stop.signal })) events.push(event);
  });
  await turn();
  const reads = vi.spyOn(store, "readPositions");
  await commit({ bots: ["one"], events: [draft("m1")] });
  await turn();
  expect(seen.map((events) => events.map((event) => event.message?.id))).toEqual([["m1"], ["m1"], ["m1"]]);
  expect(seen[1]?.[0]).toBe(seen[0]?.[0]);
  expect(reads.mock.calls.map(([query]) => query.after)).toEqual([0]);
  await commit({ bots: ["one"], events: [draft("m2"), draft("m3")] });
  await turn();
  expect(seen.map((events) => events.length)).toEqual([3, 3, 3]);
  stop.abort();
  await Promise.all(all);
});

it("keeps what each may see apart", async () => {
  const { log, commit } = await openTestLog();
  const stop = new AbortController();
  const seen: Record<string, (string | undefined)[]> = { all: [], other: [], hidden: [] };
  const follow = async (name: string, filter: Parameters<typeof log.stream>[0]["filter"]): Promise<void> => {
    for await (const event of log.stream({ after: 0, filter, signal: stop.signal }))
      seen[name]?.push(event.message?.id);
  };
  const all = [follow("all", {}), follow("other", { connection: "other" }), follow("hidden", { see: () => false })];
  await turn();
  await commit({ bots: ["one"], events: [draft("m1")] });
  await turn();
  await commit({ bots: ["one"], events: [draft("m2")] }, "other");
  await turn();
  expect(seen).toEqual({ all: ["m1", "m2"], other: ["m2"], hidden: [] });
  stop.abort();
  await Promise.all(all);
});

it("is read once by all who work off the same backlog, wherever they begin", async () => {
  const { log, commit, store } = await openTestLog();
  for (let n = 0; n < 3; n += 1)
    await commit({ bots: ["one"], events: Array.from({ length: 200 }, (_, at) => draft(`m${n * 200 + at + 1}`)) });
  const reads = vi.spyOn(store, "readPositions");
  const work = async (from: number): Promise<Event[]> => {
    const got: Event[] = [];
    for (let after = from; after < 600;) {
      const page = await log.read({ after, filter: {}, limit: 250 });
      got.push(...page.items);
      after = page.seq;
      // What is full stays as it is, whatever comes meanwhile.
      await commit({ bots: ["one"], events: [draft(`x${after}`)] });
    }
    return got;
  };
  const first = await work(0);
  expect(first.slice(0, 600).map((event) => event.message?.id)).toEqual(
    Array.from({ length: 600 }, (_, at) => `m${at + 1}`),
  );
  const before = reads.mock.calls.length;
  const second = await work(100);
  expect(second[0]).toMatchObject({ seq: 101 });
  expect(second.find((event) => event.seq === 300)).toBe(first[299]);
  expect(second.find((event) => event.seq === 600)?.message?.id).toBe("m600");
  // Only the end of the log, which has grown.
  expect(reads.mock.calls.slice(before).map(([query]) => query.after)).toEqual([500]);
});

it("does not tell of what retention has removed since it was read", async () => {
  const { log, commit, store, clock } = await openTestLog();
  await commit({ bots: ["one"], events: [draft("m1"), draft("m2")] });
  const query = { after: 0, filter: {}, limit: 250 };
  expect((await log.read(query)).items).toHaveLength(2);
  await store.trim({ events: new Date(clock.now() + 1).toISOString() });
  await expect(log.read(query)).rejects.toMatchObject({ code: "gone" });
});
