import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dirname, "../../../..");
const suffix = process.platform === "win32" ? ".exe" : "";

/** What `scripts/compile.ts` made just before. */
export const binary = join(root, "dist", `botyard${suffix}`);

/** The same program for Deno, made just before as well. */
export const onDeno = [join(root, `node_modules/deno/deno${suffix}`), "run", "-A", join(root, "dist/deno/botyard.js")];

const denoCache = join(tmpdir(), "botyard-deno-cache");

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A user with an empty home: nothing of the machine that runs the tests is seen. */
export interface User {
  readonly home: string;
  readonly start: (args: readonly string[], more?: RunOptions) => Running;
  readonly botyard: (args: readonly string[], more?: RunOptions) => Promise<Ended>;
  /** A line as pasted into a terminal. */
  readonly shell: (line: string) => Promise<Ended>;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves with everything printed so far once that holds the text. */
  printed(text: string): Promise<string>;
}

export function createUser(program: readonly string[] = [binary]): User {
  const home = mkdtempSync(join(tmpdir(), "botyard-binary-"));
  const [command = "", ...before] = program;
  // Deno keeps what it compiled at home, whatever it runs.
  const cache = program === onDeno ? { DENO_DIR: denoCache } : {};
  const base = { HOME: home, PATH: process.env["PATH"] ?? "", TMPDIR: tmpdir(), NO_COLOR: "1", ...cache };
  const run = (file: string, args: readonly string[], { cwd = home, env = {} }: RunOptions = {}): Running =>
    watch(spawn(file, args, { cwd, env: { ...base, ...env }, stdio: ["ignore", "pipe", "pipe"] }));
  const start: User["start"] = (args, more) => run(command, [...before, ...args], more);
  return {
    home,
    start,
    botyard: (args, more) => start(args, more).ended,
    shell: (line) => run("sh", ["-c", line]).ended,
  };
}

function watch(child: ChildProcess): Running {
  let [stdout, stderr] = ["", ""];
  const told = new Set<() => void>();
  const tell = (): void => {
    for (const one of told) one();
  };
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
    stdout += chunk;
    tell();
  });
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
    stderr += chunk;
    tell();
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
  const printed = (text: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (stdout.includes(text)) resolve(stdout);
      };
      told.add(look);
      look();
      ended.then(() => reject(new Error(`ended before it printed "${text}":\n${stdout}${stderr}`)), reject);
    });
  return { child, ended, printed };
}
