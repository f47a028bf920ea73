import { ulid } from "@botyard/core";
import { BotyardError, type Log } from "@botyard/sdk";
import type { Context } from "hono";
import { routePath } from "hono/route";
import { problemResponse } from "./problem.ts";

type Handler = (c: Context, request: string) => Response | Promise<Response>;

/** Hears of each answer, problems included. */
type Answered = (status: number, tookMs: number) => void;

/** A new `req_…`. The caller's own `X-Request-Id` goes to the log and is trusted for nothing. */
export function requestId(): string {
  return `req_${ulid()}`;
}

/**
 * What every request goes through: it gets its id, the guard looks at it, whatever is thrown becomes a problem, and
 * the log gets a line. That line has the route's pattern and neither path, query nor body: whatever a caller sends may be
 * something that does not belong into a log.
 */
export function createEntry(
  guard: (request: Request) => void,
  log: Log | undefined,
): (handle: Handler, answered?: Answered) => (c: Context) => Promise<Response> {
  return (handle, answered) => async (c) => {
    const began = performance.now();
    const request = requestId();
    const { raw } = c.req;
    let response: Response;
    try {
      guard(raw);
      checkPath(c.req.path);
      response = await handle(c, request);
      response.headers.set("x-request-id", request);
    } catch (error) {
      response = problemResponse(error, { request, log });
    }
    answered?.(response.status, performance.now() - began);
    log?.debug("answered", {
      request,
      method: raw.method,
      route: routePath(c),
      status: response.status,
      ...named(raw),
    });
    return response;
  };
}

function checkPath(path: string): void {
  if (!path.includes("%")) return;
  try {
    decodeURIComponent(path);
  } catch (error) {
    throw new BotyardError("invalid", "The path holds a percent-encoding that stands for nothing in UTF-8.", {
      cause: error,
    });
  }
}

function named(request: Request): { readonly caller?: string } {
  const caller = request.headers.get("x-request-id");
  return caller === null ? {} : { caller: caller.replace(/[^\x21-\x7e]/g, "?").slice(0, 128) };
}
