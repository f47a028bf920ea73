import type { LayerReport } from "./report.ts";
import { runWorld } from "./world.ts";
import { type LayerOptions, runWorlds } from "./worlds.ts";

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
export const runSimulated = (options: LayerOptions): Promise<LayerReport> =>
  runWorlds("simulated", options, {
    run: async (at, random, cycles, count) => {
      // Jitter and names of the runtime come from the seed, too: the same seed is the same day.
      const chance = Math.random;
      Math.random = random.fork().next;
      try {
        return await runWorld(profiles[at % profiles.length] ?? [], random, cycles, count);
      } finally {
        Math.random = chance;
      }
    },
    soFar: (done) => `simulated cycle ${done}`,
  });
