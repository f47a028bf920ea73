import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mattermost } from "./mattermost.ts";
import { killAll } from "./process.ts";
import type { Scenario } from "./scenario.ts";
import { stoat } from "./stoat.ts";
import { createSteps, explain, StepFailed, summary } from "./steps.ts";
import { synapseHarness } from "./synapse/harness.ts";
import { synapse } from "./synapse/scenario.ts";
import { talk } from "./talk.ts";

const scenarios: readonly Scenario[] = [synapse, synapseHarness, talk, stoat, mattermost];

const write = (line: string): void => void process.stdout.write(`${line}\n`);
const steps = createSteps(write);

async function main(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  const scenario = scenarios.find((candidate) => candidate.name === name);
  if (!scenario || rest.length > 0) return usage(name, rest);
  write(`live: ${scenario.title}`);
  const reason = scenario.missing();
  if (reason) {
    steps.skip(scenario.name, reason);
    return 0;
  }
  const directory = mkdtempSync(join(tmpdir(), `botyard-live-${scenario.name}-`));
  try {
    await scenario.run({ steps, directory });
  } catch (error) {
    if (error instanceof StepFailed) steps.note("the steps after this one were not run");
    else await steps.check("the scenario itself", () => Promise.reject(error));
  }
  killAll();
  const failed = steps.tally().failed > 0;
  if (failed) write(`logs and data of this run: ${directory}`);
  else rmSync(directory, { recursive: true, force: true });
  return failed ? 1 : 0;
}

function usage(name: string | undefined, rest: readonly string[]): number {
  const what =
    name === undefined
      ? "name the live run"
      : rest.length > 0
        ? `one name at a time, got: ${[name, ...rest].join(" ")}`
        : `unknown live run "${name}"`;
  process.stderr.write(`error: ${what}\n`);
  for (const { name: known, title } of scenarios) {
    process.stderr.write(`  npm run test:live -- ${known.padEnd(16)}  ${title}\n`);
  }
  return 2;
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => {
    write(`stopped by ${signal}`);
    write(summary(steps.tally()));
    process.exit(130);
  });
}
process.once("exit", killAll);

const code = await main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`error: ${explain(error)}\n`);
  return 1;
});
write(summary(steps.tally()));
process.exit(code);
