import { type AnyPlatform, type AnySession, BotyardError, type Clock } from "@botyard/sdk";
import { createKeys } from "./access/keys.ts";
import type { Core } from "./core.ts";
import { describeTable } from "./describe/describe.ts";
import { systemClock } from "./host/clock.ts";
import { correlate } from "./host/correlation.ts";
import { createHost } from "./host/host.ts";
import type { Fetch } from "./host/http.ts";
import type { Logger } from "./host/logger.ts";
import type { Redactor } from "./host/redact.ts";
import { createAudit } from "./invoke/audit.ts";
import { createInvoke } from "./invoke/invoke.ts";
import { createCallQueue } from "./invoke/queue.ts";
import { isUnsettled, settleFromEcho, settleInBackground } from "./invoke/settle.ts";
import { createLimiter } from "./limits/limiter.ts";
import { createLog } from "./log/log.ts";
import { coreHandlers } from "./operations/index.ts";
import { keepTrimmed, type Retention } from "./retention.ts";
import { openRegistry, toTarget } from "./registry/registry.ts";
import { createVault } from "./registry/vault.ts";
import type { Principal, Runtime } from "./runtime-types.ts";
import { parseSecret, resolveSecret } from "./secrets/reference.ts";
import type { Sealer } from "./secrets/types.ts";
import type { ConnectionRecord, Store } from "./store/types.ts";
import type { Live } from "./supervise/live.ts";
import { createSupervisor } from "./supervise/supervisor.ts";
import { createWebhooks, type WebhookParts } from "./webhooks/webhooks.ts";

export interface RuntimeOptions {
  readonly version: string;
  readonly platforms: readonly AnyPlatform[];
  /** Closed with the runtime. */
  readonly store: Store;
  readonly sealer: Sealer;
  readonly logger: Logger;
  readonly redactor: Redactor;
  /** Receives, fills gaps and verifies steps in the background: the service does, a single command does not. */
  readonly receive: boolean;
  /** Under which chat servers reach us: `https://bots.example.org`; null while unknown. */
  readonly hooksUrl?: string | null;
  readonly retention?: Retention;
  readonly clock?: Clock;
  /** Instead of the network: simulators. */
  readonly fetch?: Fetch;
  /** How webhooks find and trust their addresses. For tests. */
  readonly webhooks?: Pick<WebhookParts, "lookup" | "ca" | "post">;
}

const openWaitMs = 2_000;
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
  const now = (): string => new Date(clock.now()).toISOString();
  const closing = new AbortController();
  const platforms = platformMap(options.platforms);
  const registry = await openRegistry(store);
  const vault = createVault({
    registry,
    sealer,
    resolve: (reference) => resolveSecret(parseSecret(reference)),
    now,
    learn: (secret) => redactor.add(secret),
  });
  const limiter = createLimiter({ clock });
  const table = describeTable(platforms.values());
  const log = await createLog({
    store,
    clock,
    sealer,
    botByNativeId: (connection, nativeId) => registry.botByNativeId(connection, nativeId)?.handle ?? null,
    bots: (connection) => registry.bots(connection).map(toTarget),
    membersOf: registry.membersOf,
    applied: registry.applied,
    retentionMs: options.retention?.eventsMs ?? null,
    logger,
  });
  let ready = false;
  const calls = new Set<string>();

  const openSession = (live: Live, record: ConnectionRecord): Promise<AnySession> => {
    const about = { id: record.id, platform: record.platform };
    return live.platform.open(
      createHost({
        connection: { id: record.id, url: record.url, settings: record.settings },
        hooksUrl: options.hooksUrl ?? null,
        origins: () => [
          ...(live.probe?.origins ?? []),
          ...Object.values(record.settings).filter(
            (value): value is string => typeof value === "string" && URL.canParse(value),
          ),
        ],
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
        store,
        commit: (intake, also) => log.commit(about, intake, also),
        report: (subject, report) => supervisor.report(record.id, subject, report),
        step: (step, bot) =>
          void supervisor.steps
            .open(record.id, bot ?? null, [step])
            .catch((error: unknown) => logger.error("a step could not be opened", { connection: record.id, error })),
        limiter,
        fetch: options.fetch,
        clock,
        log: logger.child({ connection: record.id }),
        redactor,
        signal: live.abort.signal,
      }),
    );
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
    supervisor,
    webhooks,
    hooksUrl: options.hooksUrl ?? null,
    retentionMs: options.retention?.eventsMs ?? null,
    invoke: (name, input, call) => invoke(name, input, call),
    now,
  };
  const invokeOnce = createInvoke(core, {
    handlers: coreHandlers,
    audit,
    closing: closing.signal,
    queue: createCallQueue(),
    ended: (operation) => follow({ operation }),
  });
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
    const id = (answer as { operation?: unknown } | null)?.operation;
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
        void settleFromEcho(core, connection, effectId, event).catch((error: unknown) =>
          logger.warn("an echo could not be matched", { connection, error }),
        );
  });

  const local: Principal = {
    keyId: "local",
    name: "local",
    grant: { operations: ["*"] },
    ratePerMinute: null,
    signal: new AbortController().signal,
  };

  return {
    core,
    version: options.version,
    descriptors: table.descriptors,
    operations: table.operations,
    platforms,
    local,
    invoke,
    authenticate: async (text) => core.keys.authenticate(text),
    async start() {
      const recovered = await store.recoverEffects(now());
      if (recovered.unknown > 0) {
        logger.warn("operations were cut off when Botyard last stopped; their outcome is looked up", recovered);
        for (const row of await store.listEffects({ states: ["unknown"], limit: 500 }))
          void settleInBackground(core, row.id, closing.signal).catch(() => {});
      }
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
      const receive = supervisor.live(connection)?.session?.receive;
      if (!receive?.http) throw new BotyardError("not_found", "nothing is here");
      const take = receive.http.bind(receive);
      const response = await (options ? correlate(options.request, () => take(request)) : take(request));
      const live = supervisor.live(connection);
      if (live && response.status < 300) live.provenAliveAt = now();
      return response;
    },
    hookLimit(connection) {
      const live = supervisor.live(connection);
      if (!live?.session?.receive?.http) return null;
      return live.session.receive.maxBodyBytes ?? defaultHookBytes;
    },
    ready: () => ready && !closing.signal.aborted,
    async close({ drainMs = 5_000 } = {}) {
      const until = clock.now() + drainMs;
      while (calls.size > 0 && clock.now() < until) await clock.sleep(20);
      closing.abort(new BotyardError("cancelled", "Botyard is stopping"));
      await supervisor.closeAll();
      await webhooks.close();
      await audit.flush();
      await store.close();
    },
  };
}

/** By id; two platforms with one id or one namespace are a mistake in how the binary was put together. */
function platformMap(platforms: readonly AnyPlatform[]): ReadonlyMap<string, AnyPlatform> {
  const namespaces = new Set<string>();
  for (const { id, namespace } of platforms) {
    if (namespaces.has(namespace) || platforms.filter((other) => other.id === id).length > 1)
      throw new BotyardError("internal", `two platforms are called "${id}" or "${namespace}"`);
    namespaces.add(namespace);
  }
  return new Map(platforms.map((platform) => [platform.id, platform]));
}
