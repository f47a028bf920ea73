import type { Runtime } from "@botyard/core";
import { errorTable, type HookRequest, isBotyardError, type Log } from "@botyard/sdk";
import { Hono } from "hono";
import { requestId } from "./entry.ts";
import { readLimited } from "./body.ts";
import { toBotyardError } from "./problem.ts";
import { rawPath } from "./routes.ts";

export interface HooksOptions {
  readonly log?: Log;
}

const prefix = "/hooks/";

/** Says nothing but the status: who asks is a stranger until the platform has checked its signature. */
function silent(status: number): Response {
  return new Response("{}", { status, headers: { "content-type": "application/json" } });
}

/**
 * What chat servers may reach: `/hooks/<connection>/…` and nothing else. Requests are authenticated by the platform's
 * plugin. Serve it on its own listener with `listen(app.fetch, …)`.
 */
export function createHooksApp(runtime: Runtime, { log }: HooksOptions = {}): Hono {
  const app = new Hono({ getPath: rawPath });
  app.notFound(() => silent(404));
  app.all("/hooks/*", async (c) => {
    const request = requestId();
    try {
      const place = split(rawPath(c.req.raw));
      const limit = place && runtime.hookLimit(place.connection);
      if (place === null || limit === null) return silent(404);
      return toResponse(await runtime.hook(place.connection, await toHookRequest(c.req.raw, place.path, limit)));
    } catch (error) {
      const known = toBotyardError(error, { request, log });
      if (isBotyardError(error)) log?.warn("a hook was refused", { request, code: known.code, detail: known.message });
      // The sender repeats what answers 500; what is too large or unknown it may drop.
      const final = known.code === "not_found" || known.code === "too_large" || known.code === "cancelled";
      return silent(final ? errorTable[known.code].status : 500);
    }
  });
  return app;
}

/** `/hooks/matrix/_matrix/app/v1/users/%40a%3Ab` → connection `matrix`, path `/_matrix/app/v1/users/%40a%3Ab`. */
function split(path: string): { readonly connection: string; readonly path: string } | null {
  const rest = path.slice(prefix.length);
  const slash = rest.indexOf("/");
  const connection = slash < 0 ? rest : rest.slice(0, slash);
  return /^[a-z][a-z0-9-]{0,31}$/.test(connection) ? { connection, path: slash < 0 ? "/" : rest.slice(slash) } : null;
}

async function toHookRequest(request: Request, path: string, maxBytes: number): Promise<HookRequest> {
  const at = request.url.indexOf("?");
  return {
    method: request.method,
    path,
    query: at < 0 ? {} : Object.fromEntries(new URLSearchParams(request.url.slice(at + 1))),
    headers: Object.fromEntries(request.headers),
    body: await readLimited(request, maxBytes),
  };
}

function toResponse({ status, headers = {}, json, text }: Awaited<ReturnType<Runtime["hook"]>>): Response {
  if (json !== undefined)
    return new Response(JSON.stringify(json), { status, headers: { "content-type": "application/json", ...headers } });
  return new Response(text ?? null, { status, headers: { ...headers } });
}
