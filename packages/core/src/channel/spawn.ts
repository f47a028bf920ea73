import { type ChildProcess, spawn } from "node:child_process";
import { childPort } from "./child-port.ts";
import { readLines } from "./lines.ts";
import { reapWithUs } from "./reaper.ts";
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
    // A group of its own: what the plugin starts ends with it, and Ctrl-C on a terminal is this process's affair.
    detached: process.platform !== "win32",
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  const kill = (): void => killGroup(child);
  const letBe = child.pid === undefined ? () => {} : reapWithUs(child.pid);
  child.once("exit", () => {
    letBe();
    kill();
  });
  const port = childPort(child, kill);
  for (const stream of [child.stdout, child.stderr]) if (stream) readLines(stream, (line) => options.output?.(line));
  return { port, pid: child.pid, kill };
}

/** The process and all it started. */
function killGroup(child: ChildProcess): void {
  try {
    if (child.pid !== undefined && process.platform !== "win32") process.kill(-child.pid, "SIGKILL");
  } catch {
    // Nobody of the group is left.
  }
  if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
}
