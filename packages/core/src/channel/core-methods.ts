import { BotyardError } from "@botyard/sdk";
import type {
  BucketState,
  Host,
  HttpRequest,
  Intake,
  Log,
  Report,
  Resumed,
  RunCall,
  Socket,
  StepDraft,
  Subject,
} from "@botyard/sdk";
import { markCaller } from "../limits/caller.ts";
import { serveMethods, type Methods, type Peer, type Serve } from "./peer.ts";
import { callerFrom, checkDraft, checkIntake, checkReport } from "./trust.ts";

/** One open session as the core's end keeps it. */
export interface OpenedHost {
  readonly host: Host;
  /** Receive runs under way, by number. */
  readonly runs: Map<number, RunCall>;
  unwatch: (() => void) | null;
  /** Open sockets, by number. */
  readonly sockets: Map<number, Socket>;
}

/** What a plugin may ask of the core: the members of `Host`, for its own sessions only. */
export function createCoreMethods(hosts: ReadonlyMap<number, OpenedHost>, peer: () => Peer): Serve {
  const openedOf = (id: number): OpenedHost => {
    const opened = hosts.get(id);
    if (!opened) throw new BotyardError("cancelled", "The connection was closed");
    return opened;
  };
  const hostOf = (id: number): Host => openedOf(id).host;
  const socketOf = (id: number, socket: number): Socket => {
    const found = openedOf(id).sockets.get(socket);
    if (!found) throw new BotyardError("unreachable", "The socket is closed", { effect: "none" });
    return found;
  };
  const marked = (signal: AbortSignal, caller: unknown): AbortSignal => {
    const known = callerFrom(caller);
    return known ? markCaller(signal, known) : signal;
  };
  const withSignal = (request: HttpRequest, signal: AbortSignal, caller: unknown): HttpRequest => ({
    ...request,
    signal: marked(signal, caller),
  });

  const methods: Methods = {
    "host.http.request": (signal, id: number, origin: string, request: HttpRequest, caller: unknown) =>
      hostOf(id)
        .http(origin)
        .request(withSignal(request, signal, caller)),
    "host.http.stream": (signal, id: number, origin: string, request: HttpRequest, caller: unknown) =>
      hostOf(id)
        .http(origin)
        .stream(withSignal(request, signal, caller)),
    "host.socket.open": (
      signal,
      id: number,
      socket: number,
      url: string,
      protocols: readonly string[] | undefined,
      caller: unknown,
      headers?: Readonly<Record<string, string>>,
    ) =>
      openSocket(openedOf(id), socket, url, {
        signal: marked(signal, caller),
        ...(protocols ? { protocols } : {}),
        ...(headers ? { headers } : {}),
      }),
    "host.socket.send": (_, id: number, socket: number, data: string | Uint8Array) => socketOf(id, socket).send(data),
    "host.socket.close": (_, id: number, socket: number, code?: number, reason?: string) =>
      openedOf(id).sockets.get(socket)?.close(code, reason),
    "host.credentials.find": (_, id: number, query: Parameters<Host["credentials"]["find"]>[0]) =>
      hostOf(id).credentials.find(query),
    "host.credentials.put": (_, id: number, credential: Parameters<Host["credentials"]["put"]>[0]) =>
      hostOf(id).credentials.put(credential),
    "host.bots.list": (_, id: number) => hostOf(id).bots.list(),
    "host.bots.watch": (_, id: number, on: boolean) => {
      const opened = openedOf(id);
      opened.unwatch?.();
      opened.unwatch = on ? opened.host.bots.watch((bots) => void peer().notify("bots", [id, bots])) : null;
    },
    "host.store.get": (_, id: number, key: string) => hostOf(id).store.get(key),
    "host.store.put": (_, id: number, entries: Readonly<Record<string, unknown>>) => hostOf(id).store.put(entries),
    "host.store.list": (_, id: number, prefix: string) => hostOf(id).store.list(prefix),
    "host.commit": (_, id: number, intake: Intake, also?: { readonly put?: Readonly<Record<string, unknown>> }) =>
      hostOf(id).commit(checkIntake(intake), also),
    "host.report": (_, id: number, subject: Subject, report: Report) =>
      hostOf(id).report(...checkReport(subject, report)),
    "host.step": (_, id: number, step: StepDraft, bot?: string) =>
      hostOf(id).step(checkDraft(step), typeof bot === "string" ? bot : undefined),
    "host.limit": (_, id: number, state: BucketState & { readonly origin?: string }) => hostOf(id).limit(state),
    "host.log": (_, id: number, level: keyof Log, message: string, data?: Readonly<Record<string, unknown>>) => {
      if (["debug", "info", "warn", "error"].includes(level)) hostOf(id).log[level](String(message), data);
    },
    "host.started": (_, id: number, run: number, resumed: Resumed) => openedOf(id).runs.get(run)?.started(resumed),
  };
  return serveMethods(methods);
}

/** The messages are the answer: the socket is forgotten when they end or the plugin leaves them. */
async function openSocket(
  { host, sockets }: OpenedHost,
  number: number,
  url: string,
  options: NonNullable<Parameters<Host["socket"]>[1]>,
): Promise<AsyncIterable<string | Uint8Array>> {
  const socket = await host.socket(url, options);
  sockets.set(number, socket);
  const messages = socket.messages[Symbol.asyncIterator]();
  // No generator: its `return` would wait for a message that may never come.
  const iterator: AsyncIterator<string | Uint8Array> = {
    async next() {
      try {
        const result = await messages.next();
        if (result.done) sockets.delete(number);
        return result;
      } catch (error) {
        sockets.delete(number);
        throw error;
      }
    },
    async return() {
      sockets.delete(number);
      await socket.close();
      return { done: true, value: undefined };
    },
  };
  return { [Symbol.asyncIterator]: () => iterator };
}
