import { BotyardError, type Clock, type Http, type HttpRequest, type HttpResponse } from "@botyard/sdk";
import { isObject } from "../wire.ts";

/** `fetch`, as far as it is needed. */
export type Fetch = (request: Request) => Promise<Response>;

export interface HttpOptions {
  readonly fetch: Fetch;
  readonly clock: Clock;
  /** A call that was slowed down waits this long in all. */
  readonly longestWaitMs: number;
}

const defaultTimeoutMs = 30_000;

/**
 * The SDK's `Http` over `fetch`, for programs without the service. A 429 is waited for, by the larger of header and
 * body, and the same request sent again: the homeserver remembers no transaction id of what it refused.
 */
export function createHttp(origin: string, { fetch, clock, longestWaitMs }: HttpOptions): Http {
  const base = origin.replace(/\/+$/, "");

  async function send(request: HttpRequest): Promise<Response> {
    const timeout = AbortSignal.timeout(request.timeoutMs ?? defaultTimeoutMs);
    const signal = request.signal === undefined ? timeout : AbortSignal.any([timeout, request.signal]);
    try {
      return await fetch(toFetch(base, request, signal));
    } catch (cause) {
      throw failure(request, cause, timeout);
    }
  }

  async function request(wanted: HttpRequest): Promise<HttpResponse> {
    for (let waited = 0; ;) {
      const response = await send(wanted);
      const text = await response.text().catch((cause: unknown) => {
        throw failure(wanted, cause, undefined);
      });
      const answer = {
        status: response.status,
        headers: Object.fromEntries(response.headers),
        text,
        json: parsed(text),
      };
      if (answer.status !== 429 || wanted.body instanceof ReadableStream) return answer;
      const pause = pauseOf(answer);
      if (waited + pause > longestWaitMs) return answer;
      waited += pause;
      await clock.sleep(pause, wanted.signal);
    }
  }

  return {
    request,
    async stream(wanted) {
      const response = await send(wanted);
      return {
        status: response.status,
        headers: Object.fromEntries(response.headers),
        body: response.body ?? new Blob([]).stream(),
      };
    },
  };
}

function toFetch(base: string, request: HttpRequest, signal: AbortSignal): Request {
  const address = new URL(`${base}${request.path}`);
  for (const [name, value] of Object.entries(request.query ?? {}))
    if (value !== undefined) address.searchParams.set(name, String(value));
  const headers = new Headers(request.headers);
  if (request.json !== undefined) headers.set("content-type", "application/json");
  const body = request.json === undefined ? request.body : JSON.stringify(request.json);
  const streams = body instanceof ReadableStream ? { duplex: "half" } : {};
  const init = { method: request.method, headers, signal, redirect: "manual", ...streams };
  return new Request(address.href, (body === undefined ? init : { ...init, body }) as RequestInit);
}

/** The larger of header (whole seconds) and body. */
function pauseOf({ headers, json }: HttpResponse): number {
  const seconds = Number(headers["retry-after"]);
  const ms = isObject(json) && typeof json["retry_after_ms"] === "number" ? json["retry_after_ms"] : 0;
  return Math.max(Number.isFinite(seconds) ? seconds * 1000 : 0, ms, 100);
}

function failure(request: HttpRequest, cause: unknown, timeout: AbortSignal | undefined): BotyardError {
  if (request.signal?.aborted === true)
    return new BotyardError("cancelled", "the call was cancelled", { effect: "unknown", cause });
  const effect = request.method === "GET" ? "none" : "unknown";
  if (timeout?.aborted === true)
    return new BotyardError("timeout", "the homeserver did not answer in time", { effect, cause });
  return new BotyardError("unreachable", "the homeserver cannot be reached", {
    effect: refused(cause) ? "none" : effect,
    cause,
  });
}

/** Nobody took the connection: nothing was sent. */
function refused(cause: unknown): boolean {
  if (!(cause instanceof Error)) return false;
  const inner = cause.cause instanceof Error ? cause.cause.message : "";
  const code = "code" in cause && typeof cause.code === "string" ? cause.code : "";
  return /refused|ENOTFOUND|EAI_AGAIN/i.test(`${cause.message} ${code} ${inner}`);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
