// bun scripts/compile.ts [--target linux-arm64-musl | deno | all] [--outfile dist/botyard]
// One file that needs nothing beside it. Without --target: for this machine. With one: dist/botyard-<version>-<target>,
// all of them with `all`. Bun fetches the runtime of another target from the npm registry, once. `deno`: the folder
// dist/deno, which `deno run -A` starts.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { parseArgs } from "node:util";
import { compileForDeno } from "./compile-deno.ts";

const root = join(import.meta.dirname, "..");
const app = join(root, "apps/botyard");

/** What a release holds. Each is Bun's own target behind `bun-`. */
export const targets = [
  "linux-x64",
  "linux-arm64",
  "linux-x64-musl",
  "linux-arm64-musl",
  "darwin-x64",
  "darwin-arm64",
  "windows-x64",
] as const;
export type Target = (typeof targets)[number];

export function versionOf(): string {
  return (JSON.parse(readFileSync(join(app, "package.json"), "utf8")) as { version: string }).version;
}

/** `botyard-0.1.0-windows-x64.exe` */
export function fileNameOf(target: Target, version: string): string {
  return `botyard-${version}-${target}${target.startsWith("windows") ? ".exe" : ""}`;
}

/** Builds one binary; false where it failed, which Bun has said by then. */
export function compile(outfile: string, target?: Target): boolean {
  mkdirSync(dirname(outfile), { recursive: true });
  const build = [
    "build",
    join(app, "src/main.ts"),
    `--outfile=${outfile}`,
    "--compile",
    ...(target ? [`--target=bun-${target}`] : []),
    // Top-level await and dynamic import keep working under bytecode only as esm.
    "--format=esm",
    "--bytecode",
    "--minify",
    "--sourcemap",
    // Plugins bring their own node_modules; nothing else of the folder it starts in may reach the binary.
    "--compile-autoload-package-json",
    "--no-compile-autoload-dotenv",
    "--no-compile-autoload-bunfig",
    "--no-compile-autoload-tsconfig",
  ];
  const { status } = spawnSync(process.execPath, build, { cwd: root, stdio: ["ignore", "inherit", "inherit"] });
  // The source map is inside; the copies beside the binary would be released as if they were needed.
  if (target) for (const more of [".map", ".js.map"]) rmSync(`${outfile}${more}`, { force: true });
  return status === 0;
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { target: { type: "string" }, outfile: { type: "string" } } });
  const version = versionOf();
  if (values.target === "deno") {
    const folder = values.outfile ?? join(root, "dist/deno");
    if (!compileForDeno(folder)) process.exit(1);
    console.log(`${relative(process.cwd(), folder)} ${version}`);
    process.exit();
  }
  const wanted = values.target === "all" ? targets : targets.filter((target) => target === values.target);
  if (values.target !== undefined && wanted.length === 0) {
    console.error(`There is no target ${values.target}; there are ${targets.join(", ")}, deno and all.`);
    process.exit(2);
  }
  const files: readonly (readonly [string, Target?])[] =
    wanted.length === 0
      ? [[values.outfile ?? join(root, "dist/botyard")]]
      : wanted.map((target) => [
          (wanted.length === 1 ? values.outfile : undefined) ?? join(root, "dist", fileNameOf(target, version)),
          target,
        ]);
  for (const [file, target] of files) {
    if (!compile(file, target)) process.exit(1);
    console.log(`${relative(process.cwd(), file)} ${version}`);
  }
}
