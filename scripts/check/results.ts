import { existsSync, globSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import type { TestResults } from "./reporter.ts";
import { root } from "./run.ts";

export type Suite = "bun" | "deno" | "binary";

export interface SuiteResults extends TestResults {
  /** Folders that left no results: they were killed, or never started. */
  readonly missing: readonly string[];
}

/** Forgets earlier runs, so that nothing old is counted. */
export function clearResults(): void {
  for (const file of globSync("{packages,plugins,apps,examples}/*/.results/*.json", { cwd: root }))
    rmSync(join(root, file));
  rmSync(join(root, "scripts/.results"), { recursive: true, force: true });
}

/** The results of one suite over all folders; `folders` are those that must have left some. */
export function readResults(suite: Suite, folders: readonly string[] = workspaceFolders()): SuiteResults {
  const found = folders.filter((folder) => existsSync(file(folder, suite)));
  const results = found.map((folder) => named(folder, JSON.parse(readFileSync(file(folder, suite), "utf8"))));
  return {
    passed: results.reduce((sum, { passed }) => sum + passed, 0),
    failed: results.flatMap(({ failed }) => failed),
    skipped: results.flatMap(({ skipped }) => skipped),
    missing: folders.filter((folder) => !found.includes(folder)),
  };
}

/** Folders that have tests: a package without a `test` script has nothing to leave behind. */
export function workspaceFolders(): string[] {
  return globSync("{packages,plugins,apps,examples}/*/package.json", { cwd: root })
    .filter((manifest) => hasTests(readFileSync(join(root, manifest), "utf8")))
    .map((manifest) => dirname(manifest))
    .toSorted();
}

function hasTests(manifest: string): boolean {
  return "test" in ((JSON.parse(manifest) as { scripts?: object }).scripts ?? {});
}

function file(folder: string, suite: Suite): string {
  return join(root, folder, ".results", `${suite}.json`);
}

function named(folder: string, results: TestResults): TestResults {
  return {
    passed: results.passed,
    failed: results.failed.map((name) => `${folder}/${name}`),
    skipped: results.skipped.map(({ name, reason }) => ({ name: `${folder}/${name}`, reason })),
  };
}
