import { runGatewayWorld } from "./gateway-world.ts";
import type { LayerReport } from "./report.ts";
import { type LayerOptions, runWorlds } from "./worlds.ts";

/**
 * Sockets to a Stoat gateway that are cut, go deaf, stay silent or are refused, worlds of some disconnects each (default
 * 100), until as many as `cycles` have happened or the time is used up.
 */
export const runGateway = (options: LayerOptions): Promise<LayerReport> =>
  runWorlds(
    "gateway",
    { perWorld: 100, ...options },
    {
      run: (_, random, cycles, count) => runGatewayWorld(random, cycles, count),
      soFar: (done) => `${done} disconnects`,
    },
  );
