// npm run bench                     every suite on every runtime it is for
// npm run bench -- events api       these
// npm run bench -- pull --full      the sizes the goals speak of: millions of rows, many minutes
// npm run bench -- --seconds 2      shorter; figures get noisier
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { type Figure, meets } from "./figure.ts";
import { suites } from "./suites/index.ts";
import { table } from "./table.ts";

interface Result {
  readonly suite: string;
  readonly runtime: string;
  readonly figures: readonly Figure[];
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: "string", default: "3" },
    child: { type: "string" },
    full: { type: "boolean", default: false },
    json: { type: "string", default: "bench-results.json" },
  },
});
const seconds = Number(values.seconds);
/** A suite that hangs is a failure of its own and not of the others. */
const longestMs = 300_000;

if (values.child === undefined) all();
else await one(values.child);

/** One suite in this process; its figures go to standard output as JSON. */
async function one(name: string): Promise<void> {
  const suite = await suites[name]?.load();
  if (!suite) throw new Error(`there is no suite "${name}"; known: ${Object.keys(suites).join(", ")}`);
  const folder = mkdtempSync(join(tmpdir(), "botyard-bench-"));
  try {
    const figures = await suite.run({ seconds, full: values.full, folder });
    process.stdout.write(`${JSON.stringify(figures)}\n`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  process.exit(0);
}

/** Each suite in a fresh process of each runtime, one after the other: nothing else runs beside a measurement. */
function all(): void {
  const root = resolve(import.meta.dirname, "../../..");
  const main = resolve(import.meta.dirname, "main.ts");
  const bin = join(root, "node_modules/.bin");
  const runtimes = { bun: [join(bin, "bun"), main], deno: [join(bin, "deno"), "run", "-A", main] } as const;
  const names = positionals.length > 0 ? positionals : Object.keys(suites);
  const results: Result[] = [];
  let failed = 0;
  for (const name of names) {
    const suite = suites[name];
    if (!suite) {
      console.error(`there is no suite "${name}"; known: ${Object.keys(suites).join(", ")}`);
      process.exit(2);
    }
    for (const runtime of suite.runtimes) {
      const [command, ...args] = runtimes[runtime];
      const { status, stdout, stderr } = spawnSync(
        command,
        [...args, "--child", name, "--seconds", String(seconds), ...(values.full ? ["--full"] : [])],
        {
          cwd: root,
          encoding: "utf8",
          maxBuffer: 64 * 1_048_576,
          timeout: values.full ? longestMs * 20 : longestMs,
          killSignal: "SIGKILL",
        },
      );
      if (status !== 0) {
        failed += 1;
        console.error(`${name} on ${runtime} failed:\n${stderr.slice(-2000)}`);
        continue;
      }
      const figures = JSON.parse(stdout.trim().split("\n").at(-1) ?? "[]") as Figure[];
      results.push({ suite: name, runtime, figures });
      console.log(`\n${name} on ${runtime}\n${table(figures)}`);
    }
  }
  const file = resolve(values.json);
  const cpu = /model name\s*:\s*(.+)/.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1] ?? "unknown";
  writeFileSync(file, `${JSON.stringify({ at: new Date().toISOString(), cpu, seconds, results }, null, 2)}\n`);
  const judged = results.flatMap(({ figures }) => figures.map(meets)).filter((met) => met !== null);
  console.log(
    `\n${judged.filter(Boolean).length} of ${judged.length} goals met; figures are of this machine in this run, ratios are what counts. JSON: ${values.json}`,
  );
  process.exit(failed > 0 ? 1 : 0);
}
