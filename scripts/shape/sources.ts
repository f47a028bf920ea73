import { readFileSync, readdirSync, statSync } from "node:fs";
import { join, relative, sep } from "node:path";

/** A workspace folder: `packages/sdk`, `plugins/sandbox`, `apps/botyard`. */
export interface Workspace {
  /** Relative to the root, with `/`. */
  readonly folder: string;
  readonly kind: "packages" | "plugins" | "apps" | "examples";
  readonly sources: readonly Source[];
}

export interface Source {
  /** Relative to the root, with `/`. */
  readonly path: string;
  readonly text: string;
  readonly test: boolean;
  readonly generated: boolean;
}

const kinds = ["packages", "plugins", "apps", "examples"] as const;
const leftOut = new Set(["node_modules", "dist", "fixtures", ".results", ".turbo"]);

export function readWorkspaces(root: string): Workspace[] {
  return kinds.flatMap((kind) =>
    directories(join(root, kind)).map((name) => ({
      kind,
      folder: `${kind}/${name}`,
      sources: readSources(root, join(root, kind, name)),
    })),
  );
}

export function readSources(root: string, folder: string): Source[] {
  return files(folder)
    .filter((file) => /\.(ts|mts|mjs|js)$/.test(file))
    .map((file) => {
      const path = relative(root, file).split(sep).join("/");
      return {
        path,
        text: readFileSync(file, "utf8"),
        test: /\.test(-d)?\.ts$/.test(path) || /\/test\//.test(path),
        generated: path.endsWith(".gen.ts"),
      };
    });
}

export function directories(folder: string): string[] {
  return list(folder).filter((name) => !leftOut.has(name) && statSync(join(folder, name)).isDirectory());
}

function files(folder: string): string[] {
  return list(folder)
    .filter((name) => !leftOut.has(name))
    .flatMap((name) => {
      const path = join(folder, name);
      return statSync(path).isDirectory() ? files(path) : [path];
    });
}

function list(folder: string): string[] {
  return readdirSync(folder).toSorted();
}
