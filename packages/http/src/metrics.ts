import type { Principal, Runtime } from "@botyard/core";
import { BotyardError, type Operations, type OutputOf } from "@botyard/sdk";
import { Counter, Gauge, Histogram, Registry } from "prom-client";

type Status = OutputOf<Operations["service.status"]>;

/** Figures of one service, for Prometheus. */
export interface Metrics {
  /** A call of an operation was answered. */
  answered(operation: string, status: number, tookMs: number): void;
  /** A request of a chat server was answered; `connection` is one that is there. */
  hooked(connection: string, status: number): void;
  /** The text that Prometheus reads: what was counted, and what `service.status` says now. */
  render(status: Status): Promise<string>;
  /** Every series there can be, in the order of the text. */
  list(): Promise<readonly MetricHead[]>;
}

/** `{ name: "botyard_bots", help: "Managed bots.", type: "gauge", labels: ["connection"] }` */
export interface MetricHead {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly labels: readonly string[];
}

const prefix = "botyard_";
const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/**
 * A registry of its own: two services in one process do not mix, and nothing of the runtime is guessed at, because
 * prom-client's default figures read 0 under Bun.
 */
export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const gauge = <L extends string>(name: string, help: string, ...labelNames: readonly L[]): Gauge<L> =>
    new Gauge({ name: prefix + name, help, labelNames, registers });
  const counter = <L extends string>(name: string, help: string, ...labelNames: readonly L[]): Counter<L> =>
    new Counter({ name: prefix + name, help, labelNames, registers });

  const calls = counter("calls_total", "Calls of operations that were answered.", "operation", "status");
  const took = new Histogram({
    name: `${prefix}call_duration_seconds`,
    help: "Time from a call's first byte to its answer; of a stream, to its beginning.",
    labelNames: ["operation"],
    buckets: seconds,
    registers,
  });
  const hooks = counter("hooks_total", "Requests of chat servers that were answered.", "connection", "status");
  const info = gauge("info", "Always 1; the version is in the label.", "version");
  const started = gauge("start_time_seconds", "When the service started, as a Unix time.");
  const memory = gauge("resident_memory_bytes", "Memory of the process.");
  const position = gauge("log_position", "Last position of the event log.");
  const bytes = gauge("log_bytes", "Size of the database file.");
  const state = gauge("connection_state", "1 for the state a connection is in.", "connection", "platform", "state");
  const bots = gauge("bots", "Managed bots.", "connection");
  const ready = gauge("bots_ready", "Managed bots that can act.", "connection");
  const gaps = gauge("gaps_open", "Intervals in which events may be missing and that are not settled.", "connection");
  const steps = gauge("steps_open", "Steps that wait for a person on the server.", "connection");
  const alive = gauge("proven_alive_time_seconds", "When the way from the server was last seen working.", "connection");
  const heard = gauge("last_event_time_seconds", "When the last event came, as a Unix time.", "connection");
  const waiting = gauge("consumer_waiting", "Events that a consumer has not acknowledged yet.", "consumer");
  const acked = gauge("consumer_last_ack_time_seconds", "When a consumer last acknowledged.", "consumer");
  const webhook = gauge("webhook_waiting", "Events that a webhook has not taken yet.", "webhook");
  const ledger = gauge("ledger", "Operations with an effect that are kept, by how they ended.", "state");

  // One child per combination, because looking labels up costs more than counting.
  const hookChildren = new Map<string, { readonly inc: () => void }>();
  const children = new Map<string, { readonly inc: () => void; readonly observe: (value: number) => void }>();

  function read(status: Status): void {
    for (const each of [info, state, bots, ready, gaps, steps, alive, heard, waiting, acked, webhook, ledger])
      each.reset();
    info.set({ version: status.version }, 1);
    started.set(unix(status.startedAt));
    memory.set(process.memoryUsage().rss);
    position.set(status.log.seq);
    if (status.log.bytes !== null) bytes.set(status.log.bytes);
    for (const each of status.connections) {
      const connection = each.id;
      state.set({ connection, platform: each.platform, state: each.state }, 1);
      bots.set({ connection }, each.bots.total);
      ready.set({ connection }, each.bots.ready);
      gaps.set({ connection }, each.gaps);
      steps.set({ connection }, each.steps.length);
      if (each.provenAliveAt !== null) alive.set({ connection }, unix(each.provenAliveAt));
      if (each.lastEventAt !== null) heard.set({ connection }, unix(each.lastEventAt));
    }
    for (const { name: consumer, waiting: behind, lastAckAt } of status.consumers) {
      waiting.set({ consumer }, behind);
      if (lastAckAt !== null) acked.set({ consumer }, unix(lastAckAt));
    }
    for (const { name, waiting: behind } of status.webhooks) webhook.set({ webhook: name }, behind);
    for (const [name, count] of Object.entries(status.ledger)) ledger.set({ state: name }, count);
  }

  return {
    answered(operation, status, tookMs) {
      const name = `${operation} ${status}`;
      let child = children.get(name);
      if (!child) {
        const one = calls.labels(operation, String(status));
        const time = took.labels(operation);
        child = { inc: () => one.inc(), observe: (value) => time.observe(value) };
        children.set(name, child);
      }
      child.inc();
      child.observe(tookMs / 1000);
    },
    hooked(connection, status) {
      const name = `${connection} ${status}`;
      const known = hookChildren.get(name) ?? hooks.labels(connection, String(status));
      hookChildren.set(name, known);
      known.inc();
    },
    render(status) {
      read(status);
      return registry.metrics();
    },
    list: async () =>
      registry.getMetricsAsArray().map((metric) => {
        // What prom-client keeps and does not declare.
        const { labelNames = [] } = metric as unknown as { labelNames?: readonly string[] };
        return { name: metric.name, help: metric.help, type: String(metric.type), labels: labelNames };
      }),
  };
}

const unix = (time: string): number => Date.parse(time) / 1000;

/**
 * `/metrics` says in Prometheus' form what `service.status` says, so the right to that operation opens it. Figures are of
 * the whole service, so the key must not be limited to connections, bots or rooms.
 *
 * Throws `forbidden`, and what `service.status` throws.
 */
export async function answerMetrics(
  runtime: Runtime,
  metrics: Metrics,
  { principal, request }: { readonly principal: Principal; readonly request: string },
): Promise<Response> {
  const { connections, bots, rooms } = principal.grant;
  if (connections ?? bots ?? rooms)
    throw new BotyardError(
      "forbidden",
      `Figures are of the whole service, and the key "${principal.name}" is limited to a part of it; it may use service.status.`,
      { fix: "botyard keys create prometheus --allow service.status" },
    );
  const { value } = await runtime.invoke("service.status", {}, { principal, request });
  return new Response(await metrics.render(value as Status), {
    headers: {
      "content-type": "text/plain; version=0.0.4; charset=utf-8",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
    },
  });
}
