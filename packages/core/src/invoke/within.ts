import { type AnyOperation, BotyardError, type Outcome } from "@botyard/sdk";
import type { Core } from "../core.ts";
import { timer } from "../host/clock.ts";

/** What a plugin's own answer may take after the deadline before its effect counts as unknown. */
const graceMs = 250;

/** Runs until the deadline; a handler that does not end is left behind and its outcome is unknown. */
export function within<T>(
  core: Pick<Core, "clock">,
  deadline: number,
  signal: AbortSignal,
  operation: AnyOperation,
  started: boolean,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const effect: Outcome = started && operation.effect !== "read" ? "unknown" : "none";
  const stop = new AbortController();
  return new Promise<T>((resolve, reject) => {
    let cancel = timer(core.clock, deadline - core.clock.now(), late);
    if (signal.aborted) gone();
    else signal.addEventListener("abort", gone, { once: true });
    Promise.try(work, stop.signal).then(
      (value) => {
        leave();
        resolve(value);
      },
      (error: unknown) => {
        leave();
        reject(error as Error);
      },
    );

    function leave(): void {
      cancel();
      signal.removeEventListener("abort", gone);
    }
    function gone(): void {
      giveUp(signal.reason, new BotyardError("cancelled", `${operation.name} was cancelled`, { effect }));
    }
    function late(): void {
      const unsure = effect === "unknown" ? "; it may have done it" : "";
      giveUp(
        new BotyardError("timeout", "the deadline has passed", { effect }),
        new BotyardError("timeout", `the server did not answer ${operation.name} in time${unsure}`, { effect }),
      );
    }
    /** The handler is asked to end, and may still say how it ended. */
    function giveUp(reason: unknown, error: BotyardError): void {
      leave();
      stop.abort(reason);
      cancel = timer(core.clock, graceMs, () => reject(error));
    }
  });
}
