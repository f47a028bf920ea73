import type { AnyPlatform, AnySession, Capability, Check, ProbeReport, State, StateName } from "@botyard/sdk";
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
  checks: readonly Check[];
  probe: Omit<ProbeReport, "steps"> | null;
  provenAliveAt: string | null;
  lastEventAt: string | null;
  /** Ends receivers, step checks and calls. */
  readonly abort: AbortController;
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
