import { posix } from "node:path";
import type { Source, Workspace } from "./sources.ts";

/**
 * What the linter's import rules cannot see: paths that leave the package (`../../http/src/app.ts`,
 * `@botyard/sdk/../core`), and relative imports that only some runtimes resolve (no `.ts`).
 */
export function importProblems(workspaces: readonly Workspace[]): string[] {
  return workspaces.flatMap(({ folder, sources }) =>
    sources
      .filter((source) => !source.generated)
      .flatMap((source) => specifiers(source).flatMap((specifier) => problem(folder, source, specifier))),
  );
}

function problem(folder: string, { path }: Source, specifier: string): string[] {
  if (!specifier.startsWith("."))
    return specifier.split("/").includes("..") ? [`${path}: "${specifier}" leaves the package it names`] : [];
  const target = posix.join(posix.dirname(path), specifier);
  if (!target.startsWith(`${folder}/`)) return [`${path}: "${specifier}" leaves ${folder}; import the package instead`];
  if (!/\.(ts|mts|js|mjs|json|sql|txt)$/.test(target))
    return [`${path}: "${specifier}" needs its file extension (Deno resolves nothing else)`];
  return [];
}

/** Every `from "x"`, `import "x"` and `import("x")` outside comments. */
export function specifiers({ text }: Pick<Source, "text">): string[] {
  const code = text.replaceAll(/^\s*(?:\*|\/\/|\/\*).*$/gm, "");
  return [...code.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*(["'])([^"'\n]+)\1/g)].map((match) => match[2] ?? "");
}
