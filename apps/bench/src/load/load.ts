import { spawn } from "node:child_process";
import { resolve } from "node:path";
import { percentile, warmUpSeconds } from "../measure.ts";
import type { LoadResult, LoadRun, LoadTarget } from "./types.ts";

export interface Load {
  run(wanted: LoadRun): Promise<LoadResult>;
  close(): void;
}

type Message = { readonly ready: true } | { readonly result: LoadResult } | { readonly error: string };

/** Starts a load process; always on Bun, so that both runtimes are measured by the same load. Closed by the caller. */
export async function startLoad(target: LoadTarget): Promise<Load> {
  const child = spawn(
    resolve(import.meta.dirname, "../../../../node_modules/.bin/bun"),
    [resolve(import.meta.dirname, "child.ts")],
    { stdio: ["ignore", "inherit", "inherit", "ipc"] },
  );
  const next = (): Promise<Message> =>
    new Promise((answer, fail) => {
      const gone = (): void => fail(new Error("the load process ended"));
      child.once("exit", gone);
      child.once("message", (message) => {
        child.off("exit", gone);
        answer(message as Message);
      });
    });
  const ready = next();
  child.send(target);
  await ready;
  return {
    async run(wanted) {
      const answer = next();
      child.send(wanted);
      const message = await answer;
      if ("result" in message) return message.result;
      throw new Error("error" in message ? message.error : "the load process said something else");
    },
    close: () => void child.kill(),
  };
}

/** Rates of two targets in turn, A B A B, so that a change of the machine's speed hits both; the medians. */
export async function pairedLoads(
  a: Load,
  b: Load,
  { seconds, lanes, rounds = 3 }: LoadRun & { readonly rounds?: number },
): Promise<{ readonly a: number; readonly b: number }> {
  const seen = { a: [] as number[], b: [] as number[] };
  for (const load of [a, b]) await load.run({ lanes, seconds: warmUpSeconds });
  for (let round = 0; round < rounds; round += 1)
    for (const [name, load] of [
      ["a", a],
      ["b", b],
    ] as const) {
      const { perSecond, refused } = await load.run({ lanes, seconds: seconds / rounds });
      if (refused > 0) throw new Error(`${refused} requests were refused`);
      seen[name].push(perSecond);
    }
  return { a: percentile(seen.a, 50), b: percentile(seen.b, 50) };
}
