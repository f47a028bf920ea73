import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { isAlive } from "./fixtures/rogue-runtime.ts";

const deno = process.versions["deno"] !== undefined;
const file = fileURLToPath(new URL("fixtures/orphan.ts", import.meta.url));

test.skipIf(process.platform === "win32").each(["idle", "hang"])(
  "killed with -9, Botyard leaves nothing behind: the plugin (%s) ends, and what it started (needs process groups)",
  async (mode) => {
    const parent = spawn(process.execPath, [...(deno ? ["run", "-A"] : []), file, mode], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let pids: number[] = [];
    try {
      pids = await new Promise<number[]>((resolve) =>
        parent.stdout.once("data", (line: unknown) => resolve(String(line).trim().split(" ").map(Number))),
      );
      expect(pids).toHaveLength(2);
      expect(pids.map(isAlive)).toEqual([true, true]);
      // Time to begin to hang.
      if (mode === "hang") await new Promise((resolve) => setTimeout(resolve, 500));
      parent.kill("SIGKILL");
      await expect.poll(() => pids.map(isAlive), { timeout: 15_000, interval: 20 }).toEqual([false, false]);
    } finally {
      parent.kill("SIGKILL");
      for (const pid of pids) if (isAlive(pid)) process.kill(pid, "SIGKILL");
    }
  },
);
