import {
  type AnySession,
  type Capability,
  isBotyardError,
  type ProbeReport,
  type Report,
  type Step,
  type Subject,
} from "@botyard/sdk";
import type { Core } from "../core.ts";
import type { Outage } from "../limits/circuit.ts";
import { noPlatform } from "../platform-map.ts";
import { putConnection } from "../registry/registry.ts";
import type { ConnectionRecord } from "../store/types.ts";
import { expiringChecks, watchExpiry } from "./expiring.ts";
import { createGaps, type Gaps } from "./gaps.ts";
import { learnNativeId } from "./learned.ts";
import { capabilityOf, createLive, type Live, notOpen, stateOf } from "./live.ts";
import { createReceivers } from "./receivers.ts";
import { connectionState } from "./states.ts";
import { createSteps, type Steps } from "./steps.ts";

/** Opens and watches the connections; one bad server, token or plugin never touches another. */
export interface Supervisor {
  readonly gaps: Gaps;
  readonly steps: Steps;
  live(connection: string): Live | undefined;
  /** The open session; opens the connection first where nothing is open yet. Throws what keeps it from opening. */
  session(connection: string): Promise<{ readonly live: Live; readonly session: AnySession }>;
  /** Whether it is being opened: what is not open may be so in a moment. */
  opens(connection: string): boolean;
  /** Opens (again) and probes; failures become states. Resolves with the steps the probe asked for. */
  open(connection: string): Promise<readonly Step[]>;
  close(connection: string): Promise<void>;
  closeAll(): Promise<void>;
  probe(
    connection: string,
    level: "passive" | "active",
  ): Promise<{ readonly report: ProbeReport; readonly steps: readonly Step[] }>;
  capability(connection: string, operation: string): Capability;
  report(connection: string, subject: Subject, report: Report): void;
  /** An origin does not answer any more, or again (null): the connections that speak to it say so. */
  outage(origin: string, outage: Outage | null): void;
  /** The server accepted a call of this bot: a refusal before is over. */
  worked(connection: string, bot: string): void;
}

export type OpenSession = (live: Live, record: ConnectionRecord) => Promise<AnySession>;

const openWithinMs = 10_000;
const reprobeMs = [5_000, 15_000, 60_000, 300_000];
const verifyMs = [10_000, 10_000, 10_000, 30_000, 60_000, 300_000];

