import type { Runtime } from "@botyard/core";
import { errorTable, type HookRequest, isBotyardError, type Log } from "@botyard/sdk";
import { requestId } from "./entry.ts";
import type { Metrics } from "./metrics.ts";
import { readLimited } from "./body.ts";
import { toBotyardError } from "./problem.ts";
import { rawPath } from "./routes.ts";

export interface HooksOptions {
  readonly log?: Log;
  /** Those of the API: see AppOptions. */
  readonly metrics?: Metrics;
}

const prefix = "/hooks/";
const json = { "content-type": "application/json" } as const;
/** Made once: almost all answers are the same. */
const jsonHeaders = new Headers(json);

/** Says nothing but the status: who asks is a stranger until the platform has checked its signature. */
function silent(status: number): Response {
  return new Response("{}", { status, headers: jsonHeaders });
}

/** A whole service of one kind of path: there is nothing to route. */
export interface HooksApp {
  fetch(request: Request): Promise<Response>;
}

/**
 * What chat servers may reach: `/hooks/<connection>/…` and nothing else. Requests are authenticated by the platform's
 * plugin. Serve it on its own listener with `listen(app.fetch, …)`.
 */
export function createHooksApp(runtime: Runtime, { log, metrics }: HooksOptions = {}): HooksApp {
  return {
    async fetch(request) {
      const id = requestId();
      // Only of connections that are there: strangers must not make up series.
      let known: string | undefined;
      let response: Response;
      try {
        const place = split(rawPath(request));
        const limit = place && runtime.hookLimit(place.connection);
        if (place === null || limit === null) return silent(404);
        known = place.connection;
        const asked = await toHookRequest(request, place.path, limit);
        response = toResponse(await runtime.hook(place.connection, asked, { request: id }));
      } catch (error) {
        const failure = toBotyardError(error, { request: id, log });
        if (isBotyardError(error))
          log?.warn("a hook was refused", {
            request: id,
            connection: known,
            code: failure.code,
            detail: failure.message,
          });
        // The sender repeats what answers 500; what is too large or unknown it may drop.
        const final = failure.code === "not_found" || failure.code === "too_large" || failure.code === "cancelled";
        response = silent(final ? errorTable[failure.code].status : 500);
      }
      if (known !== undefined) metrics?.hooked(known, response.status);
      return response;
    },
  };
}

/** `/hooks/matrix/_matrix/app/v1/users/%40a%3Ab` → connection `matrix`, path `/_matrix/app/v1/users/%40a%3Ab`. */
function split(path: string): { readonly connection: string; readonly path: string } | null {
  if (!path.startsWith(prefix)) return null;
  const rest = path.slice(prefix.length);
  const slash = rest.indexOf("/");
  const connection = slash < 0 ? rest : rest.slice(0, slash);
  return /^[a-z][a-z0-9-]{0,31}$/.test(connection) ? { connection, path: slash < 0 ? "/" : rest.slice(slash) } : null;
}

async function toHookRequest(request: Request, path: string, maxBytes: number): Promise<HookRequest> {
  const at = request.url.indexOf("?");
  // The fastest way through Headers on both runtimes.
  const headers: Record<string, string> = {};
  request.headers.forEach((value, name) => (headers[name] = value));
  return {
    method: request.method,
    path,
    query: at < 0 ? {} : Object.fromEntries(new URLSearchParams(request.url.slice(at + 1))),
    headers,
    body: await readLimited(request, maxBytes),
  };
}

function toResponse({ status, headers, json: value, text }: Awaited<ReturnType<Runtime["hook"]>>): Response {
  if (value !== undefined)
    return new Response(JSON.stringify(value), { status, headers: headers ? { ...json, ...headers } : jsonHeaders });
  return new Response(text ?? null, { status, headers: { ...headers } });
}
