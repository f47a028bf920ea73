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
