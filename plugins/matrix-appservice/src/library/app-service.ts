import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { BotyardError, type Gap } from "@botyard/sdk";
import { backfill } from "../backfill.ts";
import { createContext } from "../context.ts";
import { checkUserId } from "../ids.ts";
import { request } from "../methods/request.ts";
import { createUserMatch, serverNameOf } from "../namespaces.ts";
import { probe } from "../probe.ts";
import { tryWay } from "../proof.ts";
import { createHttpReceiver } from "../receive.ts";
import { fromYaml, type Registration } from "../registration.ts";
import { createListener } from "../listener.ts";
import { createLibraryHost, silent, systemClock } from "./host.ts";
import { createHttp } from "./http.ts";
import { createInbox, type AppEvent } from "./inbox.ts";
import { createIntent, type Effects, type Intent } from "./intent.ts";
import { keepProving } from "./prove.ts";
import { memoryStore } from "./store.ts";
import { fileStore } from "./store-file.ts";
import type { AppService, AppServiceOptions, AppServiceUser, EventHandler, PuppetOptions } from "./types.ts";

const defaultRetryMs = [1_000, 5_000, 30_000, 120_000];
const lastKey = "last-in";
const proveEveryMs = 60_000;

function registrationOf(given: Registration | string): Registration {
  if (typeof given !== "string") return given;
  const { registration, findings } = fromYaml(readFileSync(given, "utf8"));
  if (registration !== undefined) return registration;
  const faults = findings.filter(({ level }) => level === "fault").map(({ text }) => text);
  throw new BotyardError("invalid", `the registration cannot be used: ${faults.join("; ")}`);
}

function misuse(detail: string): BotyardError {
  return new BotyardError("invalid", detail);
}

/**
 * @example
 * const as = createAppService({ registration: "./registration.yaml", homeserverUrl: "http://127.0.0.1:8008", store: "./bridge.db" });
 * as.on("message.created", async ({ room, content }) => void (await as.botIntent().sendText(room?.id ?? "", content?.text)));
 * await as.listen({ port: 29400 });
 * await as.start();
 */
