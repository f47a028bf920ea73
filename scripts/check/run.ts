import { spawn } from "node:child_process";
import { join } from "node:path";

export const root = join(import.meta.dirname, "../..");

export interface Ran {
  readonly code: number;
  /** Both streams, in the order they were written. */
  readonly output: string;
  readonly ms: number;
}

const limitMs = 20 * 60_000;

/** Runs a command at the root; quiet, because what went well needs no lines. Stopped after 20 minutes. */
export function run(command: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  const [file = "", ...args] = command;
  const started = Date.now();
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: limitMs,
    });
    let output = "";
    const keep = (chunk: string): void => {
      output += chunk;
    };
    child.stdout.setEncoding("utf8").on("data", keep);
    child.stderr.setEncoding("utf8").on("data", keep);
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (signal) keep(`stopped by ${signal}\n`);
      resolve({ code: code ?? 1, output, ms: Date.now() - started });
    });
  });
}

/** A tool of node_modules, on the Bun that runs us: the machine's Node need only start npm. */
export function tool(name: string, ...args: readonly string[]): string[] {
  return [process.execPath, "run", "--bun", name, ...args];
}

/** A file of scripts/. */
export function script(name: string, ...args: readonly string[]): string[] {
  return [process.execPath, `scripts/${name}`, ...args];
}
