import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describePlatform, type InstalledPlugin } from "@botyard/core";
import type { Figure, Suite } from "../figure.ts";
import { pairedRates, percentile } from "../measure.ts";
import { benchPlatform } from "../plugins/platform.ts";
import { type BenchRuntime, openRuntime } from "../runtime.ts";

const fileOf = (name: string): string => fileURLToPath(new URL(`../plugins/${name}`, import.meta.url));
const deno = process.versions["deno"] !== undefined;

const binary = resolve(import.meta.dirname, "../../../../dist/botyard");

type Name = "near" | "far" | "wild";

function installed(name: Name, trusted = false): InstalledPlugin {
  return {
    manifest: { id: name, namespace: name, contract: "1", description: describePlatform(benchPlatform(name)) },
    version: "1.0.0",
    folder: fileOf("."),
    entryFile: fileOf(`${name}.ts`),
    trusted,
    source: name,
    integrity: "",
  };
}

/** Memory that is nobody else's, in MB; null where the system does not tell. */
function privateMb(pid: number): number | null {
  try {
    const lines = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8").matchAll(/^Private_\w+:\s+(\d+) kB$/gm);
    return [...lines].reduce((sum, [, kb]) => sum + Number(kb), 0) / 1024;
  } catch {
    return null;
  }
}

