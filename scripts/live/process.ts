import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync } from "node:fs";
import { createServer } from "node:net";

/** A program of the live run that is started, stopped and killed any number of times. */
export interface Program {
  readonly name: string;
  /** Process id while it runs. */
  pid(): number | undefined;
  /** Starts it and waits until `ready` answers true; fails at once, with the log's end, where it exits before. */
  start(): Promise<void>;
  /** SIGTERM, then waits for the exit; still there after `limitMs` (30,000) it is killed and the call fails. */
  stop(limitMs?: number): Promise<ExitStatus>;
  /** SIGKILL, then waits for the exit. */
  kill(): Promise<ExitStatus>;
  /** The end of its log over all starts. */
  tail(lines?: number): string;
}

/** How a program ended: exit code, or the signal that ended it. */
export interface ExitStatus {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** What `createProgram` needs. */
export interface ProgramOptions {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** File that takes standard output and standard error, appended. */
  readonly log: string;
  readonly ready: () => Promise<boolean>;
  readonly readyWithinMs: number;
}

const running = new Set<ChildProcess>();

/** Kills what still runs; for the end of the run, however it comes. */
export function killAll(): void {
  for (const child of running) child.kill("SIGKILL");
}

/** Makes a program that is not started yet. */
export function createProgram(options: ProgramOptions): Program {
  let child: ChildProcess | undefined;
  let exited: Promise<ExitStatus> | undefined;

  const tail = (lines = 30): string => {
    const text = existsSync(options.log) ? readFileSync(options.log, "utf8").trimEnd() : "";
    return `--- end of the log of ${options.name}\n${text.split("\n").slice(-lines).join("\n")}`;
  };

  async function end(signal: NodeJS.Signals, limitMs: number): Promise<ExitStatus> {
    if (!child || !exited) throw new Error(`${options.name} does not run`);
    const ending = child;
    ending.kill(signal);
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      ending.kill("SIGKILL");
    }, limitMs);
    const status = await exited;
    clearTimeout(timer);
    if (late) throw new Error(`${options.name} ignored ${signal} for ${limitMs} ms`);
    return status;
  }

  return {
    name: options.name,
    pid: () => child?.pid,
    async start() {
      if (child) throw new Error(`${options.name} runs already`);
      const log = openSync(options.log, "a");
      const started = spawn(options.command, options.args, {
        cwd: options.cwd,
        env: options.env,
        stdio: ["ignore", log, log],
      });
      closeSync(log);
      child = started;
      running.add(started);
      let failure: Error | undefined;
      exited = new Promise((resolve) => {
        const done = (status: ExitStatus): void => {
          running.delete(started);
          child = undefined;
          resolve(status);
        };
        started.once("error", (error) => {
          failure = error;
          done({ code: null, signal: null });
        });
        started.once("exit", (code, signal) => done({ code, signal }));
      });
      const limit = Date.now() + options.readyWithinMs;
      while (!(await options.ready().catch(() => false))) {
        if (child !== started) {
          const status = await exited;
          const how = failure?.message ?? status.signal ?? `exit code ${status.code}`;
          throw new Error(`${options.name} did not start: ${how}\n${tail()}`);
        }
        if (Date.now() > limit) {
          throw new Error(`${options.name} was not ready in ${options.readyWithinMs} ms\n${tail()}`);
        }
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    stop: (limitMs = 30_000) => end("SIGTERM", limitMs),
    kill: () => end("SIGKILL", 10_000),
    tail,
  };
}

/** A loopback port nobody listens on at this moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() =>
        address && typeof address === "object" ? resolve(address.port) : reject(new Error("the system gave no port")),
      );
    });
  });
}
