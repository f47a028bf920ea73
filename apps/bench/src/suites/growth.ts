import type { Figure, Suite } from "../figure.ts";
import { percentile } from "../measure.ts";
import { openWorld } from "../world.ts";
import { draft } from "./webhooks.ts";

const about = { id: "chat", platform: "sandbox" };
const small = 10_000;
const rounds = 400;

/** One log of so many events, and what its parts cost: delays in milliseconds, of a hundred events each. */
async function openLog(folder: string, name: string, size: number) {
  const world = await openWorld(folder, { durability: "normal", name });
  const { log, store } = world.runtime.core;
  const commit = (count: number): Promise<unknown> =>
    log.commit(about, {
      via: "frame",
      bots: ["helper"],
      events: Array.from({ length: count }, () => draft("please restart the build")),
    });
  for (let done = 0; done < size; done += 1_000) await commit(1_000);
  const timed = async (into: number[], work: () => Promise<unknown>): Promise<void> => {
    const begun = performance.now();
    await work();
    into.push(performance.now() - begun);
  };
  const read = (after: number): Promise<unknown> => log.read({ after, filter: {}, limit: 100 });
  const delays = { commits: [] as number[], near: [] as number[], anywhere: [] as number[] };
  return {
    delays,
    async round() {
      await timed(delays.commits, () => commit(100));
      await timed(delays.near, () => read(log.head() - 100 - Math.floor(Math.random() * 5_000)));
      await timed(delays.anywhere, () => read(Math.floor(Math.random() * (log.head() - 200))));
    },
    bytes: async () => (await store.info()).bytes ?? 0,
    close: () => world.close(),
  };
}

/** What a commit and a read cost in a log of ten thousand events, and in one of many more, in turn. */
export const suite: Suite = {
  name: "growth",
  async run({ folder, full = false }) {
    const wanted = full ? 10_000_000 : 1_000_000;
    const large = await openLog(folder, "large", wanted);
    const little = await openLog(folder, "little", small);
    for (let n = 0; n < rounds; n += 1)
      for (const log of n % 2 === 0 ? [large, little] : [little, large]) await log.round();
    const size = Math.round((await large.bytes()) / wanted);
    await large.close();
    await little.close();
    const million = `${(wanted / 1_000_000).toLocaleString("en")} M`;
    const note = `µs an event, medians of ${rounds} batches and pages of 100, both logs in turn${full ? "" : "; --full goes to 10 M"}; ${size} bytes an event on disk`;
    const us = (delays: readonly number[]): number => percentile(delays, 50) * 10;
    const figure = (name: string, part: keyof typeof large.delays): Figure => ({
      name: `${name} at ${million} rows`,
      value: us(large.delays[part]),
      unit: "µs",
      against: { name: "at 10,000 rows", value: us(little.delays[part]) },
      note,
    });
    const goal = { kind: "atMost", value: 1.5 } as const;
    return [
      { ...figure("commit", "commits"), goal },
      { ...figure("read near the end", "near"), goal },
      // From the disk where the system does not hold it.
      figure("read anywhere", "anywhere"),
    ];
  },
};
