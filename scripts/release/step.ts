import { spawnSync } from "node:child_process";
import { join } from "node:path";

/** Runs one command; throws with what it printed where it fails. `bun` and tools of the checkout are found first. */
export type Step = (title: string, command: readonly string[], cwd: string) => string;

/** `say`: told each title once its command is done. */
export function createStep(root: string, say: (line: string) => void = console.log): Step {
  const path = `${join(root, "node_modules/.bin")}:${process.env["PATH"] ?? ""}`;
  return (title, [file = "", ...args], cwd) => {
    const { status, stdout, stderr, error } = spawnSync(file, args, {
      cwd,
      encoding: "utf8",
      maxBuffer: 1 << 26,
      env: { ...process.env, PATH: path, NO_COLOR: "1", FORCE_COLOR: "0" },
    });
    if (status !== 0) throw new Error(`${title} failed\n${error?.message ?? ""}${stdout}${stderr}`);
    say(`ok  ${title}`);
    return stdout;
  };
}
