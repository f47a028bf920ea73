// npm run test:faults -- [--cycles N] [--seed S] [--layer process|simulated|platforms|disconnects|gateway]
//   [--only mattermost|talk|stoat|matrix|"sandbox operator-install"] [--minutes M] [--program dist/botyard] [--report file.json]
// Breaks everything that can break, in an order that the seed decides, and checks what came of it. Exit 1 where a promise
// was not kept.
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { runDisconnects } from "./disconnects.ts";
import { runGateway } from "./gateway.ts";
import { runPlatforms } from "./platforms.ts";
import { runProcesses } from "./processes.ts";
import { runSimulated } from "./simulated.ts";
import { showReport, type LayerReport } from "./report.ts";

const { values } = parseArgs({
  options: {
    cycles: { type: "string", default: "200" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 1e9)) },
    layer: { type: "string" },
    only: { type: "string" },
    minutes: { type: "string" },
    program: { type: "string" },
    report: { type: "string", default: "faults-report.json" },
  },
});
const cycles = Number(values.cycles);
const seed = Number(values.seed);
const untilMs = values.minutes === undefined ? undefined : Number(values.minutes) * 60_000;
const options = {
  cycles,
  seed,
  tell: (line: string) => console.log(line),
  ...(untilMs === undefined ? {} : { untilMs }),
  ...(values.only === undefined ? {} : { only: values.only }),
  ...(values.program === undefined ? {} : { program: values.program }),
};

const layers = {
  process: runProcesses,
  simulated: runSimulated,
  platforms: runPlatforms,
  disconnects: runDisconnects,
  gateway: runGateway,
};
const reports: LayerReport[] = [];
for (const [name, run] of Object.entries(layers))
  if (values.layer === undefined || values.layer === name) reports.push(await run(options));
for (const report of reports) console.log(showReport(report));
writeFileSync(values.report, `${JSON.stringify({ seed, reports }, null, 2)}\n`);
process.exit(reports.some(({ problems }) => problems.length > 0) ? 1 : 0);
