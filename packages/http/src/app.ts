import type { Descriptor, Runtime } from "@botyard/core";
import { BotyardError, type Log } from "@botyard/sdk";
import { type Context, Hono } from "hono";
import { authenticate } from "./auth.ts";
import { createEntry } from "./entry.ts";
import { createGuard, type GuardOptions } from "./guard.ts";
import { goesOn, type InputPlan, planInput, readInput } from "./input.ts";
import { answerMetrics, createMetrics, type Metrics } from "./metrics.ts";
import { problemResponse } from "./problem.ts";
import { createReference } from "./reference/index.ts";
import { jsonResponse, respond, streamResponse } from "./respond.ts";
import { inRoutingOrder, methodsByPattern, rawPath, toPattern } from "./routes.ts";
import { eventStream } from "./stream.ts";
import type { Arrival } from "./traffic.ts";

export interface AppOptions extends GuardOptions {
  /** Largest JSON body; default 1 MiB. Bytes have no limit here. */
  readonly maxJsonBytes?: number;
  readonly log?: Log;
  /** Shared with the hooks listener, so that `/metrics` says of both; default: its own. */
  readonly metrics?: Metrics;
  /** How often a silent event stream says that it lives; default 20 000. */
  readonly heartbeatMs?: number;
}

/** What answers requests. */
export type App = Pick<Hono, "fetch" | "request">;

/**
 * The HTTP API: every route below `/v1` comes from a descriptor of the runtime, and so do `/openapi.json` and `/docs`.
 * They follow the runtime's plugins while it runs. Serve it with `listen(app.fetch, …)`; it holds nothing that would have
 * to be closed.
 */
export function createApp(runtime: Runtime, options: AppOptions = {}): App {
  const metrics = options.metrics ?? createMetrics();
  const build = (): Hono => routesOf(runtime, { ...options, metrics });
  let current = build();
  runtime.plugins.onChange((what) => {
    // Requests under way end on the routes they came by.
    if (what === "table") current = build();
  });
  return { fetch: (...request) => current.fetch(...request), request: (...request) => current.request(...request) };
}

function routesOf(runtime: Runtime, options: AppOptions & { readonly metrics: Metrics }): Hono {
  const app = new Hono({ getPath: rawPath });
  // Around each handler and not as middleware: that would cost more than everything else here together.
  const { metrics } = options;
  const entry = createEntry(createGuard(options), options.log);
  const pages = createReference(runtime);

  app.get(
    "/healthz",
    entry(() => jsonResponse({ status: "ok", version: runtime.version })),
  );
  app.get(
    "/readyz",
    entry(() => readiness(runtime)),
  );
  app.get(
    "/metrics",
    entry(async ({ req: { raw } }, request) =>
      answerMetrics(runtime, metrics, { principal: await authenticate(runtime, raw), request }),
    ),
  );
  for (const [path, answer] of Object.entries(pages)) app.get(path, entry(answer));
  for (const descriptor of inRoutingOrder(runtime.descriptors.values()))
    app.on(
      descriptor.method,
      toPattern(descriptor.path),
      entry(operationHandler(runtime, descriptor, options), (status, tookMs) =>
        metrics.answered(descriptor.name, status, tookMs),
      ),
    );

  for (const [pattern, methods] of methodsByPattern(runtime.descriptors.values()))
    app.all(pattern, entry(notAllowed(methods)));
  for (const path of ["/healthz", "/readyz", "/metrics", ...Object.keys(pages)])
    app.all(path, entry(notAllowed(["GET", "HEAD"])));
  app.notFound(
    entry(() => {
      throw new BotyardError("not_found", "There is nothing at this path; /docs lists what there is.");
    }),
  );
  return app;
}

function readiness(runtime: Runtime): Response {
  return runtime.ready()
    ? jsonResponse({ status: "ready" })
    : jsonResponse({ status: "starting" }, 503, { "retry-after": "1" });
}

function operationHandler(
  runtime: Runtime,
  descriptor: Descriptor,
  { log, maxJsonBytes = 1024 * 1024, heartbeatMs = 20_000 }: AppOptions,
): (c: Context, request: string) => Promise<Response> | Response {
  const { name, method, effect } = descriptor;
  const refuseHead = notAllowed([method]);
  let made: InputPlan | undefined;
  return async (c, request) => {
    const { raw } = c.req;
    // Hono answers HEAD by GET and drops the body: an open stream would stay behind.
    if (raw.method === "HEAD") return refuseHead(c, request);
    const principal = await authenticate(runtime, raw);
    const plan = (made ??= planInput(descriptor));
    const input = await readInput(raw, plan, (param) => c.req.param(param), maxJsonBytes);
    const key = effect === "read" ? undefined : idempotencyKey(raw);
    const common = {
      principal,
      request,
      ...(key === undefined ? {} : { idempotencyKey: key }),
      ...(goesOn(raw, plan) ? ({ wait: false } as const) : {}),
    };
    if (descriptor.output.kind !== "stream")
      return respond(
        descriptor,
        await runtime.invoke(name, input, { ...common, signal: () => signalOf(raw, input, c.env as Partial<Arrival>) }),
      );
    const ended = new AbortController();
    raw.signal.addEventListener("abort", () => ended.abort(), { once: true });
    const { value } = await runtime.invoke(name, input, { ...common, signal: () => ended.signal });
    return streamResponse(
      eventStream(value as AsyncIterable<unknown>, { request, log, revoked: principal.signal, ended, heartbeatMs }),
    );
  };
}

/** The caller who leaves; for a long poll also the service that stops. */
function signalOf(
  request: Request,
  input: Readonly<Record<string, unknown>>,
  arrival: Partial<Arrival> | undefined,
): AbortSignal {
  const closing = "waitMs" in input ? arrival?.closing : undefined;
  return closing ? AbortSignal.any([request.signal, closing]) : request.signal;
}

function idempotencyKey(request: Request): string | undefined {
  const key = request.headers.get("idempotency-key");
  if (key === null) return undefined;
  if (!/^[\x21-\x7e]{1,255}$/.test(key))
    throw new BotyardError(
      "invalid",
      "The Idempotency-Key has to be 1 to 255 visible ASCII characters without spaces.",
    );
  return key;
}

function notAllowed(methods: readonly string[]): (c: Context, request: string) => Response {
  const allow = methods.join(", ");
  return (_, request) =>
    problemResponse(new BotyardError("invalid", `This path does not take that method; it takes ${allow}.`), {
      request,
      status: 405,
      headers: { allow },
    });
}
