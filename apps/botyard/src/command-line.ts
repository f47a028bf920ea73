import { createCli } from "@botyard/cli";
import manifest from "../package.json" with { type: "json" };
import { platforms } from "./platforms.gen.ts";

/** The program as a person or a service manager starts it. */
const cli = createCli({
  platforms,
  version: manifest.version,
  plugins: async () => (await import("./plugin-works.ts")).pluginWorks,
  // Loaded when a service starts: most commands need no server.
  startService: async (...call) => (await import("@botyard/http")).startService(...call),
});
// Not left to the event loop: a timer that somebody forgot must not keep a finished command.
process.exit(await cli.run(process.argv.slice(2)));