/** What is compared of p99s; one round alone differs from the next by more than the goal. */
interface Slice {
  readonly ms: number;
  readonly each: number;
  readonly turns: number;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A plugin in this process against the same one in its own; and what the others notice of one that goes wrong. */
export const suite: Suite = {
  name: "plugins",
  async run({ seconds, folder }) {
    const { runtime, call: invoke } = await openRuntime({
      platforms: [],
      store: { path: join(folder, "plugins.db"), durability: "normal" },
      receive: false,
      plugins: {
        self: { args: [...(deno ? ["run", "-A"] : []), fileOf("role.ts")] },
        installed: [installed("near", true), installed("far"), installed("wild")],
        // Longer than a round: what is measured is the hanging, not its end.
        limits: { hangMs: 60_000 },
      },
    });
    await runtime.start();
    const ask = (name: Name) => () => invoke(`${name}.ask`, { connection: name, text: "hello" });
    const statusOf = (name: Name) => runtime.plugins.list().find(({ id }) => id === name);
    const figures: Figure[] = [];

    await invoke("connections.create", { id: "near", platform: "near" });
    await invoke("connections.create", { id: "far", platform: "far" });
    const program = deno ? "Deno from source" : "Bun from source";
    const seen = await startsOf(runtime, installed("far"), ask("far"));
    figures.push({
      name: `from no process to the first answer, ${program}`,
      value: percentile(seen, 50),
      unit: "ms",
      goal: { kind: "atMost", value: 150 },
      note: `median of ${seen.length}: spawn, import of the code, open, probe, one call`,
    });

    /** Milliseconds of calls one after the other. */
    const serial = async (work: () => Promise<unknown>, ms: number): Promise<number[]> => {
      const seen: number[] = [];
      const end = performance.now() + ms;
      while (performance.now() < end) {
        const from = performance.now();
        await work();
        seen.push(performance.now() - from);
      }
      return seen;
    };
    await serial(ask("near"), 300);
    await serial(ask("far"), 300);
    const rounds = { near: [] as number[], far: [] as number[] };
    for (let round = 0; round < 6; round += 1)
      for (const name of ["near", "far"] as const)
        rounds[name].push(percentile(await serial(ask(name), (seconds * 1000) / 12), 50));
    const near = percentile(rounds.near, 50);
    const far = percentile(rounds.far, 50);
    figures.push({
      name: "added to a call, p50",
      value: far - near,
      unit: "ms",
      goal: { kind: "atMost", value: 0.2 },
      note: `one call after the other through invoke: ${far.toFixed(3)} ms in its own process, ${near.toFixed(3)} ms in this one`,
    });

    const { a, b } = await pairedRates(ask("far"), ask("near"), { seconds, lanes: 64 });
    const before = process.cpuUsage();
    const count = 20_000;
    let left = count;
    const lane = async (): Promise<void> => {
      while (left-- > 0) await ask("far")();
    };
    await Promise.all(Array.from({ length: 64 }, lane));
    const spent = process.cpuUsage(before);
    const cpuUs = (spent.user + spent.system) / count;
    figures.push({
      name: "calls to a process, 64 at a time",
      value: a,
      unit: "calls/s",
      goal: { kind: "atLeast", value: 20_000 },
      note: `through invoke; ${Math.round(b)} calls/s in this process (× ${(a / b).toFixed(2)}); each takes ${cpuUs.toFixed(0)} µs of this process's CPU, ${Math.round(1e6 / cpuUs)} a second where it has a core`,
    });

    const pid = statusOf("far")?.pid;
    const memory = pid === undefined ? null : privateMb(pid);
    if (memory !== null)
      figures.push({
        name: `private memory of a plugin's process, ${program}`,
        value: memory,
        unit: "MB",
        note: "Private_Clean + Private_Dirty of smaps_rollup, after the calls above, before any collection of garbage",
      });

    await invoke("connections.create", { id: "wild", platform: "wild" });
    /** Calls of one plugin while all is well, and while another is not, in turn. `ready`: before either. */
    const compare = async (
      name: string,
      { ms, each, turns }: Slice,
      ready: () => Promise<unknown>,
      begin: () => Promise<() => Promise<void>>,
      note: string,
    ): Promise<void> => {
      const p99 = { calm: [] as number[], wild: [] as number[] };
      let calls = 0;
      for (let round = 0; round < turns; round += 1) {
        const seen = { calm: [] as number[], wild: [] as number[] };
        for (let n = 0; n < each; n += 1)
          // A B, then B A: what grows over time hits both.
          for (const kind of (round + n) % 2 === 0 ? (["calm", "wild"] as const) : (["wild", "calm"] as const)) {
            await ready();
            const end = kind === "wild" ? await begin() : null;
            seen[kind].push(...(await serial(ask("far"), ms)));
            await end?.();
          }
        for (const kind of ["calm", "wild"] as const) p99[kind].push(percentile(seen[kind], 99));
        calls += seen.wild.length;
      }
      figures.push({
        name,
        value: percentile(p99.wild, 50),
        unit: "ms",
        against: { name: "the same, all well", value: percentile(p99.calm, 50) },
        goal: { kind: "atMost", value: 1.05 },
        note: `${note}; medians of ${turns} rounds of ${each * ms} ms each, in turn, about ${Math.round(calls / turns)} calls one after the other in each`,
      });
    };
    await compare(
      "another plugin's p99 while one hangs",
      { ms: 250, each: Math.ceil(seconds), turns: 9 },
      async () => {},
      async () => {
        const hung = invoke("wild.spoil", { connection: "wild", hangMs: 350 }).catch(() => {});
        await pause(50);
        return async () => void (await hung);
      },
      "a loop that never yields and takes a core of its own",
    );
    let crashes = 0;
    const loops = 5;
    await compare(
      "another plugin's p99 while one crashes in a loop",
      // From the first crash to the last.
      { ms: 13_000, each: 1, turns: loops },
      () => runtime.plugins.load(installed("wild")),
      async () => {
        let over = false;
        const loop = (async () => {
          while (!over) {
            await invoke("wild.spoil", { connection: "wild" }).catch(() => {});
            await pause(20);
          }
        })();
        return async () => {
          over = true;
          await loop;
          crashes += statusOf("wild")?.crashes ?? 0;
        };
      },
      "ended by each call, five times until it is quarantined",
    );
    // One that was not ended would have measured nothing.
    if (crashes < loops * 4) throw new Error(`the plugin crashed ${crashes} times in ${loops} rounds`);
    await runtime.close({ drainMs: 0 });
    return [...figures, ...(deno || !existsSync(binary) ? [] : await compiled(folder))];
  },
};

/** The same of the compiled binary. Two plugins: pages of its file are nobody's own only where two processes have them. */
async function compiled(folder: string): Promise<readonly Figure[]> {
  const plugins = (["far", "wild"] as const).map((name): InstalledPlugin => {
    const entryFile = join(folder, `${name}.js`);
    const build = ["build", fileOf(`${name}.ts`), "--outfile", entryFile, "--target=bun"];
    const { status, stderr } = spawnSync(process.execPath, build);
    if (status !== 0) throw new Error(String(stderr));
    return { ...installed(name), entryFile, folder };
  });
  const { runtime, call: invoke } = await openRuntime({
    platforms: [],
    store: { path: join(folder, "compiled.db"), durability: "normal" },
    receive: false,
    plugins: {
      self: { execPath: binary, args: [] },
      installed: plugins,
    },
  });
  await runtime.start();
  for (const id of ["far", "wild"]) await invoke("connections.create", { id, platform: id });
  const [far] = plugins;
  if (!far) throw new Error("nothing was built");
  const opened = await startsOf(runtime, far, () => invoke("far.ask", { connection: "far", text: "hello" }));
  const pid = runtime.plugins.list().find(({ id }) => id === "far")?.pid;
  const memory = pid === undefined ? null : privateMb(pid);
  await runtime.close({ drainMs: 0 });
  return [
    {
      name: "from no process to the first answer, compiled",
      value: percentile(opened, 50),
      unit: "ms",
      goal: { kind: "atMost", value: 150 },
    },
    ...(memory === null
      ? []
      : [{ name: "private memory of a plugin's process, compiled, after one call", value: memory, unit: "MB" }]),
  ];
}

/** How long it takes until a plugin without a process has answered. */
async function startsOf(
  runtime: BenchRuntime,
  plugin: InstalledPlugin,
  ask: () => Promise<unknown>,
): Promise<readonly number[]> {
  const openedMs: number[] = [];
  for (let n = 0; n < 7; n += 1) {
    await runtime.plugins.unload(plugin.manifest.id);
    const from = performance.now();
    await runtime.plugins.load(plugin);
    await ask();
    openedMs.push(performance.now() - from);
  }
  return openedMs;
}
