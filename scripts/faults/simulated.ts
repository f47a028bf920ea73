import { createRandom } from "./random.ts";
import type { LayerReport } from "./report.ts";
import { runWorld } from "./world.ts";

const profiles: readonly [string[], ...string[][]] = [
  [],
  ["per-bot-copies"],
  ["no-resume"],
  ["no-message-id"],
  ["detect-only-keys"],
  ["two-credentials"],
  ["per-bot-copies", "no-resume", "detect-only-keys"],
];
/** Worlds of some cycles each (default 25) over all profiles in turn, until the cycles or the time are used up. */
export async function runSimulated(options: {
  readonly cycles: number;
  readonly seed: number;
  readonly tell?: (line: string) => void;
  readonly untilMs?: number;
  readonly perWorld?: number;
}): Promise<LayerReport> {
  const { seed, tell = () => {}, perWorld = 25 } = options;
  const random = createRandom(seed);
  const counts: Record<string, number> = {};
  const count = (name: string, n = 1): void => void (counts[name] = (counts[name] ?? 0) + n);
  const problems: string[] = [];
  const startedAt = Date.now();
  let done = 0;
  for (let world = 0; done < options.cycles && Date.now() - startedAt < (options.untilMs ?? Infinity); world += 1) {
    const some = Math.min(perWorld, options.cycles - done);
    const found = await runWorld(profiles[world % profiles.length] ?? [], random.fork(), some, count);
    problems.push(...found.map((text) => `world ${world}: ${text}`));
    for (const text of found) tell(`world ${world}: ${text}`);
    done += some;
    if (world % 10 === 9) tell(`simulated cycle ${done}: ${problems.length} broken promises`);
  }
  return { layer: "simulated", seed, cycles: done, problems, counts };
}
