import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { childPort } from "./child-port.ts";
import type { Port } from "./port.ts";

export interface PluginProcess {
  readonly port: Port;
  readonly pid: number | undefined;
  /** At once, without asking. */
  kill(): void;
}

export interface SpawnOptions {
  /** Default: this program's own executable, which is a runtime or the compiled binary. */
  readonly execPath?: string | undefined;
  /** Compiled: `[]`; under Bun `["main.ts"]`; under Deno `["run", "-A", "main.ts"]`. */
  readonly args: readonly string[];
  /** Added to the few variables that pass: the plugin's role. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly cwd?: string | undefined;
  /** Lines a plugin prints; standard output is not ours to give away. */
  readonly output?: ((line: string) => void) | undefined;
}

// Nothing else is handed on: secrets of this process stay here, and BUN_OPTIONS or NODE_OPTIONS would load foreign code.
const passed = ["HOME", "PATH", "TMPDIR", "TZ", "LANG", "LC_ALL", "DENO_DIR", "SYSTEMROOT", "TEMP"];

/** Starts a process that runs `runPluginProcess`, with a bare environment, joined by structured-clone IPC. */
export function spawnPlugin(options: SpawnOptions): PluginProcess {
  const inherited = passed.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  const child = spawn(options.execPath ?? process.execPath, [...options.args], {
    env: { ...Object.fromEntries(inherited), ...options.env },
    serialization: "advanced",
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  const port = childPort(child);
  for (const stream of [child.stdout, child.stderr])
    if (stream) createInterface({ input: stream }).on("line", (line) => options.output?.(line));
  return { port, pid: child.pid, kill: () => void child.kill("SIGKILL") };
}
