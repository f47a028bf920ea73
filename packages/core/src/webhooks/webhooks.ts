import type { Clock, Log, Webhook, WebhookAttempt } from "@botyard/sdk";
import { ulid } from "ulid";
import type { Core } from "../core.ts";
import type { Redactor } from "../host/redact.ts";
import { sees } from "../operations/visible.ts";
import type { Registry } from "../registry/registry.ts";
import type { DeliveryRow, DeliveryState, RecordPut, WebhookRecord } from "../store/types.ts";
import { type Lookup, lookupAll } from "./address.ts";
import { startEndpoint } from "./endpoint.ts";
import type { Endpoint } from "./endpoint-types.ts";
import { createPost, type Post, type PostAnswer } from "./post.ts";
import { createSigning, signatureHead } from "./signing.ts";
import { toWebhook } from "./view.ts";

export interface WebhookParts extends Pick<Core, "registry" | "store" | "sealer" | "log" | "now"> {
  readonly clock: Clock;
  readonly logger: Log;
  readonly redactor: Redactor;
  /** For tests: names, certificates to trust, or all of the network. */
  readonly lookup?: Lookup | undefined;
  readonly ca?: string | undefined;
  readonly post?: Post | undefined;
}

/** All webhooks of the service. Only a running service delivers; everything else works without one. */
export interface Webhooks {
  /** From now on webhooks are served as they are made, changed and deleted. */
  start(): Promise<void>;
  close(): Promise<void>;
  view(record: WebhookRecord): Promise<Webhook>;
  /** Posts once, outside of every queue. */
  test(record: WebhookRecord): Promise<WebhookAttempt>;
  hurry(name: string): Promise<void>;
  /** Returns how many. */
  again(name: string, rows: readonly DeliveryRow[]): Promise<number>;
  range(name: string, after: number, until: number): Promise<void>;
  /** Where a new one begins. */
  place(name: string, seq: number): Promise<void>;
  /** What is kept of its deliveries goes. */
  forget(name: string): Promise<void>;
}

const snippetChars = 256;
/** After a change of the record; and when the service ends. */
const changeDrainMs = 15_000;
const closeDrainMs = 1_000;
const endedAnswer: PostAnswer = {
  status: null,
  retryAfter: null,
  snippet: null,
  reason: "the key that made it is revoked or has expired",
  tookMs: 0,
};

export function putWebhook(value: WebhookRecord): Extract<RecordPut, { readonly kind: "webhook" }> {
  return { kind: "webhook", id: value.name, scope: "", value };
}

/** Whether the key that made it still counts. */
function keyLives(registry: Registry, record: WebhookRecord, now: number): boolean {
  if (record.key === "local") return true;
  const key = registry.get("key", record.key);
  return key !== undefined && key.revokedAt === null && (key.expiresAt === null || Date.parse(key.expiresAt) > now);
}

