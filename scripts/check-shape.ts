// bun scripts/check-shape.ts
// The layout that neither compiler nor linter holds. Prints one line per problem; exit 1 where there is one.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { platforms } from "../apps/botyard/src/platforms.gen.ts";
import { operations } from "../packages/sdk/src/index.ts";
import { fileProblems } from "./shape/files.ts";
import { importProblems } from "./shape/imports.ts";
import { operationProblems } from "./shape/operations.ts";
import { pluginProblems } from "./shape/plugins.ts";
import { readSources, readWorkspaces } from "./shape/sources.ts";

const root = join(import.meta.dirname, "..");
const workspaces = readWorkspaces(root);
const scripts = readSources(root, join(root, "scripts"));
const loaded = await Promise.all(Object.values(platforms).map((load) => load()));

const problems = [
  ...fileProblems([...workspaces.flatMap(({ sources }) => sources), ...scripts]),
  ...importProblems(workspaces),
  ...pluginProblems(root, workspaces),
  ...operationProblems(Object.values(operations), loaded),
  ...lockFileProblems(readFileSync(join(root, "bun.lock"), "utf8")),
];
for (const problem of problems) console.error(problem);
process.exit(problems.length > 0 ? 1 : 0);

/** The lock file names versions and hashes; the registry is each machine's own. */
function lockFileProblems(lock: string): string[] {
  return /https?:\/\//.test(lock) ? ["bun.lock: names a registry host; install without a registry override"] : [];
}
