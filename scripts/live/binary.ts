import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { join, resolve } from "node:path";

const root = join(import.meta.dirname, "../..");

/** The binary a live run drives: `BOTYARD_BINARY`, or one compiled from these sources. */
export async function findBinary(): Promise<string> {
  const given = process.env["BOTYARD_BINARY"];
  const binary = given ? resolve(given) : join(root, "dist", "botyard");
  if (!given) {
    const built = spawnSync(process.execPath, [join(root, "scripts", "compile.ts")], { cwd: root, encoding: "utf8" });
    if (built.status !== 0)
      throw new Error(`scripts/compile.ts ended with ${built.status}\n${built.stdout}${built.stderr}`);
  }
  accessSync(binary, constants.X_OK);
  return binary;
}
