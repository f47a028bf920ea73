import { createRandom, type Random } from "./random.ts";
import type { LayerReport } from "./report.ts";

export interface LayerOptions {
  readonly cycles: number;
  readonly seed: number;
  readonly tell?: (line: string) => void;
  /** Milliseconds after which no new world begins. */
  readonly untilMs?: number;
  /** Cycles of one world. */
  readonly perWorld?: number;
}

export type Count = (name: string, n?: number) => void;

/** One world after the other, until there were as many cycles as wanted or the time is used up. */
export async function runWorlds(
  layer: string,
  { cycles, seed, tell = () => {}, untilMs = Infinity, perWorld = 25 }: LayerOptions,
  parts: {
    /** Does this many cycles in world `at`; the promises it saw broken, in sentences. */
    readonly run: (at: number, random: Random, cycles: number, count: Count) => Promise<readonly string[]>;
    /** `simulated cycle 250` */
    readonly soFar: (done: number) => string;
  },
): Promise<LayerReport> {
  const random = createRandom(seed);
  const counts: Record<string, number> = {};
  const count: Count = (name, n = 1) => void (counts[name] = (counts[name] ?? 0) + n);
  const problems: string[] = [];
  const startedAt = Date.now();
  let done = 0;
  for (let world = 0; done < cycles && Date.now() - startedAt < untilMs; world += 1) {
    const some = Math.min(perWorld, cycles - done);
    const found = await parts.run(world, random.fork(), some, count);
    problems.push(...found.map((text) => `world ${world}: ${text}`));
    for (const text of found) tell(`world ${world}: ${text}`);
    done += some;
    if (world % 10 === 9) tell(`${parts.soFar(done)}: ${problems.length} broken promises`);
  }
  return { layer, seed, cycles: done, problems, counts };
}
