import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const deno = process.versions["deno"] !== undefined;
const file = fileURLToPath(new URL("fixtures/reaped.ts", import.meta.url));

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

interface Started {
  readonly groups: number[];
  readonly reapers: number[];
}

test.skipIf(process.platform === "win32").each(["lasting", "renewed"])(
  "one %s reaper for all groups: they end with this process, what was let be does not (needs process groups)",
  async (mode) => {
    const parent = spawn(process.execPath, [...(deno ? ["run", "-A"] : []), file, mode], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let started: Started = { groups: [], reapers: [] };
    try {
      started = await new Promise<Started>((resolve) =>
        parent.stdout.once("data", (line: unknown) => resolve(JSON.parse(String(line)))),
      );
      expect(started.groups.map(isAlive)).toEqual([true, true, true]);
      expect(started.reapers).toHaveLength(1);
      parent.kill("SIGKILL");
      await expect
        .poll(() => started.groups.map(isAlive), { timeout: 15_000, interval: 20 })
        .toEqual([false, true, false]);
      // It has done its work, and nothing of it stays.
      await expect.poll(() => started.reapers.map(isAlive), { timeout: 5_000, interval: 20 }).toEqual([false]);
    } finally {
      parent.kill("SIGKILL");
      for (const pid of [...started.groups, ...started.reapers]) if (isAlive(pid)) process.kill(pid, "SIGKILL");
    }
  },
);
