import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

const main = join(import.meta.dirname, "../src/main.ts");

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A program that goes on running. */
export interface Running {
  readonly out: () => string;
  readonly err: () => string;
  /** Resolves with what the pattern found on standard output; rejects when the program ends before. */
  until(pattern: RegExp): Promise<RegExpExecArray>;
  end(signal?: NodeJS.Signals): Promise<Ran>;
  readonly ended: Promise<Ran>;
  readonly pid: number;
}

export interface Machine {
  readonly folder: string;
  readonly data: string;
  /** How this runtime is called with Botyard, without arguments. */
  readonly call: readonly string[];
  /** Environment of every program: nothing of the person who runs the tests. */
  readonly env: Readonly<Record<string, string>>;
  run(argv: readonly string[], more?: { readonly env?: Record<string, string>; readonly stdin?: string }): Promise<Ran>;
  start(argv: readonly string[], more?: { readonly env?: Record<string, string> }): Running;
  /** Any other program, in the same folder and with the same environment. */
  spawn(command: string, args: readonly string[], more?: { readonly env?: Record<string, string> }): Running;
  /** A shell with these lines, as a person pastes them. */
  shell(lines: string, more?: { readonly env?: Record<string, string> }): Promise<Ran>;
}

const call = process.versions["deno"] ? [process.execPath, "run", "-A", main] : [process.execPath, main];

function collect(child: ChildProcess): { out: string; err: string; changed: () => void } {
  const kept = { out: "", err: "", changed: () => {} };
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    kept.out += text;
    kept.changed();
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => void (kept.err += text));
  return kept;
}

/**
 * A folder of its own with home and data directory, taken away with every program started in it: after the test, or
 * when `atEnd` says.
 */
export function createMachine(atEnd: (clear: () => void) => void = onTestFinished): Machine {
  const folder = mkdtempSync(join(tmpdir(), "botyard-app-"));
  const data = join(folder, "data");
  // Runtimes keep caches of their own at home; where a person stands, and the data, are apart from it.
  const home = mkdtempSync(join(tmpdir(), "botyard-home-"));
  const env = { PATH: process.env["PATH"] ?? "", HOME: home, BOTYARD_DATA: data, NO_COLOR: "1", USER: "tester" };
  const children = new Set<ChildProcess>();
  atEnd(() => {
    for (const child of children) child.kill("SIGKILL");
    for (const path of [folder, home]) rmSync(path, { recursive: true, force: true });
  });

  function launch(command: string, args: readonly string[], more: Record<string, string> | undefined): ChildProcess {
    const child = spawn(command, args, { cwd: folder, env: { ...env, ...more }, stdio: "pipe" });
    children.add(child);
    child.once("close", () => children.delete(child));
    return child;
  }

  function finish(child: ChildProcess, stdin: string | undefined): Promise<Ran> {
    const kept = collect(child);
    child.stdin?.end(stdin ?? "");
    return new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code) => resolve({ code, out: kept.out, err: kept.err }));
    });
  }

  return {
    folder,
    data,
    call,
    env,
    run: (argv, more = {}) => finish(launch(call[0] ?? "", [...call.slice(1), ...argv], more.env), more.stdin),
    shell: (lines, more = {}) => finish(launch("/bin/sh", ["-e", "-c", lines], more.env), undefined),
    start: (argv, more = {}) => follow(launch(call[0] ?? "", [...call.slice(1), ...argv], more.env)),
    spawn: (command, args, more = {}) => follow(launch(command, args, more.env)),
  };
}

function follow(child: ChildProcess): Running {
  const kept = collect(child);
  const closed = new Promise<Ran>((resolve) =>
    child.once("close", (code) => resolve({ code, out: kept.out, err: kept.err })),
  );
  return {
    ended: closed,
    pid: child.pid ?? 0,
    out: () => kept.out,
    err: () => kept.err,
    until: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = pattern.exec(kept.out);
          if (found) resolve(found);
        };
        kept.changed = look;
        look();
        void closed.then((ran) => reject(new Error(`ended before ${pattern}: ${JSON.stringify(ran).slice(0, 2000)}`)));
      }),
    end(signal = "SIGTERM") {
      // Deno reports whatever it killed itself as killed, also where the program ended by itself.
      if (child.pid !== undefined) process.kill(child.pid, signal);
      return closed;
    },
  };
}

/** A service on free ports with a sandbox called `chat`, a bot `helper` in its lobby. */
export async function startService(machine: Machine): Promise<{ readonly url: string; readonly service: Running }> {
  const service = machine.start(["serve", "--listen", "127.0.0.1:0", "--hooks-listen", "127.0.0.1:0"]);
  const [, url = ""] = await service.until(/(http:\/\/127\.0\.0\.1:\d+) · reference/);
  for (const line of [
    "connect sandbox --id chat",
    "bots create helper --display-name Helper",
    "rooms add-bot lobby helper",
  ]) {
    const { code, err } = await machine.run(line.split(" "));
    if (code !== 0) throw new Error(`${line}: ${err}`);
  }
  return { url, service };
}
