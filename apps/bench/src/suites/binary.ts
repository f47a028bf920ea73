import { spawn, spawnSync } from "node:child_process";
import { globSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Figure, Suite } from "../figure.ts";
import { percentile } from "../measure.ts";

const root = resolve(import.meta.dirname, "../../../..");
const deno = process.versions["deno"] !== undefined;

/** How a program is called, and what it weighs. */
interface Program {
  readonly call: readonly string[];
  readonly bytes: number;
}

/** Builds the program as users of this runtime get it: never one that lay there from before. */
function build(folder: string): Program {
  const out = join(folder, deno ? "deno" : "botyard");
  const args = [join(root, "scripts/compile.ts"), ...(deno ? ["--target", "deno"] : []), "--outfile", out];
  const { status, stderr } = spawnSync(join(root, "node_modules/.bin/bun"), args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`the program was not built: ${stderr}`);
  if (!deno) return { call: [out], bytes: statSync(out).size };
  const files = globSync(join(out, "**/*.js"));
  return {
    call: [process.execPath, "run", "-A", join(out, "botyard.js")],
    bytes: files.reduce((sum, file) => sum + statSync(file).size, 0),
  };
}

const source = [process.execPath, ...(deno ? ["run", "-A"] : []), join(root, "apps/botyard/src/main.ts")];

const timed = ([command = "", ...before]: readonly string[], args: readonly string[]): number => {
  const start = performance.now();
  const { status } = spawnSync(command, [...before, ...args], { stdio: "ignore" });
  if (status !== 0) throw new Error(`${args.join(" ")} ended with ${status}`);
  return performance.now() - start;
};

const memoryOf = (pid: number | undefined): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? Number.NaN) / 1024;

/** Starts the service and waits until it is ready; returns how long that took, and its idle memory after a while. */
async function serve(
  [command = "", ...before]: readonly string[],
  data: string,
): Promise<{ readyMs: number; idleMb: number }> {
  const start = performance.now();
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

async function measure(call: readonly string[], folder: string, goals: boolean): Promise<Figure[]> {
  const versions = Array.from({ length: 11 }, () => timed(call, ["--version"])).slice(1);
  const starts: { readyMs: number; idleMb: number }[] = [];
  for (let n = 0; n < 5; n += 1) starts.push(await serve(call, join(folder, `serve-${goals}-${n}`)));
  const middle = (of: (one: { readyMs: number; idleMb: number }) => number): number => percentile(starts.map(of), 50);
  const figure = (name: string, value: number, unit: string, atMost: number): Figure =>
    goals
      ? { name, value, unit, goal: { kind: "atMost", value: atMost } }
      : { name: `from source: ${name}`, value, unit };
  return [
    figure("--version, p50 of 10", percentile(versions, 50), "ms", 100),
    figure(
      "start to ready, p50 of 5",
      middle((one) => one.readyMs),
      "ms",
      300,
    ),
    figure(
      "idle resident memory, 3 s after, p50 of 5",
      middle((one) => one.idleMb),
      "MB",
      80,
    ),
  ];
}

/**
 * The program as its users meet it: how fast it is there, and what it takes to wait. On Bun the compiled binary, on Deno the
 * folder that `compile --target deno` makes; the same from source stands below, without goals.
 */
export const suite: Suite = {
  name: "binary",
  async run({ folder }) {
    const { call, bytes } = build(folder);
    return [
      { name: "size", value: bytes / 1_048_576, unit: "MB", ...(deno ? { note: "beside Deno itself" } : {}) },
      ...(await measure(call, folder, true)),
      ...(await measure(source, folder, false)),
    ];
  },
};
