import { BotyardError, type Clock } from "@botyard/sdk";

/** An origin that does not answer. */
export interface Outage {
  /** Failures in a row. */
  readonly failures: number;
  /** ISO 8601: of the first of them. */
  readonly since: string;
  /** A sentence: of the last of them. */
  readonly reason: string;
}

/** One request that was let through; exactly one of these must be called when it is over. */
export interface Pass {
  /** Something came back, whatever it was. */
  answered(): void;
  /** Nothing came back. */
  failed(reason: string): void;
  /** It was given up for reasons of ours: it says nothing about the server. */
  left(): void;
}

/**
 * Stops calls to origins that do not answer, so that they fail at once instead of waiting behind each other. After
 * `openAfter` failures in a row an origin gets no calls for five seconds, then one as a trial; each trial that fails
 * doubles the pause, up to a minute. Requests of receivers, proofs and probes are let through always: they have waits of
 * their own, and one that is answered ends the outage.
 */
export interface Circuits {
  /** Throws `unreachable` (effect `none`, `retryAfterMs`) while an origin is given a rest and the request is no trial. */
  enter(origin: string, request: { readonly patient: boolean }): Pass;
  /** The same refusal, without a turn taken: before a long wait. */
  check(origin: string, request: { readonly patient: boolean }): void;
}

interface Circuit {
  failures: number;
  since: number;
  /** No calls before; 0: closed. */
  openUntil: number;
  pauseMs: number;
  /** When the trial under way began; null: none. */
  trial: number | null;
}

export const openAfter = 5;
const firstPauseMs = 5_000;
const longestPauseMs = 60_000;
/** A trial that says nothing for so long keeps no other from its turn. */
const trialMs = 10_000;

export function createCircuits(parts: {
  readonly clock: Clock;
  /** An outage began, goes on (with another reason) or has ended (null). */
  readonly changed: (origin: string, outage: Outage | null) => void;
}): Circuits {
  const { clock } = parts;
  // Only origins that failed last time: whoever answers costs nothing.
  const circuits = new Map<string, Circuit>();

  const refusedFor = (circuit: Circuit | undefined, patient: boolean): number => {
    if (!circuit || circuit.openUntil === 0 || patient) return 0;
    const now = clock.now();
    if (circuit.openUntil > now) return circuit.openUntil - now;
    return circuit.trial !== null && now - circuit.trial < trialMs ? 1_000 : 0;
  };

  const check: Circuits["check"] = (origin, { patient }) => {
    const circuit = circuits.get(origin);
    const wait = refusedFor(circuit, patient);
    if (!circuit || wait === 0) return;
    throw new BotyardError(
      "unreachable",
      `${origin} has not answered ${circuit.failures} requests in a row, so it is tried again in ${Math.ceil(wait / 1000)} s. Nothing was sent`,
      { effect: "none", retryAfterMs: wait },
    );
  };

  return {
    check,
    enter(origin, request) {
      check(origin, request);
      const before = circuits.get(origin);
      const isTrial = before !== undefined && before.openUntil > 0;
      if (isTrial) before.trial = clock.now();
      const free = (): void => {
        const circuit = circuits.get(origin);
        if (isTrial && circuit) circuit.trial = null;
      };
      return {
        answered() {
          const circuit = circuits.get(origin);
          if (!circuit) return;
          circuits.delete(origin);
          if (circuit.openUntil > 0) parts.changed(origin, null);
        },
        failed(reason) {
          free();
          const now = clock.now();
          const circuit = circuits.get(origin) ?? {
            failures: 0,
            since: now,
            openUntil: 0,
            trial: null,
            pauseMs: firstPauseMs,
          };
          circuits.set(origin, circuit);
          circuit.failures += 1;
          if (circuit.failures < openAfter) return;
          // Those that were under way together fail together: they are one failure.
          if (circuit.openUntil > now) return;
          if (circuit.openUntil > 0) circuit.pauseMs = Math.min(circuit.pauseMs * 2, longestPauseMs);
          circuit.openUntil = now + circuit.pauseMs;
          const since = new Date(circuit.since).toISOString();
          parts.changed(origin, { failures: circuit.failures, since, reason });
        },
        left: free,
      };
    },
  };
}