export function createWebhooks(parts: WebhookParts): Webhooks {
  const { registry, store, log, clock, logger } = parts;
  const network = createPost({
    clock,
    lookup: parts.lookup ?? lookupAll,
    ...(parts.ca === undefined ? {} : { ca: parts.ca }),
  });
  const post = parts.post ?? network;
  const closing = new AbortController();
  const running = new Map<string, { readonly record: WebhookRecord; readonly endpoint: Endpoint }>();
  /** Changes of one webhook happen one after the other. */
  const turns = new Map<string, Promise<void>>();
  let unwatch = (): void => {};
  let serving = false;

  const fresh = (seq: number, since: string): DeliveryState => ({
    seq,
    ranges: [],
    level: 0,
    since,
    pausedUntil: null,
    reason: null,
    lastDeliveredAt: null,
    skipped: 0,
    lost: 0,
  });
  const stateOf = async (record: WebhookRecord): Promise<DeliveryState> =>
    running.get(record.name)?.endpoint.state() ??
    (await store.deliveryState(record.name)) ??
    fresh(log.head(), record.createdAt);

  const inTurn = <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const done = (turns.get(name) ?? Promise.resolve()).then(work);
    turns.set(
      name,
      done.then(
        () => {},
        () => {},
      ),
    );
    return done;
  };

  const snippet = (text: string | null): string | null => {
    if (text === null) return null;
    const plain = parts.redactor.text(text).replace(/\bwhsec_[\w+/=]+|\bby_\w{20,}/g, "[redacted]");
    return plain.replace(/[\u0000-\u001f\u007f-\u009f]+/g, " ").slice(0, snippetChars);
  };

  const signing = createSigning(parts.sealer);

  const send = (
    record: WebhookRecord,
    message: { readonly id: string; readonly body: string },
    signal: AbortSignal,
  ): Promise<PostAnswer> => {
    const now = clock.now();
    if (!keyLives(registry, record, now)) return Promise.resolve(endedAnswer);
    return post({
      url: record.url,
      privateNetwork: record.privateNetwork,
      head: signatureHead(signing(record, now), { ...message, now }),
      body: message.body,
      signal,
    });
  };

  /** The key may expire while nobody looks. */
  async function endWithKey(record: WebhookRecord, ended: AbortSignal): Promise<void> {
    const at = registry.get("key", record.key)?.expiresAt ?? null;
    if (at === null) return;
    while (clock.now() < Date.parse(at)) await clock.sleep(Math.min(Date.parse(at) - clock.now(), 86_400_000), ended);
    void settle(record.name);
  }

  async function begin(record: WebhookRecord): Promise<void> {
    const { name, bot } = record;
    const [connection = "", handle = ""] = bot?.split("/", 2) ?? [];
    const endpoint = startEndpoint({
      name,
      log,
      store,
      clock,
      logger,
      filter: {
        connection: record.connection ?? undefined,
        bot: bot === null ? undefined : { connection, handle },
        room: record.room ?? undefined,
        type: record.type ?? undefined,
        own: record.own,
        see: (event) => sees(record.grant, event),
      },
      maxAgeMs: record.maxAgeMs,
      state: await stateOf(record),
      rows: await store.listDeliveries({ webhook: name, state: "waiting", limit: 20_000 }),
      send: (message, signal) => send(record, message, signal),
      snippet,
      gone() {
        const now = registry.get("webhook", name);
        if (!now || now.disabled) return;
        const reason = "it answered 410: nobody is there any more";
        logger.warn("a webhook is switched off", { webhook: name, reason });
        void registry
          .save([putWebhook({ ...now, disabled: { since: parts.now(), reason } })])
          .catch((error: unknown) => logger.error("a webhook could not be switched off", { webhook: name, error }));
      },
    });
    const stopped = new AbortController();
    running.set(name, { record, endpoint: { ...endpoint, stop: (ms) => (stopped.abort(), endpoint.stop(ms)) } });
    void endWithKey(record, stopped.signal).catch(() => {});
  }

  /** Brings what runs in line with the record: after each change of it, of its key, and at the start. */
  function settle(name: string): Promise<void> {
    return inTurn(name, async () => {
      const record = registry.get("webhook", name);
      const now = running.get(name);
      const wanted =
        serving && record && record.disabled === null && keyLives(registry, record, clock.now()) ? record : null;
      if (now?.record === (wanted ?? undefined)) return;
      if (now) {
        running.delete(name);
        await now.endpoint.stop(serving && record ? changeDrainMs : closeDrainMs);
      }
      if (!record) await store.forgetWebhook(name);
      if (wanted) await begin(wanted);
    }).catch((error: unknown) => logger.error("a webhook could not be served", { webhook: name, error }));
  }

  /** Through what runs, else on what is kept. */
  const through = (name: string, live: (endpoint: Endpoint) => void, kept: () => Promise<void>): Promise<void> =>
    inTurn(name, async () => {
      const now = running.get(name);
      if (now) live(now.endpoint);
      else await kept();
    });
  const patchKept = async (name: string, change: (state: DeliveryState) => DeliveryState): Promise<void> => {
    const record = registry.get("webhook", name);
    if (record) await store.saveDeliveries({ webhook: name, state: change(await stateOf(record)) });
  };

  return {
    async start() {
      serving = true;
      unwatch = registry.watch(({ kind, id }) => {
        if (kind === "webhook") void settle(id);
        if (kind === "key")
          for (const record of registry.list("webhook"))
            if (record.key === id && running.has(record.name) && !keyLives(registry, record, clock.now()))
              void settle(record.name);
      });
      await Promise.all(registry.list("webhook").map(({ name }) => settle(name)));
    },
    async close() {
      unwatch();
      serving = false;
      closing.abort();
      await Promise.all([...running.keys()].map(settle));
      network.close();
    },
    async view(record) {
      const now = clock.now();
      const ended = keyLives(registry, record, now) ? null : endedAnswer.reason;
      return toWebhook(parts, record, { state: await stateOf(record), ended, now });
    },
    async test(record) {
      const id = `evt_${ulid(clock.now())}`;
      const body = JSON.stringify({ id, type: "webhook.test", time: parts.now(), webhook: record.name });
      const answer = await send(record, { id, body }, closing.signal);
      const good = answer.status !== null && answer.status >= 200 && answer.status < 300;
      return {
        event: "test",
        time: parts.now(),
        attempt: 1,
        outcome: good ? "delivered" : "failed",
        status: answer.status,
        tookMs: answer.tookMs,
        reason: good ? null : (answer.reason ?? `it answered ${answer.status}`),
        snippet: snippet(answer.snippet),
      };
    },
    hurry: (name) =>
      through(
        name,
        (endpoint) => endpoint.hurry(),
        () => patchKept(name, (state) => ({ ...state, pausedUntil: null })),
      ),
    async again(name, rows) {
      await through(
        name,
        (endpoint) => endpoint.again(rows),
        () =>
          store.saveDeliveries({
            webhook: name,
            rows: rows.map((row) => ({ ...row, state: "waiting", attempts: 0, nextAt: parts.now(), reason: null })),
          }),
      );
      return rows.length;
    },
    range: (name, after, until) =>
      through(
        name,
        (endpoint) => endpoint.range(after, until),
        () =>
          patchKept(name, (state) => ({
            ...state,
            ranges: [...state.ranges, { after, until: Math.min(until, state.seq) }],
          })),
      ),
    async place(name, seq) {
      await store.forgetWebhook(name);
      await store.saveDeliveries({ webhook: name, state: fresh(seq, parts.now()) });
    },
    forget: (name) => settle(name).then(() => store.forgetWebhook(name)),
  };
}
