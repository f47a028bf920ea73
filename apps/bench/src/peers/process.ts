import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** A program that serves until it is closed. */
export interface Peer<Ready> {
  /** The line it printed when it was ready. */
  readonly ready: Ready;
  close(): Promise<void>;
}

/** A file of this repository as a command of the runtime we are on. */
export function ownCommand(file: string, args: readonly string[]): readonly [command: string, ...args: string[]] {
  const start = "bun" in process.versions ? [] : ["run", "-A"];
  return [process.execPath, ...start, file, ...args];
}

/**
 * Starts a program that prints one line of JSON when it is ready and ends when its standard input does. Throws with the
 * end of its standard error where it exits before.
 */
export async function startPeer<Ready>(
  [command, ...args]: readonly [string, ...string[]],
  options: { readonly cwd: string },
): Promise<Peer<Ready>> {
  const child = spawn(command, args, { cwd: options.cwd, stdio: ["pipe", "pipe", "pipe"] });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4000)));
  const exited = new Promise<void>((resolve) => {
    child.once("error", (error) => {
      said += error.message;
      resolve();
    });
    child.once("exit", () => resolve());
  });
  const line = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).once("line", resolve);
    void exited.then(() => reject(new Error(`${command} ${args[0] ?? ""} ended before it was ready\n${said}`)));
  });
  return {
    ready: JSON.parse(line) as Ready,
    async close() {
      child.stdin.end();
      const late = setTimeout(() => child.kill("SIGKILL"), 15_000);
      await exited;
      clearTimeout(late);
    },
  };
}

/** Runs a program to its end. Answers what it printed; throws with the end of what it said where it fails. */
export function runToEnd([command, ...args]: readonly [string, ...string[]], cwd?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], ...(cwd === undefined ? {} : { cwd }) });
    let out = "";
    let said = "";
    child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4000)));
    child.once("error", reject);
    child.once("close", (code) =>
      code === 0 ? resolve(out) : reject(new Error(`${command} ${args[0] ?? ""} ended with ${code}\n${said}`)),
    );
  });
}
