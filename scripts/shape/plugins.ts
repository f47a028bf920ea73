import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { directories } from "./sources.ts";
import type { Workspace } from "./sources.ts";

/** The same in each plugin, so that who knows one finds the way in all. */
const pluginFiles = [
  "README.md",
  "package.json",
  "tsconfig.json",
  "src/index.ts",
  "src/settings.ts",
  "src/capabilities.ts",
  "src/api.ts",
  "src/wire.ts",
  "src/receive.ts",
  "src/decode.ts",
  "src/encode.ts",
  "src/operations",
  "src/simulator",
  "test",
] as const;

/** What `new-platform.ts` copies. */
const template = "examples/platform";

export function pluginProblems(root: string, workspaces: readonly Workspace[]): string[] {
  return workspaces
    .filter(({ kind, folder }) => kind === "plugins" || folder === template)
    .flatMap(({ folder }) => {
      const missing = pluginFiles.filter((file) => !existsSync(join(root, folder, file)));
      return [
        ...missing.map((file) => `${folder}: ${file} is missing (every plugin has the same files)`),
        ...nameProblems(root, folder),
        ...fixtureProblems(root, folder),
      ];
    });
}

function nameProblems(root: string, folder: string): string[] {
  const manifest = join(root, folder, "package.json");
  if (!existsSync(manifest)) return [];
  const expected = `@botyard/${folder === template ? "pigeon" : (folder.split("/")[1] ?? "")}`;
  const { name }: { name?: string } = JSON.parse(readFileSync(manifest, "utf8"));
  return name === expected ? [] : [`${folder}/package.json: the name is ${String(name)}, not ${expected}`];
}

/** A recording without its origin proves nothing. */
function fixtureProblems(root: string, folder: string): string[] {
  const test = join(root, folder, "test");
  if (!existsSync(join(test, "fixtures")) || directories(test).length === 0) return [];
  return existsSync(join(test, "fixtures/ORIGIN.md")) ? [] : [`${folder}/test/fixtures: ORIGIN.md is missing`];
}
