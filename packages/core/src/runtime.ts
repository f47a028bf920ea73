import { type AnySession, BotyardError, type Receive } from "@botyard/sdk";
import { createKeys } from "./access/keys.ts";
import { localPrincipal } from "./access/local.ts";
import type { Core } from "./core.ts";
import { systemClock, waitAtMost } from "./host/clock.ts";
import { correlate } from "./host/correlation.ts";
import { isoClock } from "./iso.ts";
import { createHost } from "./host/host.ts";
import { createAudit } from "./invoke/audit.ts";
import { createCarry } from "./invoke/carry.ts";
import { createInvoke } from "./invoke/invoke.ts";
import { createKept } from "./invoke/kept.ts";
import { createCallQueue } from "./invoke/queue.ts";
import { isUnsettled, settleFromEcho, settleInBackground } from "./invoke/settle.ts";
import { createCircuits } from "./limits/circuit.ts";
import { createLimiter } from "./limits/limiter.ts";
import { createLog } from "./log/log.ts";
import { coreHandlers } from "./operations/index.ts";
import { platformMap } from "./platform-map.ts";
import { connectionsFor } from "./plugins/connections.ts";
import { createPlugins } from "./plugins/control.ts";
import { hookOf, originsOf, withRights } from "./plugins/rights.ts";
import { keepTrimmed } from "./retention.ts";
import { botId, openRegistry, toTarget } from "./registry/registry.ts";
import { createVault } from "./registry/vault.ts";
import type { RuntimeOptions } from "./runtime-options.ts";
import type { Runtime } from "./runtime-types.ts";
import { parseSecret, resolveSecret } from "./secrets/reference.ts";
import type { ConnectionRecord } from "./store/types.ts";
import { afterRecord, type Live } from "./supervise/live.ts";
import { createSupervisor } from "./supervise/supervisor.ts";
import { createWebhooks } from "./webhooks/webhooks.ts";

const openWaitMs = 2_000;
/** What a call of the queue may take to give up when the service ends. */
const queueEndMs = 1_000;
/** Older ends that nobody knows are looked up on demand only. */
const settleSinceMs = 86_400_000;
const defaultHookBytes = 1_048_576;

/**
 * Puts the parts together. Opens no connection yet: `start` does, after the listeners are there.
 * Throws what the store throws.
 */
