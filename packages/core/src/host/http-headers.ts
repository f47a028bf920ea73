import type { AnySession, BucketState, HttpRequest, HttpResponse, Log } from "@botyard/sdk";

/** Headers of an answer, names in lower case. The length of a compressed body is left out: it is not that of the bytes we give. */
export function answerHeaders(headers: Headers): Record<string, string> {
  const plain = Object.fromEntries(headers);
  if ("content-encoding" in plain) {
    delete plain["content-encoding"];
    delete plain["content-length"];
  }
  return plain;
}

/** What an answer says of its bucket: by the session's hook, else by what HTTP itself says of 429 and 503. */
export function learnFrom(
  request: HttpRequest,
  head: Pick<HttpResponse, "status" | "headers">,
  limits: AnySession["limits"],
  now: number,
  log: Log,
): BucketState | null {
  const bucket = request.bucket ?? limits?.bucket(request) ?? "";
  try {
    const learnt = limits?.learn(request, head);
    if (learnt) return learnt;
  } catch (error) {
    log.warn("limits.learn failed; the answer is used without it", { error });
  }
  const retryAfterMs = retryAfter(head.headers["retry-after"], now);
  if (head.status === 429) return { bucket, pauseMs: retryAfterMs ?? 1_000 };
  if (head.status === 503 && retryAfterMs !== null) return { bucket, pauseMs: retryAfterMs };
  return null;
}

/** `120` or an HTTP date, in milliseconds from now; null where it is neither. */
function retryAfter(value: string | undefined, now: number): number | null {
  if (value === undefined) return null;
  const seconds = Number(value);
  if (value.trim() !== "" && Number.isFinite(seconds)) return Math.max(seconds * 1000, 0);
  const date = Date.parse(value);
  return Number.isNaN(date) ? null : Math.max(date - now, 0);
}
