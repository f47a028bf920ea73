import { isIP } from "node:net";
import type { Runtime } from "@botyard/core";
import { BotyardError } from "@botyard/sdk";
import { type AppOptions, createApp } from "./app.ts";
import { isLoopback } from "./guard.ts";
import { createHooksApp } from "./hooks.ts";
import { type Fetch, listen, type Listener } from "./listen.ts";
import { createMetrics } from "./metrics.ts";
import { rawPath } from "./routes.ts";

export interface ServiceOptions extends Omit<AppOptions, "listenHost"> {
  /** Of the API: `127.0.0.1:8470`; port 0: any that is free. */
  readonly listen: string;
  /** Of the chat servers' requests, `0.0.0.0:8471`; null: they come to the API's listener. */
  readonly hooks: string | null;
  /** Lets the API speak plain HTTP on an address that other machines reach: keys and messages can then be read on the way. */
  readonly insecure?: boolean;
  /** How long calls in flight may take after `close`; default 10 000. */
  readonly drainMs?: number;
}

export interface Service {
  /** `http://127.0.0.1:8470` */
  readonly url: string;
  /** Address of `/hooks/…`; with one listener for both the same as `url`. */
  readonly hooksUrl: string;
  /** Ends both listeners. Does not close the runtime. */
  close(): Promise<void>;
}

const pattern = /^(?:\[([^\]]+)\]|([^:\s]+)):(\d{1,5})$/;

/** `127.0.0.1:8470`, `[::1]:8470`, `localhost:0`. Throws `invalid`. */
export function parseListen(text: string): { readonly hostname: string; readonly port: number } {
  const match = pattern.exec(text.trim());
  const hostname = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (hostname === undefined || !(port <= 65_535) || (match?.[1] !== undefined && isIP(match[1]) !== 6))
    throw new BotyardError(
      "invalid",
      "An address to listen on is a host and a port, like 127.0.0.1:8470 or [::1]:8470; a socket file is not taken.",
      {
        fix: "listen: 127.0.0.1:8470",
      },
    );
  return { hostname, port };
}

/**
 * The API and the hooks, listening. When the second listener cannot open, the first is closed again.
 * Throws `conflict` (a port is taken), `invalid` (an address that cannot or should not be listened on).
 */
export async function startService(runtime: Runtime, options: ServiceOptions): Promise<Service> {
  const api = parseListen(options.listen);
  const hooks = options.hooks === null ? null : parseListen(options.hooks);
  if (!isLoopback(api.hostname) && !options.insecure)
    throw new BotyardError(
      "invalid",
      `The API speaks plain HTTP, and on ${api.hostname} others could read keys and messages on the way. Listen on loopback behind a proxy with TLS, or allow it explicitly.`,
      { fix: `listen: 127.0.0.1:${api.port}` },
    );
  const metrics = options.metrics ?? createMetrics();
  const app = createApp(runtime, { ...options, metrics, listenHost: api.hostname });
  const hooksApp = createHooksApp(runtime, { ...options, metrics });
  // Async, so that both kinds of answer have one type.
  const answerHook: Fetch = async (request) => hooksApp.fetch(request);
  const answerCall: Fetch = async (request) => app.fetch(request);
  const both: Fetch = (request) => (rawPath(request).startsWith("/hooks/") ? answerHook(request) : answerCall(request));

  const first = await listen(hooks === null ? both : answerCall, api);
  let second: Listener | null = null;
  try {
    second = hooks === null ? null : await listen(answerHook, hooks);
  } catch (error) {
    await first.close({ drainMs: 0 });
    throw error;
  }
  const drain = options.drainMs === undefined ? {} : { drainMs: options.drainMs };
  return {
    url: first.url,
    hooksUrl: (second ?? first).url,
    close: async () => void (await Promise.all([first.close(drain), second?.close(drain)])),
  };
}
