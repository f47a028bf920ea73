import { BotyardError } from "@botyard/sdk";
import type {
  AnySession,
  BotTarget,
  Clock,
  Host,
  Http,
  HttpRequest,
  HttpResponse,
  HttpStreamResponse,
  Log,
} from "@botyard/sdk";
import { callerOf } from "../limits/caller.ts";
import { errorFrom } from "./message.ts";
import type { Peer } from "./peer.ts";
import type { Opening } from "./shape.ts";

/** The world of a plugin whose core is on the other side of a port. */
export interface PluginHost {
  readonly host: Host;
  /** The bots have changed. */
  changed(bots: readonly BotTarget[]): void;
  /** The connection closes. */
  abort(reason: unknown): void;
}

/** `limits` gives the hooks of the session once it is open: they run here, around every request. */
export function createPluginHost(
  peer: Peer,
  session: number,
  opening: Opening,
  clock: Clock,
  limits: () => AnySession["limits"],
): PluginHost {
  const closing = new AbortController();
  let lastSocket = 0;
  const watchers = new Set<(bots: readonly BotTarget[]) => void>();
  // The answer's type is the contract's: the other side is the core, which keeps it.
  const ask = <T>(method: string, ...args: readonly unknown[]): Promise<T> =>
    peer.call(method, [session, ...args]) as Promise<T>;
  const tell = (method: string, ...args: readonly unknown[]): boolean => peer.notify(method, [session, ...args]);

  const logAt =
    (level: keyof Log): Log[typeof level] =>
    (message, data) => {
      // Errors and the like do not cross; the message does.
      if (!tell("host.log", level, message, data && plainErrors(data))) tell("host.log", level, message);
    };

  async function exchange<T extends Pick<HttpResponse, "status" | "headers">>(
    method: string,
    origin: string,
    request: HttpRequest,
  ): Promise<T> {
    const { signal, ...rest } = request;
    const bucket = request.bucket ?? limits()?.bucket(request);
    const sent = bucket === undefined ? rest : { ...rest, bucket };
    const answer = (await peer.call(method, [session, origin, sent, callerOf(signal) ?? null], { signal })) as T;
    try {
      const learnt = limits()?.learn(request, answer);
      if (learnt) tell("host.limit", { ...learnt, origin });
    } catch (error) {
      logAt("warn")("limits.learn failed; the answer is used without it", { error });
    }
    return answer;
  }

  const http = (origin: string): Http => ({
    request: (request) => exchange<HttpResponse>("host.http.request", origin, request),
    stream: (request) => exchange<HttpStreamResponse>("host.http.stream", origin, request),
  });

  const host: Host = {
    connection: opening.connection,
    http,
    async socket(url, { protocols, headers, signal } = {}) {
      const number = ++lastSocket;
      const opening = peer.call(
        "host.socket.open",
        [session, number, url, protocols, callerOf(signal) ?? null, headers],
        {
          signal,
        },
      );
      return {
        messages: (await opening) as AsyncIterable<string | Uint8Array>,
        send: (data) => ask("host.socket.send", number, data),
        close: (code, reason) => ask("host.socket.close", number, code, reason),
      };
    },
    hooks: {
      url: (path = "") => {
        if ("error" in opening.hooks) throw errorFrom(opening.hooks.error);
        return `${opening.hooks.base}${path === "" || path.startsWith("/") ? path : `/${path}`}`;
      },
    },
    credentials: {
      find: (query) => ask("host.credentials.find", query),
      put: (credential) => ask("host.credentials.put", credential),
    },
    bots: {
      list: () => ask("host.bots.list"),
      watch: (changed) => {
        const watcher = (bots: readonly BotTarget[]): void => changed(bots);
        if (watchers.size === 0) tell("host.bots.watch", true);
        watchers.add(watcher);
        return () => {
          if (watchers.delete(watcher) && watchers.size === 0) tell("host.bots.watch", false);
        };
      },
    },
    store: {
      get: (key) => ask("host.store.get", key),
      put: (entries) => ask("host.store.put", entries),
      list: (prefix) => ask("host.store.list", prefix),
    },
    commit: (intake, also) => ask("host.commit", intake, also),
    report: (subject, report) => void tell("host.report", subject, report),
    step: (step, bot) => void tell("host.step", step, bot),
    limit: (state) => void tell("host.limit", state),
    log: { debug: logAt("debug"), info: logAt("info"), warn: logAt("warn"), error: logAt("error") },
    clock,
    signal: closing.signal,
  };
  return {
    host,
    changed: (bots) => {
      for (const watcher of watchers) watcher(bots);
    },
    abort: (reason) => closing.abort(reason ?? new BotyardError("cancelled", "The connection closes")),
  };
}

function plainErrors(data: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [
      key,
      value instanceof Error ? `${value.name}: ${value.message}` : value,
    ]),
  );
}
