import type { Host } from "@botyard/sdk";
import type { Settings } from "./settings.ts";
import { createServer, type Server } from "./simulator/index.ts";
import type { Policy } from "./simulator/model.ts";

/** Servers that connections of this process share, by their name in the settings. */
const shared = new Map<string, Server>();

/** The connection's server. `release` ends it unless it has a name: then it goes on, as a real one would. */
export function takeServer(
  host: Host<Settings>,
  policy: Policy,
): { readonly server: Server; readonly release: () => Promise<void> } {
  const { server: name, users, rooms, closedHistory } = host.connection.settings;
  const known = name === undefined ? undefined : shared.get(name);
  if (known) return { server: known, release: async () => undefined };
  const server = createServer({
    policy,
    seed: { users, rooms, closedHistory },
    now: () => host.clock.now(),
    sleep: (ms, signal) => host.clock.sleep(ms, signal),
  });
  if (name === undefined) return { server, release: () => server.close() };
  shared.set(name, server);
  return { server, release: async () => undefined };
}
