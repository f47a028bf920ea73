/** On whose behalf a request is made and until when; it rides on the call's signal. */
export interface Caller {
  /** Handle of the bot, or the native id of a user: shares of a bucket are fair between these. */
  readonly as: string | null;
  /** Unix milliseconds; null: no end. */
  readonly deadline: number | null;
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
