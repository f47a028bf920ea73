import type { Clock } from "@botyard/sdk";
import { checkHello, helloOf } from "../channel/hello.ts";
import { importPlatform } from "./import-platform.ts";
import type { RunningPlugin } from "./isolated.ts";
import type { InstalledPlugin } from "./types.ts";

/** A plugin in this process, by the operator's explicit choice: nothing keeps its faults from the rest. */
export async function trustedPlugin(plugin: InstalledPlugin, clock: Clock): Promise<RunningPlugin> {
  const platform = await importPlatform(plugin.entryFile);
  checkHello(plugin.manifest, helloOf(platform));
  const since = new Date(clock.now()).toISOString();
  const { id, namespace } = plugin.manifest;
  return {
    plugin,
    platform,
    status: () => ({
      id,
      namespace,
      title: platform.title,
      version: plugin.version,
      process: "in-process",
      state: "running",
      since,
      crashes: 0,
      restarts: 0,
    }),
    start: async () => {},
    stop: async () => {},
  };
}
