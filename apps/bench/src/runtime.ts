import {
  createLogger,
  createMemorySealer,
  createRedactor,
  createRuntime,
  openStore,
  type RuntimeOptions,
  type StoreOptions,
} from "@botyard/core";
import type { AnyPlatform, Log } from "@botyard/sdk";

export type BenchRuntime = Awaited<ReturnType<typeof createRuntime>>;

export const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };

let requests = 0;

/**
 * A runtime over this store that receives and logs nothing, and its operations as the local operator calls them. Not
 * started yet; closed by the caller.
 */
export async function openRuntime({
  platforms,
  store,
  simulator,
  ...more
}: Partial<Pick<RuntimeOptions, "receive" | "hooksUrl" | "plugins">> & {
  readonly platforms: readonly AnyPlatform[];
  readonly store: StoreOptions;
  /** Answers what goes to the chat server; default: the network. */
  readonly simulator?: { fetch(request: Request): Response | Promise<Response> };
}): Promise<{
  readonly runtime: BenchRuntime;
  readonly call: (operation: string, input?: Record<string, unknown>) => Promise<unknown>;
}> {
  const redactor = createRedactor();
  const runtime = await createRuntime({
    version: "bench",
    platforms,
    store: await openStore(store),
    sealer: createMemorySealer(),
    logger: createLogger({ format: "json", level: "silent", redactor }),
    redactor,
    receive: true,
    ...(simulator
      ? {
          fetch: async (input, init) =>
            simulator.fetch(
              new Request(
                String(input instanceof Request ? input.url : input),
                input instanceof Request ? input : init,
              ),
            ),
        }
      : {}),
    ...more,
  });
  return {
    runtime,
    call: async (operation, input = {}) =>
      (await runtime.invoke(operation, input, { principal: runtime.local, request: `req_${(requests += 1)}` })).value,
  };
}
