import { BotyardError } from "@botyard/sdk";

/** On whose behalf a request is made and until when; it rides on the call's signal. */
export interface Caller {
  /** Handle of the bot, or the native id of a user: shares of a bucket are fair between these. */
  readonly as: string | null;
  /** Unix milliseconds; null: no end. */
  readonly deadline: number | null;
  /** Aborted when its key ends: what still waits for its turn is not sent then; what has left is let be. */
  readonly queued?: AbortSignal;
}

const callers = new WeakMap<AbortSignal, Caller>();

/**
 * Marks a call's signal, so that every request that is given `call.signal` is counted for who acts and gives up when
 * its wait would outlast the call. Returns the same signal.
 */
export function markCaller(signal: AbortSignal, caller: Caller): AbortSignal {
  callers.set(signal, caller);
  return signal;
}

/** What `markCaller` said of a signal; undefined for signals of plugins' own making. */
export function callerOf(signal: AbortSignal | undefined): Caller | undefined {
  return signal && callers.get(signal);
}

/** A signal that aborts with either; `release` when the wait is over, for a key's signal outlives every call. */
export function joinSignals(
  call: AbortSignal,
  queued: AbortSignal | undefined,
): { readonly signal: AbortSignal; release(): void } {
  if (!queued) return { signal: call, release: () => {} };
  const either = new AbortController();
  const stop = (): void => either.abort(call.aborted ? call.reason : queued.reason);
  if (call.aborted || queued.aborted) stop();
  for (const one of [call, queued]) one.addEventListener("abort", stop, { once: true });
  return {
    signal: either.signal,
    release: () => {
      for (const one of [call, queued]) one.removeEventListener("abort", stop);
    },
  };
}

/** For what was not begun because its key ended. */
export function takenBackError(): BotyardError {
  return new BotyardError("cancelled", "the key was revoked while this waited for its turn; nothing was sent", {
    effect: "none",
  });
}