export async function createRuntime(
  options: RuntimeOptions,
): Promise<Runtime & { start(): Promise<void>; readonly core: Core }> {
  const clock = options.clock ?? systemClock;
  const { store, sealer, logger, redactor } = options;
  const now = isoClock(clock);
  const hooksUrl = (): string | null =>
    (typeof options.hooksUrl === "function" ? options.hooksUrl() : options.hooksUrl) ?? null;
  const closing = new AbortController();
  const plugins = createPlugins({
    builtIn: [...platformMap(options.platforms).values()],
    options: options.plugins,
    clock,
    log: logger,
    connections: connectionsFor(() => ({ registry, supervisor })),
  });
  const { platforms, table } = plugins;
  const registry = await openRegistry(store);
  const vault = createVault({
    registry,
    sealer,
    resolve: (reference) => resolveSecret(parseSecret(reference)),
    now,
    learn: (secret) => redactor.add(secret),
  });
  const limiter = createLimiter({ clock });
  const circuits = createCircuits({ clock, changed: (origin, outage) => supervisor.outage(origin, outage) });
  const log = await createLog({
    store,
    clock,
    sealer,
    botByNativeId: (connection, nativeId) => registry.botByNativeId(connection, nativeId)?.handle ?? null,
    receives: (connection, handle) => {
      const bot = registry.get("bot", botId(connection, handle));
      return bot !== undefined && toTarget(bot).enabled;
    },
    membersOf: registry.membersOf,
    applied: registry.applied,
    retentionMs: options.retention?.eventsMs ?? null,
    logger,
  });
  let ready = false;
  const calls = new Set<string>();

  const openSession = (live: Live, record: ConnectionRecord): Promise<AnySession> => {
    const about = { id: record.id, platform: record.platform };
    const rights = plugins.rights(record.platform);
    const host = createHost({
      connection: { id: record.id, url: record.url, settings: record.settings },
      hooksUrl: record.hooksUrl ?? hooksUrl(),
      origins: () => originsOf(rights, { server: live.probe?.origins, settings: record.settings }),
      limits: () => live.session?.limits,
      credentials: {
        find: async (query) => vault.find(record.id, query),
        put: async ({ bot, account, ...credential }) => {
          const holder = bot === undefined ? (account === undefined ? "connection" : "account") : "bot";
          await registry.save(vault.put(record.id, { ...credential, holder, of: bot ?? account ?? null }));
        },
      },
      bots: {
        list: async () => registry.bots(record.id).map(toTarget),
        watch: (changed) =>
          registry.watch(
            (change) =>
              void (
                change.kind === "bot" &&
                change.connection === record.id &&
                changed(registry.bots(record.id).map(toTarget))
              ),
          ),
      },
      store: { ...store, pluginPut: (...given) => afterRecord(live, () => store.pluginPut(...given)) },
      commit: (intake, also) => afterRecord(live, () => log.commit(about, intake, also)),
      report: (subject, report) => supervisor.report(record.id, subject, report),
      step: (step, bot) =>
        void supervisor.steps
          .open(record.id, bot ?? null, [step])
          .catch((error: unknown) => logger.error("a step could not be opened", { connection: record.id, error })),
      limiter,
      circuits,
      fetch: options.fetch,
      clock,
      log: logger.child({ connection: record.id }),
      redactor,
      signal: live.abort.signal,
    });
    return live.platform.open(withRights(rights, host));
  };

  const supervisor = createSupervisor(
    { registry, store, sealer, vault, log, now, clock, logger, platforms },
    { receive: options.receive, openSession },
  );
  const webhooks = createWebhooks({ registry, store, sealer, log, now, clock, logger, redactor, ...options.webhooks });
  const audit = createAudit({ store, logger, clock });
  const core: Core = {
    version: options.version,
    startedAt: now(),
    clock,
    logger,
    store,
    registry,
    sealer,
    vault,
    keys: createKeys(registry, clock),
    audit,
    log,
    table,
    platforms,
    plugins,
    installer: options.installer ?? null,
    supervisor,
    webhooks,
    get hooksUrl() {
      return hooksUrl();
    },
    retentionMs: options.retention?.eventsMs ?? null,
    closing: closing.signal,
    recover: (row) => kept.recover(row),
    invoke: (name, input, call) => invoke(name, input, call),
    now,
  };
  const local = localPrincipal();
  const queue = createCallQueue();
  const parts = {
    handlers: coreHandlers,
    audit,
    closing: closing.signal,
    queue,
    ended: (operation: string) => follow({ operation }),
  };
  const carry = createCarry(core, parts);
  const kept = createKept(core, { ...parts, carry, local });
  const invokeOnce = createInvoke(core, parts, carry);
  const invoke: typeof invokeOnce = async (name, input, call) => {
    const mark = `${call.request}/${name}`;
    calls.add(mark);
    try {
      const once = (): ReturnType<typeof invokeOnce> => invokeOnce(name, input, call);
      // A write may open a connection, whose loops must not bear this request's name.
      const sends = table.operations.get(name)?.effect === "send";
      const result = await (sends ? correlate(call.request, once) : once());
      follow(result.value);
      return result;
    } catch (error) {
      follow((error as { details?: unknown }).details);
      throw error;
    } finally {
      calls.delete(mark);
    }
  };

  /** A send without an end or without an id is looked after. */
  function follow(answer: unknown): void {
    const { operation: id, message } = (answer ?? {}) as { operation?: unknown; message?: unknown };
    // One that came back with an id has nothing left to find out.
    if (message !== null && message !== undefined) return;
    if (!options.receive || typeof id !== "string" || !id.startsWith("op_")) return;
    void store
      .getEffect(id)
      .then((row) => (row && isUnsettled(core, row) ? settleInBackground(core, id, closing.signal) : undefined))
      .catch((error: unknown) => logger.warn("an effect could not be followed", { effect: id, error }));
  }

  log.onCommitted((connection, events) => {
    const live = supervisor.live(connection);
    if (live && events.length > 0) live.lastEventAt = now();
    for (const { event, effectId } of events)
      if (effectId !== null)
        void settleFromEcho(core, connection, effectId, event()).catch((error: unknown) =>
          logger.warn("an echo could not be matched", { connection, error }),
        );
  });

  const hooked = (connection: string): Receive | undefined => {
    const live = supervisor.live(connection);
    return live && hookOf(live, plugins.rights(live.platform.id));
  };

  // Here and not in `start`: a command in its own process never starts, and needs the plugins in the table.
  await plugins.begin();
  return {
    core,
    version: options.version,
    descriptors: table.descriptors,
    operations: table.operations,
    platforms,
    plugins,
    local,
    invoke,
    authenticate: async (text) => core.keys.authenticate(text),
    async start() {
      const recovered = await store.recoverEffects(now());
      if (recovered.unknown > 0)
        logger.warn("operations were cut off when Botyard last stopped; their outcome is looked up", recovered);
      const since = new Date(clock.now() - settleSinceMs).toISOString();
      for (const row of await store.listEffects({ states: ["unknown"], limit: 500 }))
        if (row.updatedAt >= since) void settleInBackground(core, row.id, closing.signal).catch(() => {});
      // A single command leaves what waits to the service.
      if (options.receive) await kept.begin();
      else queue.begin();
      const opening = registry
        .list("connection")
        .map(({ id }) =>
          supervisor
            .open(id)
            .catch((error: unknown) => logger.error("a connection could not be opened", { connection: id, error })),
        );
      // A server that does not answer keeps its own connection waiting and nobody else.
      await Promise.race([Promise.all(opening), clock.sleep(openWaitMs, closing.signal).catch(() => {})]);
      ready = true;
      if (options.receive) await webhooks.start();
      if (options.receive && options.retention)
        void keepTrimmed({ store, clock, logger, retention: options.retention, signal: closing.signal });
    },
    async hook(connection, request, options) {
      const receive = hooked(connection);
      if (!receive?.http) throw new BotyardError("not_found", "nothing is here");
      const take = receive.http.bind(receive);
      const response = await (options ? correlate(options.request, () => take(request)) : take(request));
      const live = supervisor.live(connection);
      if (live && response.status < 300) live.provenAliveAt = now();
      return response;
    },
    hookLimit(connection) {
      const receive = hooked(connection);
      return receive?.http ? (receive.maxBodyBytes ?? defaultHookBytes) : null;
    },
    ready: () => ready && !closing.signal.aborted,
    async close({ drainMs = 5_000 } = {}) {
      const until = clock.now() + drainMs;
      const idle = queue.end();
      let queueing = true;
      void idle.then(() => (queueing = false));
      await Promise.resolve();
      while ((calls.size > 0 || queueing) && clock.now() < until) await clock.sleep(20);
      closing.abort(new BotyardError("cancelled", "Botyard is stopping"));
      await waitAtMost(idle, queueEndMs);
      await supervisor.closeAll();
      await plugins.end();
      await webhooks.close();
      await audit.flush();
      await store.close();
    },
  };
}
