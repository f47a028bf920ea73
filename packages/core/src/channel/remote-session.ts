import { BotyardError, isBotyardError } from "@botyard/sdk";
import type { AnySession, Call, Outcome, ProbeReport, Receive, RunCall } from "@botyard/sdk";
import { type Line, onLine } from "./lost.ts";
import type { Peer } from "./peer.ts";
import type { CallData, SessionShape } from "./shape.ts";

interface Parts {
  readonly peer: Peer;
  readonly id: number;
  readonly shape: SessionShape;
  readonly runs: Map<number, RunCall>;
  readonly effectOf: (operation: string) => Outcome;
  /** The session is closed. */
  readonly forget: () => void;
}

type Run = (input: unknown, call: Call) => Promise<unknown>;

/**
 * A session whose members are calls over a channel, with exactly the members the plugin's session has. It has no
 * `limits`: those hooks run on the plugin's side, around its requests.
 */
export function remoteSession({ peer, id, shape, runs, effectOf, forget }: Parts): AnySession {
  // The answer's type is the contract's: what a plugin answers is checked by who calls, in process as well.
  const ask = <T>(
    method: string,
    args: readonly unknown[],
    signal?: AbortSignal,
    effect: Outcome = "none",
  ): Promise<T> => answered(method, peer.call(method, [id, ...args], { signal, effect })) as Promise<T>;

  const handler = (name: string, kind: "run" | "prepared"): Run | { prepare: Run; run: Run } => {
    const run: Run = (input, call) => ask("run", [name, input, callData(call)], call.signal, effectOf(name));
    if (kind === "run") return run;
    return { run, prepare: (input, call) => ask("prepare", [name, input, callData(call)], call.signal) };
  };

  const operations = Object.fromEntries(
    Object.entries(shape.operations).map(([name, kind]) => [name, handler(name, kind)]),
  );
  return {
    // A plugin that compiles has the handlers its capabilities ask for; which ones is known at run time only.
    operations: operations as AnySession["operations"],
    probe: ({ level, signal }) => ask<ProbeReport>("probe", [level], signal),
    resolveRoom: (ref, as) => ask("resolve-room", [ref, as]),
    ...(shape.effective ? { effective: (target) => ask("effective", [target]) } : {}),
    ...(shape.reconcile ? { reconcile: (effect, signal) => ask("reconcile", [effect], signal) } : {}),
    ...(shape.verify ? { verify: (step, signal) => ask("verify", [step], signal) } : {}),
    ...(shape.login ? { login: (request, signal) => ask("login", [request], signal) } : {}),
    ...(shape.receive ? { receive: onLine(remoteReceive(shape.receive, ask, runs), lineOver(peer)) } : {}),
    async close() {
      try {
        await ask("close", []);
      } catch (error) {
        // A plugin that is gone, or hangs, has nothing left to close.
        if (!isBotyardError(error) || !["plugin_failed", "timeout"].includes(error.code)) throw error;
      } finally {
        forget();
      }
    },
  };
}

function remoteReceive(
  shape: NonNullable<SessionShape["receive"]>,
  ask: <T>(method: string, args: readonly unknown[], signal?: AbortSignal, effect?: Outcome) => Promise<T>,
  runs: Map<number, RunCall>,
): Receive {
  let last = 0;
  const during = async <T>(method: string, call: RunCall): Promise<T> => {
    const run = ++last;
    runs.set(run, call);
    try {
      return await ask<T>(method, [run, call.bot], call.signal);
    } finally {
      runs.delete(run);
    }
  };
  return {
    ...(shape.http ? { http: (request) => ask("receive.http", [request]) } : {}),
    ...(shape.run ? { run: (call) => during("receive.run", call) } : {}),
    ...(shape.decode ? { decode: (intake) => ask("receive.decode", [intake]) } : {}),
    ...(shape.backfill ? { backfill: (gap, signal) => ask("receive.backfill", [gap], signal) } : {}),
    ...(shape.prove ? { prove: { ...shape.prove, check: (call) => during("receive.prove", call) } } : {}),
    ...(shape.per ? { per: shape.per } : {}),
    ...(shape.maxBodyBytes === undefined ? {} : { maxBodyBytes: shape.maxBodyBytes }),
  };
}

/** What has no deadline of its own ends after this many milliseconds: nobody may wait for ever for a plugin. */
const patienceMs: Readonly<Record<string, number>> = {
  "resolve-room": 30_000,
  effective: 30_000,
  "receive.http": 30_000,
  probe: 60_000,
  verify: 60_000,
  reconcile: 60_000,
  login: 120_000,
  close: 5_000,
};

export function answered<T>(method: string, answer: Promise<T>, ms = patienceMs[method]): Promise<T> {
  if (ms === undefined) return answer;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new BotyardError("timeout", `The platform plugin did not answer "${method}" within ${ms / 1000} s`)),
      ms,
    );
    answer.finally(() => clearTimeout(timer)).then(resolve, reject);
  });
}

function lineOver(peer: Peer): Line {
  let down: BotyardError | null = null;
  const broken = new Promise<never>((_, reject) =>
    peer.onClose((reason) => {
      down = new BotyardError("plugin_failed", `The platform plugin is gone (${reason})`);
      reject(down);
    }),
  );
  return {
    broken,
    get down() {
      return down;
    },
  };
}

function callData(call: Call): CallData {
  const { signal: _, ...data } = call;
  return data;
}