export function createSupervisor(
  core: Pick<Core, "registry" | "store" | "sealer" | "vault" | "log" | "now" | "clock" | "logger" | "platforms">,
  options: { readonly receive: boolean; readonly openSession: OpenSession },
): Supervisor {
  const { registry, clock, logger } = core;
  const lives = new Map<string, Live>();
  const opening = new Map<string, Promise<readonly Step[]>>();
  const gaps = createGaps(core);
  const steps = createSteps(core);
  const receivers = createReceivers({ core, gaps, changed: (live) => told(live) });
  const lastTold = new Map<string, string>();

  /** A change of the derived state is an event of its own. */
  function told(live: Live): void {
    const record = registry.get("connection", live.id);
    if (!record || lives.get(live.id) !== live) return;
    const { state, reason } = connectionState(core, live, record);
    if (state === "connecting" || lastTold.get(live.id) === state) return;
    lastTold.set(live.id, state);
    // A single command opens a connection for itself: that changes nothing a reader of the log would want to know.
    if (!options.receive) return;
    void core.log
      .emit(
        { id: live.id, platform: live.platform.id },
        { type: "connection.state", state: { state, ...(reason ? { reason } : {}) } },
      )
      .catch((error: unknown) => logger.error("a state could not be logged", { connection: live.id, error }));
  }

  async function again(live: Live, waits: readonly number[], look: () => Promise<boolean>): Promise<void> {
    for (let n = 0; !live.abort.signal.aborted; n += 1) {
      await clock.sleep(waits[Math.min(n, waits.length - 1)] ?? 60_000, live.abort.signal).catch(() => {});
      if (live.abort.signal.aborted || (await look().catch(() => false))) return;
    }
  }

  async function probeOnce(live: Live, level: "passive" | "active") {
    if (!live.session) throw notOpen(live.id, live);
    const report = await live.session.probe({ level, signal: live.abort.signal });
    const { steps: drafts = [], ...seen } = report;
    live.probe = seen;
    live.checks = [...seen.checks, ...expiringChecks(live)];
    await registry.save([putConnection({ ...registry.connection(live.id), probe: seen, continuity: seen.continuity })]);
    await steps.settleMissing(
      live.id,
      drafts.map((draft) => draft.kind),
    );
    const opened = await steps.open(
      live.id,
      null,
      drafts.map((draft) => ({ ...draft, verify: { ...draft.verify, "~probe": true } })),
    );
    const bad = seen.checks.find((check) => check.state === "fail");
    live.condition = bad
      ? stateOf("degraded", core.now(), bad.detail, bad.fix)
      : stateOf("ready", live.condition.state === "ready" ? live.condition.since : core.now());
    told(live);
    return { report: { ...report, checks: live.checks }, steps: opened };
  }

  function failed(live: Live, error: unknown): void {
    const code = isBotyardError(error) ? error.code : "plugin_failed";
    const state =
      code === "unauthenticated" || code === "forbidden"
        ? "auth_required"
        : code === "plugin_failed" || code === "internal"
          ? "failed"
          : "degraded";
    const reason = error instanceof Error ? error.message : "opening failed";
    live.condition = stateOf(
      state,
      live.condition.state === state ? live.condition.since : core.now(),
      reason,
      isBotyardError(error) ? error.details.fix : undefined,
    );
    live.checks = [
      {
        name: "connection",
        state: "fail",
        detail: reason,
        ...(isBotyardError(error) && error.details.fix ? { fix: error.details.fix } : {}),
      },
    ];
    logger.warn("connection is not ready", { connection: live.id, state, reason });
    told(live);
  }

  async function openNow(connection: string): Promise<readonly Step[]> {
    await closeNow(connection);
    const record = registry.connection(connection);
    const platform = core.platforms.get(record.platform);
    if (!platform) throw noPlatform(record.platform);
    const live = createLive(record, platform, core.now());
    lives.set(connection, live);
    // Opening anew does not make it unknown when something came last.
    const [newest] = await core.store.listRaw({ connection, limit: 1 });
    if (newest && newest.committedAt >= record.createdAt) live.lastEventAt ??= newest.committedAt;
    watchExpiry(core, live, { emit: options.receive, changed: told });
    try {
      live.session = await options.openSession(live, record);
      if (options.receive) receivers.start(live, live.session);
      const { steps: opened } = await probeOnce(live, "passive");
      return opened;
    } catch (error) {
      failed(live, error);
      if (options.receive && live.session && live.condition.state === "degraded")
        void again(live, reprobeMs, async () => {
          await probeOnce(live, "passive").catch((failure: unknown) => {
            failed(live, failure);
            throw failure;
          });
          return true;
        });
      return [];
    } finally {
      if (options.receive) watchSteps(live);
    }
  }

  function watchSteps(live: Live): void {
    const waiting = new Set<string>();
    const look = (): void => {
      for (const step of registry.list("step", live.id)) {
        if (step.state !== "open" || waiting.has(step.id)) continue;
        waiting.add(step.id);
        void again(live, verifyMs, async () => (await steps.verify(live, step.id)).state !== "open").finally(() =>
          waiting.delete(step.id),
        );
      }
    };
    look();
    const end = registry.watch((change) => {
      if (change.connection !== live.id) return;
      if (change.kind === "step") look();
      if (change.kind === "step" || change.kind === "bot") told(live);
    });
    live.abort.signal.addEventListener("abort", end, { once: true });
  }

  async function closeNow(connection: string): Promise<void> {
    const live = lives.get(connection);
    if (!live) return;
    lives.delete(connection);
    live.abort.abort();
    await receivers.stop(live);
    await live.session?.close().catch((error: unknown) => logger.warn("closing failed", { connection, error }));
  }

  const supervisor: Supervisor = {
    gaps,
    steps,
    live: (connection) => lives.get(connection),
    async session(connection) {
      registry.connection(connection);
      // A probe that hangs keeps no call waiting beyond this: what is open can be used.
      if (!lives.has(connection) || opening.has(connection)) {
        const given = new AbortController();
        const opened = supervisor.open(connection).finally(() => given.abort());
        await Promise.race([opened, clock.sleep(openWithinMs, given.signal).catch(() => opened)]);
      }
      const live = lives.get(connection);
      if (live?.session) return { live, session: live.session };
      throw notOpen(connection, live);
    },
    opens: (connection) => opening.has(connection),
    open(connection) {
      const running = opening.get(connection);
      if (running) return running;
      const started = openNow(connection).finally(() => opening.delete(connection));
      opening.set(connection, started);
      return started;
    },
    async close(connection) {
      await opening.get(connection)?.catch(() => {});
      await closeNow(connection);
    },
    async closeAll() {
      await Promise.all([...lives.keys()].map((connection) => supervisor.close(connection)));
    },
    async probe(connection, level) {
      const { live } = await supervisor.session(connection);
      try {
        return await probeOnce(live, level);
      } catch (error) {
        failed(live, error);
        throw error;
      }
    },
    capability(connection, operation) {
      const live = lives.get(connection);
      if (live) return capabilityOf(live, operation);
      const record = registry.connection(connection);
      const platform = core.platforms.get(record.platform);
      if (!platform) throw noPlatform(record.platform);
      return capabilityOf(createLive(record, platform, core.now()), operation);
    },
    outage(origin, outage) {
      for (const live of lives.values()) {
        const url = registry.get("connection", live.id)?.url ?? null;
        const own = url !== null && URL.canParse(url) && new URL(url).origin === origin;
        if (!own && !(live.probe?.origins ?? []).includes(origin)) continue;
        if (outage === null) live.outages.delete(origin);
        else
          live.outages.set(
            origin,
            stateOf(
              "degraded",
              outage.since,
              `${origin} has not answered ${outage.failures} requests in a row (${outage.reason}); calls to it fail at once, and one is tried now and then`,
              `botyard connections probe ${live.id}`,
            ),
          );
        told(live);
      }
    },
    worked(connection, bot) {
      const live = lives.get(connection);
      if (live?.bots.get(bot)?.state !== "auth_required") return;
      live.bots.delete(bot);
      told(live);
    },
    report(connection, subject, report) {
      const live = lives.get(connection);
      if (!live) return;
      const state = stateOf(report.state, core.now(), report.reason, report.remedy);
      if (subject.kind === "connection")
        live.condition =
          live.condition.state === report.state && live.condition.reason === report.reason ? live.condition : state;
      else if (subject.kind === "credential") live.credentials.set(subject.credential, state);
      else {
        if (live.bots.get(subject.bot)?.state !== report.state) live.bots.set(subject.bot, state);
        if (report.state === "ready") receivers.retry(live, subject.bot);
        void learnNativeId(registry, steps, live, subject.bot, report).catch((error: unknown) =>
          logger.error("a report could not be kept", { connection, error }),
        );
      }
      told(live);
    },
  };

  return supervisor;
}
