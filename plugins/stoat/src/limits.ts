import type { BucketState, HttpRequest, HttpResponse, Session } from "@botyard/sdk";

const mostKnown = 1_000;

/**
 * Buckets as Stoat counts them. A valid session has its own; everything else is counted by our address, so that all bots
 * share what a route allows. The id that answers carry (64 bits, kept as text) joins routes that share a bucket.
 */
export function createLimits(connection: string): NonNullable<Session<unknown>["limits"]> {
  const ids = new Map<string, string>();

  function shapeOf(request: HttpRequest): string {
    const who = request.headers?.["x-session-token"] === undefined ? "host" : `session ${connection}`;
    return `${who} ${routeOf(request)}`;
  }

  function bucket(request: HttpRequest): string {
    const shape = shapeOf(request);
    const id = ids.get(shape);
    return id === undefined ? shape : `${shape.slice(0, shape.lastIndexOf(" "))} #${id}`;
  }

  function learn(request: HttpRequest, response: Pick<HttpResponse, "status" | "headers">): BucketState | null {
    const { headers, status } = response;
    const id = headers["x-ratelimit-bucket"];
    const remaining = countOf(headers["x-ratelimit-remaining"]);
    const resetMs = countOf(headers["x-ratelimit-reset-after"]);
    if (id === undefined || !/^\d{1,20}$/.test(id) || remaining === null || resetMs === null) return null;
    if (ids.size >= mostKnown) ids.clear();
    ids.set(shapeOf(request), id);
    // Slow mode answers 429 too, of a bucket that is not empty: it holds back one bot in one channel, nobody else.
    const pause = status === 429 && remaining === 0 ? { pauseMs: resetMs } : {};
    return { bucket: bucket(request), remaining, resetMs, ...pause };
  }

  return { bucket, learn };
}

function countOf(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : null;
}

/** The shape a server counts by: the route, and the thing it is about. */
export function routeOf({ method, path }: Pick<HttpRequest, "method" | "path">): string {
  const [, noun = "", id = "", rest = ""] = path.split("/");
  if (noun === "channels")
    return rest === "messages" && method === "POST" && isWhole(path, 4) ? `send/${id}` : `channel/${id}`;
  if (noun === "servers") return `server/${id}`;
  if (noun === "users" && method === "PATCH") return `profile/${id}`;
  if (noun === "auth") return method === "DELETE" ? "auth-delete" : "auth";
  if (noun === "bots" || noun === "users") return noun;
  return method === "POST" && id === "" && noun !== "" ? `upload/${noun}` : "any";
}

function isWhole(path: string, parts: number): boolean {
  return path.split("/").length === parts;
}
