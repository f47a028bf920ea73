import { spawn } from "node:child_process";

/**
 * Ends a process group when this process goes, however it goes: killed with -9 as well, and also where the group's leader
 * hangs and sees no closed channel. A shell waits for the end of its input, which only this process holds open; it costs
 * less than a watching thread in every child. Where there is no `/bin/sh`, only what does not hang ends by itself.
 * Returns how to let the group be, for when it has ended.
 */
export function reapWithUs(group: number): () => void {
  if (process.platform === "win32") return () => {};
  const shell = spawn("/bin/sh", ["-c", 'read -r _; kill -s KILL -- "-$1"', "botyard-reaper", String(group)], {
    stdio: ["pipe", "ignore", "ignore"],
    env: {},
    // Not of our group: Ctrl-C on a terminal is for this process.
    detached: true,
  });
  shell.on("error", () => {}); // no shell, no reaper
  shell.stdin?.on("error", () => {});
  shell.unref();
  (shell.stdin as unknown as { unref?(): void } | null)?.unref?.();
  return () => void shell.kill("SIGKILL");
}
