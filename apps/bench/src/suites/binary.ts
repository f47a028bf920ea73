import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Figure, Suite } from "../figure.ts";
import { percentile } from "../measure.ts";

const binary = resolve(import.meta.dirname, "../../../../dist/botyard");

const timed = (args: readonly string[]): number => {
  const start = performance.now();
  const { status } = spawnSync(binary, args, { stdio: "ignore" });
  if (status !== 0) throw new Error(`${args.join(" ")} ended with ${status}`);
  return performance.now() - start;
};

/** Starts the service and waits until it is ready; returns how long that took, and its idle memory after a while. */
async function serve(folder: string, n: number): Promise<{ readyMs: number; idleMb: number }> {
  const port = 20_000 + Math.floor(Math.random() * 20_000);
  const start = performance.now();
  const child = spawn(
    binary,
    [
      "serve",
      "--data",
      join(folder, `serve-${n}`),
      "--listen",
      `127.0.0.1:${port}`,
      "--hooks-listen",
      `127.0.0.1:${port + 1}`,
    ],
    { stdio: "ignore" },
  );
  try {
    for (;;) {
      const ready = await fetch(`http://127.0.0.1:${port}/readyz`).then(
        (response) => response.ok,
        () => false,
      );
      if (ready) break;
      if (performance.now() - start > 20_000) throw new Error("the service did not become ready");
      await new Promise((wait) => setTimeout(wait, 2));
    }
    const readyMs = performance.now() - start;
    await new Promise((wait) => setTimeout(wait, 3_000));
    const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
    return { readyMs, idleMb: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? Number.NaN) / 1024 };
  } finally {
    child.kill("SIGTERM");
    await new Promise((ended) => child.once("exit", ended));
  }
}

/** The compiled binary as its users meet it. */
export const suite: Suite = {
  name: "binary",
  async run({ folder }) {
    if (!existsSync(binary)) throw new Error("dist/botyard is missing: bun run compile");
    const versions = Array.from({ length: 11 }, () => timed(["--version"])).slice(1);
    const starts: { readyMs: number; idleMb: number }[] = [];
    for (let n = 0; n < 5; n += 1) starts.push(await serve(folder, n));
    const figures: Figure[] = [
      { name: "size", value: statSync(binary).size / 1_048_576, unit: "MB" },
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
        note: "three seconds after it became ready",
      },
    ];
    return figures;
  },
};
