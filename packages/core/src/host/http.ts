import { BotyardError, isBotyardError } from "@botyard/sdk";
import type { AnySession, Clock, Http, HttpRequest, HttpResponse, HttpStreamResponse, Log } from "@botyard/sdk";
import { createFetch } from "ofetch";
import { callerOf, joinSignals, takenBackError } from "../limits/caller.ts";
import type { Circuits, Pass } from "../limits/circuit.ts";
import type { Limiter } from "../limits/limiter.ts";
import { createUpload, jsonOf, readText } from "./http-body.ts";
import type { Upload } from "./http-body.ts";
import { brokenBodyError, unreachableError } from "./http-errors.ts";
import { answerHeaders, learnFrom } from "./http-headers.ts";
import { originOf, requestUrl } from "./http-url.ts";
import type { Redactor } from "./redact.ts";
import { stoppedError } from "./stopped.ts";
import { createWatchdog } from "./watchdog.ts";
import type { Watchdog } from "./watchdog.ts";

/** Of a simulator or a test; the global one by default. */
export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

export interface HttpOptions {
  /** Address below which paths are resolved; may have a path of its own: `https://cloud.example.org/nextcloud`. */
  readonly origin: string;
  /** Whether the connection may speak to an origin now; asked before each request. */
  readonly allowed: (origin: string) => boolean;
  readonly limiter: Limiter;
  readonly circuits?: Circuits | undefined;
  /** Hooks of the session, once it is open. A remote session has none here: they run on the plugin's side. */
  readonly limits?: () => AnySession["limits"];
  readonly fetch?: Fetch | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly redactor: Redactor;
  /** Aborted when the connection closes. */
  readonly signal: AbortSignal;
}

const defaultTimeoutMs = 30_000;
/** A server that has not answered for so long is down; one that missed a caller's short deadline is not. */
const longWaitMs = 5_000;
const maxTextBytes = 16 * 1_048_576;

interface Answer {
  readonly head: Pick<HttpResponse, "status" | "headers">;
  readonly body: ReadableStream<Uint8Array> | null;
  readonly upload: Upload;
  readonly watchdog: Watchdog;
}

/**
 * HTTP to one origin, in constant memory for streams. Requests are never repeated and redirects never followed.
 * `timeoutMs` is for the whole of `request`; where bytes are streamed it is the longest time without progress of the
 * server's side. Throws besides what `Http` says: `forbidden` for an origin that is not the connection's, `invalid` for
 * a path that leaves it.
 */
export function createHttp(options: HttpOptions): Http {
  const { clock, limiter, log, redactor } = options;
  const call: Fetch = options.fetch ?? ((input, init) => globalThis.fetch(input, init));
  // Some runtimes' types give `fetch` members that nothing here needs.
  const send = createFetch({ fetch: call as typeof globalThis.fetch }).raw;

  async function open(request: HttpRequest): Promise<Answer> {
    const origin = originOf(options.origin);
    checkAllowed(origin, options.allowed);
    const url = requestUrl(options.origin, request);
    const timeoutMs = request.timeoutMs ?? defaultTimeoutMs;
    const watchdog = createWatchdog(clock, timeoutMs, [options.signal, ...(request.signal ? [request.signal] : [])]);
    const startedAt = clock.now();
    let upload: Upload | undefined;
    try {
      upload = createUpload(request, watchdog);
      const init = initOf(request, upload, watchdog.signal);
      const caller = callerOf(request.signal);
      const limits = options.limits?.();
      // Whoever has no deadline waits by itself between its tries: a receiver, a proof, a probe.
      const patient = (caller?.deadline ?? null) === null;
      options.circuits?.check(origin, { patient });
      const waiting = joinSignals(watchdog.signal, caller?.queued);
      const lease = await limiter
        .acquire({
          origin,
          bucket: request.bucket ?? limits?.bucket(request),
          as: caller?.as,
          deadline: Math.min(clock.now() + timeoutMs, caller?.deadline ?? Infinity),
          signal: waiting.signal,
        })
        .catch((error: unknown) => {
          throw caller?.queued?.aborted && !watchdog.signal.aborted ? takenBackError() : error;
        })
        .finally(waiting.release);
      watchdog.touch();
      let pass: Pass | undefined;
      let response: Response;
      const sentAt = clock.now();
      try {
        pass = options.circuits?.enter(origin, { patient });
        response = await send<unknown, "stream">(url.href, init);
        pass?.answered();
      } catch (error) {
        lease.done();
        const failure =
          upload.failure() ??
          (watchdog.signal.aborted ? stoppedError(watchdog.signal.reason, "unknown") : unreachableError(origin, error));
        const late = isBotyardError(failure) && failure.code === "timeout" && clock.now() - sentAt >= longWaitMs;
        if (late || (isBotyardError(failure) && failure.code === "unreachable")) pass?.failed(failure.message);
        else pass?.left();
        throw failure;
      }
      const head = { status: response.status, headers: answerHeaders(response.headers) };
      lease.done(learnFrom(request, head, limits, clock.now(), log));
      log.debug("http", {
        method: request.method,
        origin,
        path: url.pathname,
        status: head.status,
        tookMs: clock.now() - startedAt,
      });
      return { head, body: response.body, upload, watchdog };
    } catch (error) {
      watchdog.stop();
      upload?.cancel(error);
      log.debug("http failed", { method: request.method, origin, path: redactor.text(url.pathname), error });
      throw error;
    }
  }

  return {
    async request(request) {
      const { head, body, upload, watchdog } = await open(request);
      const origin = originOf(options.origin);
      watchdog.touch();
      try {
        const text = await readText(abortable(body, watchdog.signal), maxTextBytes, origin);
        return { ...head, text, json: jsonOf(text) };
      } catch (error) {
        throw watchdog.signal.aborted
          ? stoppedError(watchdog.signal.reason, "unknown")
          : brokenBodyError(origin, error);
      } finally {
        watchdog.stop();
        upload.cancel(undefined);
      }
    },
    async stream(request): Promise<HttpStreamResponse> {
      const { head, body, upload, watchdog } = await open(request);
      watchdog.pause();
      return { ...head, body: download(body, originOf(options.origin), upload, watchdog) };
    },
  };
}

