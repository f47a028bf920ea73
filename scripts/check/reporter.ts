import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Reporter, TestModule } from "vitest/node";

/** What one vitest run leaves behind for the summary: `.results/<runtime>.json` in the package. */
export interface TestResults {
  readonly passed: number;
  /** Full names; a file that does not load and an error outside tests count as one each. */
  readonly failed: readonly string[];
  readonly skipped: readonly { readonly name: string; readonly reason: string | undefined }[];
}

/** Only in a run of the check, which turbo starts: nobody's run by hand is counted in its place. */
export function resultsReporters(file: string): Reporter[] {
  return process.env["TURBO_HASH"] === undefined ? [] : [resultsReporter(file)];
}

/** Vitest's own JSON report leaves out why a test was skipped (`context.skip("why")`), so this one is ours. */
function resultsReporter(file: string): Reporter {
  let target = file;
  return {
    onInit(vitest) {
      target = join(vitest.config.root, file);
      mkdirSync(dirname(target), { recursive: true });
    },
    onTestRunEnd(modules, errors) {
      const results = collect(modules);
      const failed = [...results.failed, ...errors.map((error) => `error outside tests: ${error.message}`)];
      writeFileSync(target, JSON.stringify({ ...results, failed } satisfies TestResults, null, 2));
    },
  };
}

function collect(modules: readonly TestModule[]): TestResults {
  let passed = 0;
  const failed: string[] = [];
  const skipped: { name: string; reason: string | undefined }[] = [];
  for (const module of modules) {
    failed.push(...module.errors().map((error) => `${module.relativeModuleId}: ${error.message}`));
    for (const suite of module.children.allSuites())
      failed.push(...suite.errors().map((error) => `${suite.fullName}: ${error.message}`));
    for (const test of module.children.allTests()) {
      const result = test.result();
      const name = `${module.relativeModuleId} > ${test.fullName}`;
      if (result.state === "passed") passed += 1;
      else if (result.state === "skipped") skipped.push({ name, reason: result.note ?? reasonInName(name) });
      else failed.push(`${name}: ${firstLines(result.errors?.[0]?.message ?? result.state)}`);
    }
  }
  return { passed, failed, skipped };
}

/** `describe.skipIf(...)("replay (needs ../shared)")` carries its reason in the name. */
function reasonInName(name: string): string | undefined {
  return /\((needs [^)]+)\)/.exec(name)?.[1];
}

/** Enough to tell what went wrong where the rest of a log was cut. */
function firstLines(message: string): string {
  return message.split("\n").slice(0, 6).join("\n  ").slice(0, 600);
}
