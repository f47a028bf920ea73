import {
  BotyardError,
  type BotTarget,
  type Clock,
  type EventDraft,
  type Host,
  type Http,
  type HttpRequest,
  type Intake,
  type Log,
  type OpenedCredential,
  type Report,
  type StepDraft,
  type Subject,
} from "@botyard/sdk";
import { systemClock } from "@botyard/core";
import { createMemoryPluginStore } from "./plugin-store.ts";

/** `fetch` as far as plugins need it. */
export type Fetch = (request: Request) => Promise<Response>;

export interface FakeHostOptions<Settings> {
  readonly settings: Settings;
  /** Default `test`. */
  readonly id?: string;
  readonly url?: string | null;
  /** Null: `hooks.url` throws `operator_required`. Default `https://bots.example.org`. */
  readonly hooksUrl?: string | null;
  readonly credentials?: readonly FakeCredential[];
  readonly bots?: readonly BotTarget[];
  readonly clock?: Clock;
  /** Opens sockets; without it every one is `unreachable`. */
  readonly socket?: Host["socket"];
  /** The simulator; without it every request is `unreachable`. */
  readonly fetch?: Fetch;
}

export interface FakeCredential {
  readonly kind: string;
  readonly secret: string;
  readonly bot?: string;
  readonly account?: string;
}

/** A host without a core: keeps what a plugin hands over, for tests of a plugin's parts. */
export interface FakeHost<Settings> extends Host<Settings> {
  /** What was committed, in order. */
  readonly intakes: readonly Intake[];
  /** Events of all intakes whose key was new, in order. */
  readonly events: readonly EventDraft[];
  readonly reports: readonly (readonly [Subject, Report])[];
  readonly steps: readonly (readonly [StepDraft, string | null])[];
  readonly kept: readonly FakeCredential[];
  /** The bots as they are from now on; watchers are told. */
  setBots(bots: readonly BotTarget[]): void;
  addCredential(credential: FakeCredential): void;
  /** Resolves with the first event that fits, committed already or later. */
  event(fits: (event: EventDraft) => boolean): Promise<EventDraft>;
  /** Aborts `signal`. */
  end(): void;
}

const silent: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/**
 * @example
 * const host = createFakeHost({ settings: { profiles: [] } });
 * const session = await platform.open(host);
 */
export function createFakeHost<Settings>(options: FakeHostOptions<Settings>): FakeHost<Settings> {
  const { id = "test", url = null, clock = systemClock } = options;
  const hooksUrl = options.hooksUrl === undefined ? "https://bots.example.org" : options.hooksUrl;
  const intakes: Intake[] = [];
  const events: EventDraft[] = [];
  const seen = new Map<string, Set<string>>();
  const reports: (readonly [Subject, Report])[] = [];
  const steps: (readonly [StepDraft, string | null])[] = [];
  const credentials: FakeCredential[] = [...(options.credentials ?? [])];
  let bots = options.bots ?? [];
  const watchers = new Set<(bots: readonly BotTarget[]) => void>();
  const waiting = new Set<(event: EventDraft) => void>();
  const ending = new AbortController();
  const store = createMemoryPluginStore();

  const opened = (found: FakeCredential | undefined): OpenedCredential | null =>
    found
      ? { id: `cred_${credentials.indexOf(found) + 1}`, kind: found.kind, secret: found.secret, nativeId: null }
      : null;

  return {
    connection: { id, url, settings: options.settings },
    http: (origin) => httpOver(origin, options.fetch),
    socket:
      options.socket ??
      (() => Promise.reject(new BotyardError("unreachable", "the test has no sockets", { effect: "none" }))),
    hooks: {
      url(path = "") {
        if (hooksUrl === null) throw new BotyardError("operator_required", "no address for hooks is configured");
        return `${hooksUrl}/hooks/${id}${path === "" || path.startsWith("/") ? path : `/${path}`}`;
      },
    },
    credentials: {
      find: async (query) =>
        opened(
          credentials.findLast(
            ({ kind, bot, account }) => kind === query.kind && bot === query.bot && account === query.account,
          ),
        ),
      put: async (credential) => void credentials.push(credential),
    },
    bots: {
      list: async () => bots,
      watch(changed) {
        watchers.add(changed);
        return () => void watchers.delete(changed);
      },
    },
    store,
    async commit(intake, also) {
      intakes.push(structuredClone(intake));
      let [fresh, copies, duplicates] = [0, 0, 0];
      for (const draft of intake.events) {
        const key = draft.key ? `${draft.key.kind}\n${draft.key.id}\n${draft.key.revision ?? ""}` : null;
        const saw = draft.bots ?? intake.bots ?? [];
        const before = key === null ? undefined : seen.get(key);
        if (before) {
          if (saw.every((bot) => before.has(bot))) duplicates += 1;
          else copies += 1;
          for (const bot of saw) before.add(bot);
          continue;
        }
        if (key !== null) seen.set(key, new Set(saw));
        fresh += 1;
        events.push(draft);
        for (const told of waiting) told(draft);
      }
      if (also?.put) await store.put(also.put);
      return { fresh, copies, duplicates };
    },
    report: (subject, report) => void reports.push([subject, report]),
    step: (step, bot) => void steps.push([step, bot ?? null]),
    limit: () => {},
    log: silent,
    clock,
    signal: ending.signal,
    intakes,
    events,
    reports,
    steps,
    kept: credentials,
    setBots(now) {
      bots = now;
      for (const tell of watchers) tell(now);
    },
    addCredential: (credential) => void credentials.push(credential),
    event(fits) {
      const there = events.find(fits);
      if (there) return Promise.resolve(there);
      return new Promise((resolve) => {
        const told = (event: EventDraft): void => {
          if (!fits(event)) return;
          waiting.delete(told);
          resolve(event);
        };
        waiting.add(told);
      });
    },
    end: () => ending.abort(),
  };
}

/** A managed bot for `bots`, with what matters given. */
export function fakeBot(bot: Partial<BotTarget> & Pick<BotTarget, "handle">): BotTarget {
  return {
    nativeId: null,
    username: bot.handle,
    displayName: null,
    description: null,
    enabled: true,
    generation: 1,
    ...bot,
  };
}

function httpOver(origin: string, fetch: Fetch | undefined): Http {
  const send = async (request: HttpRequest): Promise<Response> => {
    if (!fetch) throw new BotyardError("unreachable", "the test has no server", { effect: "none" });
    const address = new URL(`${origin.replace(/\/+$/, "")}${request.path}`);
    for (const [name, value] of Object.entries(request.query ?? {})) {
      if (value !== undefined) address.searchParams.set(name, String(value));
    }
    const headers = new Headers(request.headers ?? {});
    let body = request.body as RequestInit["body"] | undefined;
    if (request.json !== undefined) {
      headers.set("content-type", "application/json");
      body = JSON.stringify(request.json);
    }
    const streams = body instanceof ReadableStream ? { duplex: "half" } : {};
    const init = { method: request.method, headers, ...(body === undefined ? {} : { body, ...streams }) };
    return fetch(new Request(address, init as RequestInit));
  };
  const headersOf = (response: Response): Record<string, string> => Object.fromEntries(response.headers);
  return {
    async request(request) {
      const response = await send(request);
      const text = await response.text();
      return { status: response.status, headers: headersOf(response), text, json: parsed(text) };
    },
    async stream(request) {
      const response = await send(request);
      return { status: response.status, headers: headersOf(response), body: response.body ?? new Blob([]).stream() };
    },
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
