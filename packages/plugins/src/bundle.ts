import { spawn } from "node:child_process";
import { BotyardError } from "@botyard/sdk";
import { shown } from "./paths.ts";

/** What work on a plugin needs of the environment; nothing else of it is handed on (`BUN_OPTIONS` could run anything). */
const passed = ["PATH", "HOME", "TMPDIR", "TEMP", "TMP", "SystemRoot", "USERPROFILE"];

/** Environment of a program that this one starts as a plain runtime. */
export function bareEnv(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const kept = passed.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]] as const]));
  // The binary is Bun with our program in it: this way it is Bun alone.
  return { ...Object.fromEntries(kept), BUN_BE_BUN: "1", NO_COLOR: "1" };
}

/**
 * Bundles a module with all it imports into one file. Throws `invalid` with what the bundler says, `unsupported` where
 * this program runs on Deno, which has no bundler of its own.
 */
export async function bundle(entry: string, outfile: string, cwd: string): Promise<void> {
  if (process.versions["deno"] !== undefined)
    throw new BotyardError("unsupported", "packing bundles with Bun, and this program runs on Deno", {
      fix: "pack with the botyard binary, or run it from source with bun",
    });
  const args = ["build", entry, "--target=node", "--format=esm", `--outfile=${outfile}`];
  const child = spawn(process.execPath, args, { cwd, env: bareEnv(process.env), stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(0, 20_000)));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  if (code === 0) return;
  const lines = said.split("\n").filter((line) => /error|could not|cannot/i.test(line));
  const reason = (lines.length > 0 ? lines : said.split("\n")).slice(0, 5).map(shown).join("; ");
  throw new BotyardError(
    "invalid",
    `the plugin cannot be bundled: ${reason || `the bundler ended with ${String(code)}`}`,
    {
      fix: "in its folder: npm install, then the same again",
    },
  );
}
