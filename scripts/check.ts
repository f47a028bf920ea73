// bun run check: everything a change must pass. The last line is always `N passed, N failed, N skipped`:
// a check counts as one, tests count one by one on each runtime.
import { createReport, indent } from "./check/report.ts";
import { clearResults, readResults, workspaceFolders, type SuiteResults } from "./check/results.ts";
import { run, script, tool } from "./check/run.ts";

const report = createReport(console.log);
const turbo = [
  "turbo",
  "run",
  "--ui=stream",
  "--output-logs=errors-only",
  "--continue=always",
  "--concurrency=100%",
] as const;

const env = { TURBO_TELEMETRY_DISABLED: "1", DO_NOT_TRACK: "1", NO_COLOR: "1" };

report.check("format", await run(tool("oxfmt", "--check", ".")));
report.check("lint", await run(tool("oxlint", "--deny-warnings")));
report.check("generated files", await run(script("generate.ts", "--check")));
report.check("references", await run(script("reference.ts", "--check")));
report.check("shape", await run(script("check-shape.ts")));
report.check("unused code", await run(tool("knip")));
report.check("types", await run(tool(...turbo, "types", "types:scripts"), env));

clearResults();
const folders = workspaceFolders();
await suites(["test", "test:scripts", "test:deno"], {
  "tests on bun": () => readResults("bun", ["scripts", ...folders]),
  "tests on deno": () => readResults("deno", folders),
});
await suites(["test:binary"], { "the binary": () => readResults("binary", ["apps/botyard"]) });

process.exit(report.end());

/** Runs turbo tasks that leave results behind; their output is shown where it explains a failure. */
async function suites(tasks: readonly string[], read: Readonly<Record<string, () => SuiteResults>>): Promise<void> {
  const ran = await run(tool(...turbo, ...tasks), env);
  const results = Object.entries(read).map(([name, collect]) => ({ name, ...collect() }));
  for (const { name, ...suite } of results) report.suite(name, suite);
  if (ran.code === 0) return;
  if (results.every(({ failed, missing }) => failed.length + missing.length === 0)) report.check(tasks.join(", "), ran);
  else console.log(indent(ran.output));
}
