import { BotyardError, type Clock, type EventDraft, type Host, type Http, type Log } from "@botyard/sdk";
import { puppetKey } from "../methods/actor.ts";
import type { Registration } from "../registration.ts";
import { toService, type Settings } from "../settings.ts";
import { objectOf } from "../wire.ts";
import type { Inbox } from "./inbox.ts";
import type { Store } from "./store.ts";

export interface LibraryHostOptions {
  readonly registration: Registration;
  readonly homeserverUrl: string;
  readonly serverName: string | undefined;
  readonly store: Store;
  readonly http: (origin: string) => Http;
  readonly inbox: Promise<Inbox>;
  readonly owns: (user: string) => boolean;
  /** Begins the id of every doing of ours. */
  readonly prefix: string;
  readonly log: Log;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const ended = (): void => {
        clearTimeout(timer);
        reject(signal?.reason as Error);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener("abort", ended);
        resolve();
      }, ms);
      signal?.addEventListener("abort", ended, { once: true });
    }),
};

export const silent: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** What the plugin gets of the world, without a service behind it: the same code runs on both. */
export function createLibraryHost(options: LibraryHostOptions): Host<Settings> {
  const { registration, homeserverUrl, serverName, store, owns, prefix, log, clock, signal } = options;
  const secrets: Readonly<Record<string, string>> = {
    "as-token": registration.asToken,
    "hs-token": registration.hsToken,
  };
  // An event in a person's name that we wrote comes back like any other.
  const own = ({ actor, effectId, native }: EventDraft): boolean =>
    (actor !== null && owns(actor.id)) ||
    effectId?.startsWith(prefix) === true ||
    objectOf(objectOf(native)["content"])[puppetKey] === registration.id;
  return {
    connection: {
      id: registration.id,
      url: homeserverUrl,
      settings: {
        service: toService(registration),
        ephemeral: true,
        queries: "deny",
        ...(serverName === undefined ? {} : { serverName }),
      },
    },
    http: options.http,
    socket: () => Promise.reject(new BotyardError("unsupported", "an application service has no sockets")),
    hooks: { url: () => registration.url ?? "" },
    credentials: {
      async find({ kind }) {
        const secret = secrets[kind];
        return secret === undefined ? null : { id: kind, kind, secret, nativeId: null };
      },
      put: () => Promise.reject(new BotyardError("unsupported", "tokens stand in the registration")),
    },
    bots: { list: async () => [], watch: () => () => {} },
    store,
    async commit({ events }, also) {
      const fresh = await (await options.inbox).accept(events, own, also?.put ?? {});
      return { fresh, copies: 0, duplicates: events.length - fresh };
    },
    report: () => {},
    step: () => {},
    limit: () => {},
    log,
    clock,
    signal,
  };
}
