// bun scripts/live/synapse-serve.ts <folder> <server name> <registration file>…
// A Synapse of the live run on a free port of loopback, for other programs: prints {"url": …}, or {"missing": why}, and
// ends with its standard input.
import { mkdirSync } from "node:fs";
import { freePort, killAll } from "./process.ts";
import { installSynapse, whyNoPython } from "./synapse/install.ts";
import { createSynapse } from "./synapse/server.ts";

const [directory = "", serverName = "", ...registrations] = process.argv.slice(2);
const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
const missing = whyNoPython();
process.once("exit", killAll);
process.stdin.resume();
process.stdin.once("end", () => process.exit(0));
if (missing !== undefined) say({ missing });
else {
  const python = await installSynapse((text) => void process.stderr.write(`${text}\n`));
  mkdirSync(directory, { recursive: true });
  const synapse = createSynapse({ python, directory, serverName, port: await freePort(), registrations });
  await synapse.start();
  say({ url: synapse.url });
}
