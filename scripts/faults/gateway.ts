import { createRandom } from "./random.ts";
import type { LayerReport } from "./report.ts";
import { runGatewayWorld } from "./gateway-world.ts";

/**
 * Sockets to a Stoat gateway that are cut, go deaf, stay silent or are refused, worlds of some disconnects each (default
 * 100), until as many as `cycles` have happened or the time is used up.
 */
export async function runGateway(options: {
  readonly cycles: number;
  readonly seed: number;
  readonly tell?: (line: string) => void;
  readonly untilMs?: number;
  readonly perWorld?: number;
}): Promise<LayerReport> {
  const { seed, tell = () => {}, perWorld = 100 } = options;
  const random = createRandom(seed);
  const counts: Record<string, number> = {};
  const count = (name: string, n = 1): void => void (counts[name] = (counts[name] ?? 0) + n);
  const problems: string[] = [];
  const startedAt = Date.now();
  let done = 0;
  for (let world = 0; done < options.cycles && Date.now() - startedAt < (options.untilMs ?? Infinity); world += 1) {
    const some = Math.min(perWorld, options.cycles - done);
    const found = await runGatewayWorld(random.fork(), some, count);
    problems.push(...found.map((text) => `world ${world}: ${text}`));
    for (const text of found) tell(`world ${world}: ${text}`);
    done += some;
    if (world % 10 === 9) tell(`${done} disconnects: ${problems.length} broken promises`);
  }
  return { layer: "gateway", seed, cycles: done, problems, counts };
}
