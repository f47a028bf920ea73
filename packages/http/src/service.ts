import type { ListenAddress, Runtime } from "@botyard/core";
import { BotyardError } from "@botyard/sdk";
import { type AppOptions, createApp } from "./app.ts";
import { isLoopback } from "./guard.ts";
import { createHooksApp } from "./hooks.ts";
import { type Fetch, listen, type Listener } from "./listen.ts";
import { createMetrics } from "./metrics.ts";
import { rawPath } from "./routes.ts";

export interface ServiceOptions extends Omit<AppOptions, "listenHost"> {
  /** Of the API: `{ host: "127.0.0.1", port: 8470 }`; port 0: any that is free. */
  readonly listen: ListenAddress;
  /** Of the chat servers' requests, `/hooks/*` only; null: they come to the API's listener. */
  readonly hooks: ListenAddress | null;
  /** Lets the API speak plain HTTP on an address that other machines reach: keys and messages can then be read on the way. */
  readonly plain?: boolean;
  /** How long calls in flight may take after `close`; default 10 000. */
  readonly drainMs?: number;
}

export interface Service {
  /** `http://127.0.0.1:8470` */
  readonly url: string;
  /** Address of `/hooks/…`; with one listener for both the same as `url`. */
  readonly hooksUrl: string;
  /** Ends both listeners: they stop accepting at once, calls in flight are answered. Does not close the runtime. */
  close(): Promise<void>;
}

const at = ({ host, port }: ListenAddress): { readonly hostname: string; readonly port: number } => ({
  hostname: host,
  port,
});

/**
 * The API and the hooks, listening. When the second listener cannot open, the first is closed again.
 * Throws `conflict` (a port is taken), `invalid` (an address that cannot or should not be listened on).
 */
export async function startService(runtime: Runtime, options: ServiceOptions): Promise<Service> {
  const { listen: api, hooks } = options;
  if (!isLoopback(api.host) && !options.plain)
    throw new BotyardError(
      "invalid",
      `The API speaks plain HTTP, and on ${api.host} others could read keys and messages on the way. Listen on loopback behind a proxy with TLS, or allow it with --plain.`,
      { fix: `listen: 127.0.0.1:${api.port}` },
    );
  const metrics = options.metrics ?? createMetrics();
  const app = createApp(runtime, { ...options, metrics, listenHost: api.host });
  const hooksApp = createHooksApp(runtime, { ...options, metrics });
  const answerHook: Fetch = (request) => hooksApp.fetch(request);
  const answerCall: Fetch = (request, arrival) => app.fetch(request, arrival);
  const both: Fetch = (request, arrival) =>
    rawPath(request).startsWith("/hooks/") ? answerHook(request, arrival) : answerCall(request, arrival);

  const first = await listen(hooks === null ? both : answerCall, at(api));
  let second: Listener | null = null;
  try {
    second = hooks === null ? null : await listen(answerHook, at(hooks));
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
