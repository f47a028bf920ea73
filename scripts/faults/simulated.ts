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
    run: (at, random, cycles, count) => runWorld(profiles[at % profiles.length] ?? [], random, cycles, count),
    soFar: (done) => `simulated cycle ${done}`,
  });
