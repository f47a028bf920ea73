import { BotyardError, isBotyardError, type Log, toProblem } from "@botyard/sdk";

const problemType = "application/problem+json";

interface ProblemContext {
  /** `req_…` */
  readonly request: string;
  readonly log?: Log | undefined;
  /** Where the code's own status is too coarse: 405. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Whatever was thrown, as something that may be shown. The text of an unknown failure goes to the log and nowhere else. */
export function toBotyardError(error: unknown, { request, log }: ProblemContext): BotyardError {
  if (isBotyardError(error)) return error;
  log?.error("a request failed for a reason nobody foresaw", {
    request,
    error: error instanceof Error ? (error.stack ?? error.message) : String(error),
  });
  return new BotyardError("internal", `Something failed inside Botyard; its log says what, under ${request}.`, {
    effect: "unknown",
    cause: error,
  });
}

/**
 * RFC 9457 answer:
 * `{ "type": "/docs/errors#not_found", "title": "Not found", "status": 404, "code": "not_found", "detail": "…", "effect": "none", "request": "req_…" }`.
 */
export function problemResponse(error: unknown, context: ProblemContext): Response {
  const known = toBotyardError(error, context);
  const problem = toProblem(known, context.request);
  const status = context.status ?? problem.status;
  const headers = new Headers({
    "content-type": problemType,
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "x-request-id": context.request,
    ...context.headers,
  });
  // A chat server that refused a bot's credential says nothing about the caller's key.
  if (known.code === "unauthenticated" && known.details.upstream === undefined)
    headers.set("www-authenticate", 'Bearer realm="botyard"');
  if (problem.retryAfterMs !== undefined)
    headers.set("retry-after", String(Math.max(1, Math.ceil(problem.retryAfterMs / 1000))));
  return new Response(JSON.stringify({ ...problem, status }), { status, headers });
}
