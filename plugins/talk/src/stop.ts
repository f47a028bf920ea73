import { BotyardError, type Host } from "@botyard/sdk";
import type { Settings } from "./settings.ts";
import { isObject, textOf } from "./wire.ts";

/** Why a 401 came, as far as an administrator's app password shows it. */
export type Cause = "features" | "state" | "room" | "signature" | "throttled" | "unknown";

export interface Stopped {
  readonly cause: Cause;
  readonly bot: string | null;
  readonly room: string | null;
  /** A sentence. */
  readonly reason: string;
  /** One line that mends it. */
  readonly fix: string | null;
  readonly since: string;
}

/**
 * Talk answers one wrong signature with seconds of sleep on every bot call from this address, and eleven with hours. So
 * the first 401 stops all bots of the connection until a person has mended it.
 */
export interface Stop {
  current(): Stopped | null;
  /** Throws `operator_required` (effect `none`) while stopped. */
  check(): void;
  trip(stopped: Stopped): Promise<void>;
  clear(): Promise<boolean>;
  /** Sleep the server put on the last bot call, in milliseconds. */
  throttledMs(): number;
  sawThrottle(ms: number): void;
}

/**
 * The server counts by address, and so do all connections of this process to it: what one has brought upon the address
 * keeps the others from sending too.
 */
const byServer = new Map<string, Stopped>();

const key = "stopped";
const causes: readonly string[] = ["features", "state", "room", "signature", "throttled", "unknown"] satisfies Cause[];

export async function createStop(host: Host<Settings>): Promise<Stop> {
  let stopped = read(await host.store.get(key));
  let throttled = 0;
  const server = URL.canParse(host.connection.url ?? "") ? new URL(host.connection.url ?? "").origin : "";
  if (stopped) byServer.set(server, stopped);
  return {
    current: () => stopped ?? byServer.get(server) ?? null,
    check() {
      const now = stopped ?? byServer.get(server);
      if (!now) return;
      throw new BotyardError(
        "operator_required",
        `bot calls are stopped since ${now.since}: ${now.reason}. Nothing was sent`,
        {
          fix: now.fix ?? `botyard talk resume ${host.connection.id}`,
          instead: `after it is mended: botyard talk resume ${host.connection.id}`,
        },
      );
    },
    async trip(now) {
      stopped = now;
      byServer.set(server, now);
      await host.store.put({ [key]: now });
      host.report(
        { kind: "connection" },
        { state: "auth_required", reason: now.reason, ...(now.fix ? { remedy: now.fix } : {}) },
      );
    },
    async clear() {
      const shared = byServer.delete(server);
      throttled = 0;
      if (!stopped) return shared;
      const { bot } = stopped;
      stopped = null;
      await host.store.put({ [key]: null });
      host.report({ kind: "connection" }, { state: "ready" });
      if (bot !== null) host.report({ kind: "bot", bot }, { state: "ready" });
      return true;
    },
    throttledMs: () => throttled,
    sawThrottle: (ms) => void (throttled = ms),
  };
}

function read(value: unknown): Stopped | null {
  if (!isObject(value)) return null;
  const cause = textOf(value["cause"]);
  return {
    cause: causes.includes(cause) ? (cause as Cause) : "unknown",
    bot: textOf(value["bot"]) || null,
    room: textOf(value["room"]) || null,
    reason: textOf(value["reason"]),
    fix: textOf(value["fix"]) || null,
    since: textOf(value["since"]),
  };
}
