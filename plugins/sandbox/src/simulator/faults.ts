import type { CallName } from "../wire-calls.ts";
import { Lost, Refusal } from "./model.ts";

/** A fault of calls that is armed: it strikes the next `count` calls of that name. */
export interface CallFault {
  readonly kind: "lose-answer" | "fail-before" | "delay";
  readonly call: CallName;
  count: number;
  /** Of `fail-before`: 429 and 503 say that nothing was done, 500 says nothing. */
  readonly status: number;
  /** Of `delay`; of `lose-answer` how long the client is left waiting. */
  readonly delayMs: number;
}

export interface Faults {
  arm(fault: CallFault): void;
  clear(): void;
  /** Runs a call with what is armed for it. */
  through<T>(call: CallName, signal: AbortSignal | undefined, run: () => Promise<T>): Promise<T>;
}

export function createFaults(sleep: (ms: number, signal?: AbortSignal) => Promise<void>): Faults {
  const armed: CallFault[] = [];
  const take = (kind: CallFault["kind"], call: CallName): CallFault | null => {
    const index = armed.findIndex((fault) => fault.kind === kind && fault.call === call);
    const fault = armed[index];
    if (!fault) return null;
    fault.count -= 1;
    if (fault.count <= 0) armed.splice(index, 1);
    return fault;
  };
  return {
    arm: (fault) => void armed.push({ ...fault }),
    clear: () => void armed.splice(0),
    async through(call, signal, run) {
      const delay = take("delay", call);
      if (delay) await sleep(delay.delayMs, signal);
      const failure = take("fail-before", call);
      if (failure) {
        throw failure.status === 429
          ? new Refusal(429, "slow_down", "too many calls", failure.delayMs)
          : new Refusal(failure.status, "out_of_order", "the server failed");
      }
      const lost = take("lose-answer", call);
      const answer = await run();
      if (lost) {
        if (lost.delayMs > 0) await sleep(lost.delayMs, signal);
        throw new Lost();
      }
      return answer;
    },
  };
}
