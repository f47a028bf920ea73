import { BotyardError, isBotyardError } from "@botyard/sdk";
import { fromProblem } from "./problem.ts";
import { readEvents, type ServerSentEvent } from "./sse.ts";

export interface Resuming {
  /** Throws BotyardError. `lastId`: what was seen last, null at first. */
  open(lastId: string | null, signal: AbortSignal): Promise<Response>;
  readonly idleMs: number;
  readonly signal: AbortSignal | undefined;
}

const firstPauseMs = 250;
const longestPauseMs = 15_000;

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener("abort", done, { once: true });
  });
}

/** Worth another try: the service is away or busy. Everything else would be refused again. */
function passes(error: unknown): boolean {
  return isBotyardError(error) && ["unreachable", "timeout", "rate_limited", "upstream"].includes(error.code);
}

/**
 * Items of a server-sent stream, over as many connections as it takes: each goes on after the last id that was seen.
 * Ends by the caller leaving or its signal; throws what the service refuses (`gone`, `unauthenticated`) and, before the
 * first connection, everything.
 */
export async function* resuming({ open, idleMs, signal }: Resuming): AsyncGenerator<unknown, void> {
  let lastId: string | null = null;
  let connected = false;
  let failures = 0;
  let retryMs = firstPauseMs;
  for (;;) {
    let waitMs = 0;
    const attempt = new AbortController();
    const abort = (): void => attempt.abort(signal?.reason);
    if (signal?.aborted) return;
    signal?.addEventListener("abort", abort, { once: true });
    let idle: ReturnType<typeof setTimeout> | undefined;
    const alive = (): void => {
      clearTimeout(idle);
      idle = setTimeout(() => attempt.abort(new Error("no sign of life")), idleMs);
    };
    try {
      alive();
      const response = await open(lastId, attempt.signal);
      connected = true;
      failures = 0;
      for await (const event of readEvents(response.body ?? new Blob([]).stream(), alive)) {
        const item = itemOf(event);
        lastId = event.id ?? lastId;
        retryMs = event.retryMs ?? retryMs;
        yield item;
      }
    } catch (error) {
      if (signal?.aborted) return;
      const silent = attempt.signal.aborted;
      const broken = silent || !isBotyardError(error);
      if (!connected)
        throw silent ? new BotyardError("timeout", "the service did not answer", { cause: error }) : error;
      if (!broken && !passes(error)) throw error;
      waitMs = (isBotyardError(error) && error.details.retryAfterMs) || 0;
    } finally {
      clearTimeout(idle);
      signal?.removeEventListener("abort", abort);
      attempt.abort();
    }
    const backoffMs = Math.min(longestPauseMs, retryMs * 2 ** Math.min(failures++, 10));
    await pause(Math.max(waitMs, backoffMs), signal);
  }
}

function itemOf(event: ServerSentEvent): unknown {
  let item: unknown;
  try {
    item = JSON.parse(event.data);
  } catch (error) {
    throw new BotyardError("internal", "the stream holds something that is not JSON", { cause: error });
  }
  if (event.event === "error")
    throw fromProblem(item) ?? new BotyardError("internal", "the stream ended with an error");
  return item;
}