export function createAppService(options: AppServiceOptions): AppService {
  const registration = registrationOf(options.registration);
  const { clock = systemClock, log = silent } = options;
  const fetcher = options.fetch ?? ((wanted: Request) => fetch(wanted));
  const serverName = options.serverName ?? serverNameOf(registration);
  if (serverName === undefined)
    throw misuse(
      "the registration does not tell the homeserver's name: give serverName, the part after the colon of user ids",
    );
  const botUserId = `@${registration.senderLocalpart}:${serverName}`;
  const owns = createUserMatch(registration, serverName);
  const { store = memoryStore() } = options;
  const kept = typeof store === "string" ? fileStore(store) : store;
  const ending = new AbortController();
  const longestWaitMs = options.longestWaitMs ?? 300_000;
  const http = (origin: string) => createHttp(origin, { fetch: fetcher, clock, longestWaitMs });
  const retryMs = options.retryMs ?? defaultRetryMs;
  const inbox = createInbox({ store: kept, clock, log, retryMs, signal: ending.signal });
  // Whoever uses it hears of it.
  inbox.catch(() => {});

  const prefix = `${createHash("sha256").update(`${registration.id}\n${registration.asToken}`).digest("hex").slice(0, 10)}.`;
  const started = randomBytes(6).toString("base64url");
  let count = 0;
  const effects: Effects = {
    next: () => `${prefix}${started}.${(count += 1)}`,
    own: (txnId, user) => `${prefix}${txnId}.${user}`,
  };

  const context = createContext(
    createLibraryHost({
      registration,
      homeserverUrl: options.homeserverUrl,
      serverName,
      store: kept,
      http,
      inbox,
      owns,
      prefix,
      log,
      clock,
      signal: ending.signal,
    }),
  );
  const receive = createHttpReceiver(context);
  const handlers = new Set<{ readonly type: string; readonly own: boolean; readonly handler: EventHandler }>();
  const children = new Map<string, AppServiceUser>();
  const realUsers = new Map<string, AppServiceUser>();

  async function dispatch(event: AppEvent): Promise<void> {
    for (const { type, own, handler } of handlers) {
      if ((type === "*" || type === event.type) && (own || !event.own)) await handler(event);
    }
  }

  function mustBeUser(userId: string): void {
    const wrong = checkUserId(userId);
    if (wrong !== undefined) throw misuse(wrong);
  }

  function intentOf(userId: string, { token, baseUrl }: PuppetOptions = {}): Intent {
    mustBeUser(userId);
    if (token !== undefined) service.realUser(userId, token, baseUrl);
    else if (!owns(userId) && !context.realUsers.has(userId))
      throw misuse(`${userId} is outside the users namespace of the registration, and no token of theirs was given`);
    return createIntent(context, userId, effects, intentOf);
  }

  function makeUser(userId: string, real: boolean): AppServiceUser {
    return {
      userId,
      real,
      parent: service,
      intent(other = userId, more) {
        if (real && other !== userId) throw misuse("a real user has no users of its own: ask the application service");
        return service.intent(other, more);
      },
      request: intentOf(userId).request,
      user(other) {
        if (real) throw misuse("a real user has no users of its own: ask the application service");
        return service.user(other);
      },
      realUser(other, token, baseUrl) {
        if (real) throw misuse("a real user has no users of its own: ask the application service");
        return service.realUser(other, token, baseUrl);
      },
      botIntent: () => service.botIntent(),
    };
  }

  const bot = intentOf(botUserId);
  const server = createListener(receive, { log });

  const service: AppService = {
    userId: botUserId,
    real: false,
    parent: null,
    intent: (userId = botUserId, more) => intentOf(userId, more),
    registration,
    serverName,
    botUserId,
    children,
    realUsers,
    state: context.memory,
    owns,
    nextTxnId: () => effects.next(),
    botIntent: () => bot,
    request: (method, path, more) =>
      request(
        { context, user: botUserId, signal: ending.signal, effectId: effects.next(), attempt: 1 },
        method,
        path,
        more,
      ),
    user(userId) {
      mustBeUser(userId);
      if (!owns(userId)) throw misuse(`${userId} is outside the users namespace of the registration`);
      const made = children.get(userId) ?? makeUser(userId, false);
      children.set(userId, made);
      return made;
    },
    realUser(userId, token, baseUrl) {
      mustBeUser(userId);
      if (owns(userId)) throw misuse(`${userId} is a user of the registration: it needs no token of its own`);
      context.realUsers.set(userId, { token, ...(baseUrl === undefined ? {} : { http: http(baseUrl) }) });
      const made = realUsers.get(userId) ?? makeUser(userId, true);
      realUsers.set(userId, made);
      return made;
    },
    on(type, handler, { own = false } = {}) {
      const entry = { type, own, handler };
      handlers.add(entry);
      return () => void handlers.delete(entry);
    },
    onUserQuery: (answer) => void (context.answers.user = answer),
    onAliasQuery: (answer) => void (context.answers.alias = answer),
    onThirdParty: (answer) => void (context.answers.thirdParty = answer),
    handle: server.handle,
    listen: server.listen,
    async start() {
      await (await inbox).start(dispatch);
      const last = await kept.get(lastKey);
      const way = await tryWay(context, ending.signal).catch((error: unknown) => {
        log.warn("the homeserver cannot be reached yet", { error });
        return undefined;
      });
      await kept.put({ [lastKey]: clock.now() });
      // What the homeserver lost while we or it were down stands in the rooms' history.
      if (way?.ok === true && typeof last === "number") await service.catchUp(new Date(last));
      const everyMs = options.proveEveryMs ?? proveEveryMs;
      if (everyMs > 0)
        void keepProving({
          everyMs,
          ok: way?.ok === true,
          clock,
          log,
          signal: ending.signal,
          try: async () => (await tryWay(context, ending.signal)).ok,
          catchUp: service.catchUp,
        });
      return way === undefined ? undefined : service.check();
    },
    check: () => probe(context, ending.signal),
    catchUp(since) {
      const gap: Gap = {
        id: `gap_${clock.now()}`,
        connection: registration.id,
        from: since.toISOString(),
        to: null,
        state: "open",
        messages: 0,
        cause: "stopped",
        certainty: "possible",
      };
      return backfill(context, gap, ending.signal);
    },
    settled: async () => (await inbox).settled(),
    deadLetters: async () => (await inbox).deadLetters(),
    revive: async (seq) => (await inbox).revive(seq),
    async close() {
      await server.close();
      await kept.put({ [lastKey]: clock.now() });
      ending.abort(new BotyardError("cancelled", "the application service was closed"));
      await (await inbox).stop();
      kept.close?.();
    },
  };
  return service;
}
