import { createCli } from "@botyard/cli";
import manifest from "../package.json" with { type: "json" };
import { platforms } from "./platforms.gen.ts";
import { startService } from "./start-service.ts";

const cli = createCli({ platforms, version: manifest.version, startService });
// Not left to the event loop: a timer that somebody forgot must not keep a finished command.
process.exit(await cli.run(process.argv.slice(2)));
