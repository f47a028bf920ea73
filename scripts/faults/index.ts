// npm run test:faults -- [--cycles N] [--seed S] [--layer process|simulated] [--minutes M] [--program dist/botyard] [--report file.json]
// Breaks everything that can break, in an order that the seed decides, and checks what came of it. Exit 1 where a promise
// was not kept.
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { runProcesses } from "./processes.ts";
import { runSimulated } from "./simulated.ts";
import { showReport, type LayerReport } from "./report.ts";

const { values } = parseArgs({
  options: {
    cycles: { type: "string", default: "200" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 1e9)) },
    layer: { type: "string" },
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
  ...(values.program === undefined ? {} : { program: values.program }),
};

const reports: LayerReport[] = [];
if (values.layer !== "simulated") reports.push(await runProcesses(options));
if (values.layer !== "process") reports.push(await runSimulated(options));
for (const report of reports) console.log(showReport(report));
writeFileSync(values.report, `${JSON.stringify({ seed, reports }, null, 2)}\n`);
process.exit(reports.some(({ problems }) => problems.length > 0) ? 1 : 0);
