// The program for machines that have Deno and take no foreign binary: a folder of JavaScript, run as it is.
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");

/** What starts it: `deno run -A botyard.js`, or the file itself where a shell knows `env -S`. */
const denoEntry = "botyard.js";

/**
 * Beside the program, because Deno takes the settings of the folder its main module is in: so it looks no further, not
 * where it is started and not above. Plugins bring their own node_modules, and nothing is fetched.
 */
const settings = { nodeModulesDir: "manual", lock: false };

/**
 * Builds it into a folder, which is emptied first; false where it failed, which the bundler has said by then.
 *
 * In pieces and not in one file: a command loads those it needs. From source Deno reads some eight hundred files, which takes
 * most of the time until the program is there.
 */
export function compileForDeno(folder: string): boolean {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const build = [
    "build",
    join(root, "apps/botyard/src/main.ts"),
    `--outdir=${folder}`,
    `--entry-naming=${denoEntry}`,
    "--chunk-naming=pieces/[name]-[hash].js",
    "--target=node",
    "--format=esm",
    "--splitting",
    "--minify",
    // V8 keeps the text of what it runs: short names are memory saved.
  ];
  const { status } = spawnSync(process.execPath, build, { cwd: root, stdio: ["ignore", "ignore", "inherit"] });
  if (status !== 0) return false;
  writeFileSync(join(folder, "deno.json"), `${JSON.stringify(settings)}\n`);
  const entry = join(folder, denoEntry);
  writeFileSync(entry, `#!/usr/bin/env -S deno run -A\n${readFileSync(entry, "utf8")}`);
  chmodSync(entry, 0o755);
  return true;
}
