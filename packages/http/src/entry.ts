import { BotyardError, type Log } from "@botyard/sdk";
import type { Context } from "hono";
import { monotonicFactory } from "ulid";
import { problemResponse } from "./problem.ts";

type Handler = (c: Context, request: string) => Response | Promise<Response>;

const nextId = monotonicFactory();

/** A new `req_…`. The caller's own `X-Request-Id` goes to the log and is trusted for nothing. */
export function requestId(): string {
  return `req_${nextId()}`;
}

/**
 * What every request goes through: it gets its id, the guard looks at it, whatever is thrown becomes a problem, and
 * the log gets a line without query or body.
 */
export function createEntry(
  guard: (request: Request) => void,
  log: Log | undefined,
): (handle: Handler) => (c: Context) => Promise<Response> {
  return (handle) => async (c) => {
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
    log?.debug("answered", { request, method: raw.method, path: c.req.path, status: response.status, ...named(raw) });
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
