import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { BotyardError } from "@botyard/sdk";
import { type Arrival, createTraffic } from "./traffic.ts";

export type Fetch = (request: Request, arrival: Arrival) => Response | Promise<Response>;

/** As the runtimes call it. */
type Served = (request: Request) => Response | Promise<Response>;

export interface ListenOptions {
  /** An address of this machine, or a name that stands for one; default `127.0.0.1`. */
  readonly hostname?: string;
  /** 0: any that is free. */
  readonly port: number;
}

export interface Listener {
  /** `http://127.0.0.1:8470`, reachable from this machine also when it listens on all addresses. */
  readonly url: string;
  readonly port: number;
  /**
   * Takes no more connections, ends event streams at once, lets calls in flight finish, and cuts what is left after
   * `drainMs` (default 10 000). Repeating it is harmless.
   */
  close(options?: { readonly drainMs?: number }): Promise<void>;
}

/** The little of the two runtimes that is used, so that neither's types are needed elsewhere. */
interface Server {
  readonly port: number;
  /** Takes no more connections; resolves when the last answer is out. */
  stop(): Promise<void>;
  cut(): Promise<void>;
}

interface Runtimes {
  readonly Bun?: {
    serve(options: {
      fetch: Served;
      error: () => Response;
      hostname: string;
      port: number;
      development: false;
      reusePort: false;
      idleTimeout: number;
      maxRequestBodySize: number;
    }): { readonly port: number; stop(force?: boolean): Promise<void> };
  };
  readonly Deno?: {
    serve(
      options: { hostname: string; port: number; onListen: () => void; onError: () => Response },
      fetch: Served,
    ): { readonly addr: { readonly port: number }; shutdown(): Promise<void>; unref(): void };
  };
}

function serve(fetch: Served, hostname: string, port: number): Server {
  const { Bun: bun, Deno: deno } = globalThis as Runtimes;
  const error = (): Response => new Response(null, { status: 500 });
  if (bun) {
    const server = bun.serve({
      fetch,
      error,
      hostname,
      port,
      development: false,
      // Outside development Bun lets two programs share a port, and each would get half of the calls.
      reusePort: false,
      // Both limits would cut silently; ours answer with a problem.
      idleTimeout: 0,
      maxRequestBodySize: Number.MAX_SAFE_INTEGER,
    });
    return { port: server.port, stop: async () => server.stop(false), cut: async () => server.stop(true) };
  }
  if (!deno) throw new BotyardError("internal", "Botyard serves on Bun and on Deno; this is neither.");
  const server = deno.serve({ hostname, port, onListen: () => {}, onError: error }, fetch);
  return {
    port: server.addr.port,
    stop: () => server.shutdown(),
    // Aborting a server that shuts down throws where nobody can catch it; what hangs no longer holds the process.
    cut: async () => server.unref(),
  };
}

/** Address for the runtime. Both report a bad name as something else, so that it is looked up here. */
async function addressOf(hostname: string): Promise<string> {
  const name = hostname.replace(/^\[(.*)\]$/, "$1");
  if (isIP(name)) return name;
  const found = /^[a-z0-9.-]{1,253}$/i.test(name) ? await lookup(name).catch(() => null) : null;
  if (!found)
    throw new BotyardError(
      "invalid",
      `"${name.slice(0, 80)}" is no address to listen on: an IP address or a host name of this machine is expected.`,
      {
        fix: "listen: 127.0.0.1:8470",
      },
    );
  return found.address;
}

const authority = (address: string, port: number): string =>
  isIP(address) === 6 ? `[${address}]:${port}` : `${address}:${port}`;

function toListenError(error: unknown, address: string, port: number): BotyardError {
  const { code, name } = (error ?? {}) as { readonly code?: string; readonly name?: string };
  const at = authority(address, port);
  if (code === "EADDRINUSE" || name === "AddrInUse")
    return new BotyardError(
      "conflict",
      `Port ${port} on ${address} is taken by another program, perhaps by a Botyard that runs already.`,
      {
        fix: `listen: ${authority(address, port < 65_535 ? port + 1 : port - 1)}`,
        instead: `ss -ltnp 'sport = :${port}'`,
        cause: error,
      },
    );
  if (code === "EADDRNOTAVAIL" || name === "AddrNotAvailable")
    return new BotyardError("invalid", `This machine has no address ${address}; listen on one of its own.`, {
      fix: `listen: ${authority("127.0.0.1", port)}`,
      cause: error,
    });
  if (code === "EACCES" || name === "PermissionDenied" || name === "NotCapable")
    return new BotyardError("invalid", `This user may not listen on ${at}; ports below 1024 belong to the system.`, {
      fix: `listen: ${authority(address, 8470)}`,
      cause: error,
    });
  return new BotyardError("internal", `Nothing can listen on ${at}.`, { cause: error });
}

/**
 * Serves on Bun or Deno. Throws `conflict` (the port is taken) and `invalid` (no such address, port out of range, not
 * allowed).
 */
export async function listen(fetch: Fetch, { hostname = "127.0.0.1", port }: ListenOptions): Promise<Listener> {
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new BotyardError("invalid", "A port is a whole number from 0 to 65535; 0 takes any that is free.");
  const address = await addressOf(hostname);
  const traffic = createTraffic(fetch);
  let server: Server;
  try {
    server = serve(traffic.fetch, address, port);
  } catch (error) {
    throw toListenError(error, address, port);
  }
  const reachable = address === "0.0.0.0" ? "127.0.0.1" : address === "::" ? "::1" : address;
  let closing: Promise<void> | undefined;
  return {
    url: `http://${authority(reachable, server.port)}`,
    port: server.port,
    close: ({ drainMs = 10_000 } = {}) => (closing ??= close(server, traffic, drainMs)),
  };
}

async function close(server: Server, traffic: ReturnType<typeof createTraffic>, drainMs: number): Promise<void> {
  const stopped = server.stop().catch(() => {});
  traffic.endStreams();
  const given = new AbortController();
  const wait = (ms: number): Promise<void> => delay(ms, undefined, { signal: given.signal }).catch(() => {});
  await Promise.race([stopped, traffic.idle(), wait(drainMs)]);
  traffic.cut();
  // The last answers are on their way out.
  await Promise.race([stopped, wait(Math.min(drainMs, 500))]);
  given.abort();
  await server.cut();
}
