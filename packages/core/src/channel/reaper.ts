import { type ChildProcess, spawn } from "node:child_process";

// Reads `+ group` and `- group`; at the end of its input, which only this process holds open, it ends what is left.
const script = `
groups=
while read -r sign group; do
  case $sign in
    +) groups="$groups $group" ;;
    -) left=
       for other in $groups; do [ "$other" = "$group" ] || left="$left $other"; done
       groups=$left ;;
  esac
done
for group in $groups; do kill -s KILL -- "-$group"; done`;

const groups = new Set<number>();
let shell: ChildProcess | null = null;

/**
 * Ends a process group when this process goes, however it goes: killed with -9 as well, and also where the group's leader
 * hangs and sees no closed channel. One shell does it for all groups: it costs less than a watching thread in every
 * child, and a plugin that crashes again and again costs one process for each start, not two. Where there is no
 * `/bin/sh`, only what does not hang ends by itself. Returns how to let the group be, for when it has ended.
 */
export function reapWithUs(group: number): () => void {
  if (process.platform === "win32") return () => {};
  groups.add(group);
  if (shell) tell(shell, "+", group);
  else {
    shell = startShell();
    // All of them: the shell before may have been killed.
    for (const each of groups) tell(shell, "+", each);
  }
  return () => {
    // At once: the number may soon be another's.
    if (groups.delete(group) && shell) tell(shell, "-", group);
  };
}

function tell({ stdin }: ChildProcess, sign: "+" | "-", group: number): void {
  stdin?.write(`${sign} ${group}\n`);
}

function startShell(): ChildProcess {
  const started = spawn("/bin/sh", ["-c", script, "botyard-reaper"], {
    stdio: ["pipe", "ignore", "ignore"],
    env: {},
    // Not of our group: Ctrl-C on a terminal is for this process.
    detached: true,
  });
  const gone = (): void => {
    if (shell === started) shell = null;
  };
  started.on("error", gone); // no shell, no reaper
  started.on("exit", gone);
  started.stdin?.on("error", gone);
  started.unref();
  (started.stdin as unknown as { unref?(): void } | null)?.unref?.();
  return started;
}
