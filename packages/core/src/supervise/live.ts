import {
  type AnyPlatform,
  type AnySession,
  BotyardError,
  type Capability,
  type Check,
  type ProbeReport,
  type State,
  type StateName,
} from "@botyard/sdk";
import type { ConnectionRecord } from "../store/types.ts";

/** One connection while the process runs: its session, what was last seen of it, and the states of its parts. */
export interface Live {
  readonly id: string;
  readonly platform: AnyPlatform;
  /** Null until opened, and after a failed opening. */
  session: AnySession | null;
  /** What opening and probing said. */
  condition: State;
  /** Why receiving is down, by bot ("" for the connection); absent while it works. */
  readonly receiving: Map<string, State>;
  /** Reported states by handle. */
  readonly bots: Map<string, State>;
  /** Reported states by credential id. */
  readonly credentials: Map<string, State>;
  /** Credentials that end soon or have ended, by id. */
  readonly expiring: Map<string, State>;
  /** While what a start may have missed is written down: intakes wait for it. */
  recording: Promise<void> | null;
  /** Origins of its server that do not answer; calls to them fail at once. */
  readonly outages: Map<string, State>;
  checks: readonly Check[];
  probe: Omit<ProbeReport, "steps"> | null;
  provenAliveAt: string | null;
  lastEventAt: string | null;
  /** Ends receivers, step checks and calls. */
  readonly abort: AbortController;
}

/** What a plugin stores waits until what its start may have missed is written down; it fails where that failed. */
export function afterRecord<T>({ recording }: Live, work: () => Promise<T>): Promise<T> {
  return recording === null ? work() : recording.then(work);
}

export function stateOf(state: StateName, since: string, reason?: string, remedy?: string): State {
  return { state, since, ...(reason ? { reason } : {}), ...(remedy ? { remedy } : {}) };
}

export function createLive(record: ConnectionRecord, platform: AnyPlatform, now: string): Live {
  return {
    id: record.id,
    platform,
    session: null,
    condition: stateOf("connecting", now),
    receiving: new Map(),
    bots: new Map(),
    credentials: new Map(),
    expiring: new Map(),
    recording: null,
    outages: new Map(),
    checks: record.probe?.checks ?? [],
    probe: record.probe,
    provenAliveAt: null,
    lastEventAt: null,
    abort: new AbortController(),
  };
}

const nothing: Capability = { support: "none", reason: "not-declared", detail: "This platform does not offer it." };

/** Ceiling ∩ last probe, from memory. A probe may only narrow what the plugin declared. */
export function capabilityOf(live: Live, operation: string): Capability {
  const ceiling = (live.platform.capabilities as Readonly<Record<string, Capability>>)[operation] ?? nothing;
  if (ceiling.support === "none") return ceiling;
  return live.probe?.narrow?.[operation] ?? ceiling;
}

/** Why nothing can be asked of a connection, with what mends it. */
export function notOpen(connection: string, live: Live | undefined): BotyardError {
  const { reason, remedy } = live?.condition ?? {};
  return new BotyardError("plugin_failed", reason ?? `${connection} is not open`, remedy ? { fix: remedy } : {});
}