/** Throws `forbidden` with a sentence. */
export function checkAllowed(origin: string, allowed: (origin: string) => boolean): void {
  if (allowed(origin)) return;
  throw new BotyardError(
    "forbidden",
    `This connection may not speak to ${origin}: only to its own address and to those its server named when it was probed`,
  );
}

function initOf(
  request: HttpRequest,
  upload: Upload,
  signal: AbortSignal,
): Record<string, unknown> & { headers: Headers } {
  let headers: Headers;
  try {
    headers = new Headers({ accept: "*/*", ...upload.headers, ...lowerCase(request.headers ?? {}) });
  } catch (error) {
    throw new BotyardError("invalid", "A header of the request has a name or value that HTTP does not allow", {
      cause: error,
    });
  }
  return {
    method: request.method,
    headers,
    signal,
    redirect: "manual",
    retry: false,
    ignoreResponseError: true,
    responseType: "stream",
    ...(upload.body ? { body: upload.body, duplex: "half" } : {}),
    // Without bytes Bun sees no stream and would repeat it; on a connection of its own it does not.
    ...(request.method !== "GET" && !upload.filled ? { keepalive: false } : {}),
  };
}

function lowerCase(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

/** Some runtimes leave a pending read hanging when the signal aborts after the head. */
function abortable(body: ReadableStream<Uint8Array> | null, signal: AbortSignal): ReadableStream<Uint8Array> | null {
  if (!body) return null;
  const reader = body.getReader();
  const aborted = new Promise<never>((_, reject) => {
    if (signal.aborted) reject(signal.reason as Error);
    else signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  });
  aborted.catch(() => {}); // heard by the reads below
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await Promise.race([reader.read(), aborted]).catch((error: unknown) => {
          reader.cancel(error).catch(() => {}); // broken already
          throw error;
        });
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

function download(
  body: ReadableStream<Uint8Array> | null,
  origin: string,
  upload: Upload,
  watchdog: Watchdog,
): ReadableStream<Uint8Array> {
  const reader = abortable(body, watchdog.signal)?.getReader();
  const end = (): void => {
    watchdog.stop();
    upload.cancel(undefined);
  };
  return new ReadableStream(
    {
      async pull(controller) {
        try {
          watchdog.touch();
          const { done, value } = (await reader?.read()) ?? { done: true as const, value: undefined };
          watchdog.pause();
          if (!done) return controller.enqueue(value);
          end();
          controller.close();
        } catch (error) {
          end();
          controller.error(
            watchdog.signal.aborted ? stoppedError(watchdog.signal.reason, "unknown") : brokenBodyError(origin, error),
          );
        }
      },
      async cancel(reason) {
        end();
        await reader?.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}
