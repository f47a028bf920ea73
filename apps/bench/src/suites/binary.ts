import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Figure, Suite } from "../figure.ts";
import { percentile } from "../measure.ts";

const root = resolve(import.meta.dirname, "../../../..");
const binary = join(root, "dist/botyard");

/** On Bun the compiled binary, as its users meet it; on Deno, which compiles none here, the same program from source. */
function program(): readonly string[] {
  return process.versions["deno"] ? [process.execPath, "run", "-A", join(root, "apps/botyard/src/main.ts")] : [binary];
}

const [command = "", ...before] = program();

const timed = (args: readonly string[]): number => {
  const start = performance.now();
  const { status } = spawnSync(command, [...before, ...args], { stdio: "ignore" });
  if (status !== 0) throw new Error(`${args.join(" ")} ended with ${status}`);
  return performance.now() - start;
};

const memoryOf = (pid: number | undefined): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? Number.NaN) / 1024;

/** Starts the service and waits until it is ready; returns how long that took, and its idle memory after a while. */
async function serve(folder: string, n: number): Promise<{ readyMs: number; idleMb: number }> {
  const start = performance.now();
  const data = join(folder, `serve-${n}`);
  const free = "127.0.0.1:0";
  const child = spawn(
    command,
    [...before, "serve", "--json", "--data", data, "--listen", free, "--hooks-listen", free],
    { stdio: ["ignore", "pipe", "ignore"] },
  );
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => void (said += text));
  try {
    for (;;) {
      const url = /"url":"([^"]+)"/.exec(said)?.[1];
      if (url && (await fetch(`${url}/readyz`)).ok) break;
      if (performance.now() - start > 20_000) throw new Error("the service did not become ready");
      await new Promise((wait) => setTimeout(wait, 1));
    }
    const readyMs = performance.now() - start;
    await new Promise((wait) => setTimeout(wait, 3_000));
    return { readyMs, idleMb: memoryOf(child.pid) };
  } finally {
    child.kill("SIGTERM");
    await new Promise((ended) => child.once("exit", ended));
  }
}

/** The program as its users meet it: how fast it is there, and what it takes to wait. */
export const suite: Suite = {
  name: "binary",
  async run({ folder }) {
    if (command === binary && !existsSync(binary)) throw new Error("dist/botyard is missing: bun run compile");
    const versions = Array.from({ length: 11 }, () => timed(["--version"])).slice(1);
    const starts: { readyMs: number; idleMb: number }[] = [];
    for (let n = 0; n < 5; n += 1) starts.push(await serve(folder, n));
    const figures: Figure[] = [
      ...(command === binary ? [{ name: "size", value: statSync(binary).size / 1_048_576, unit: "MB" }] : []),
      {
        name: "--version, p50 of 10",
        value: percentile(versions, 50),
        unit: "ms",
        goal: { kind: "atMost", value: 100 },
      },
      {
        name: "start to ready, p50 of 5",
        value: percentile(
          starts.map((one) => one.readyMs),
          50,
        ),
        unit: "ms",
        goal: { kind: "atMost", value: 300 },
      },
      {
        name: "idle resident memory, p50 of 5",
        value: percentile(
          starts.map((one) => one.idleMb),
          50,
        ),
        unit: "MB",
        goal: { kind: "atMost", value: 80 },
        note: "three seconds after it became ready, without a connection",
      },
    ];
    return figures;
  },
};
