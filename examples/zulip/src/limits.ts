import type { Session } from "@botyard/sdk";

/**
 * Zulip counts the requests of each account, by default 200 a minute, and says with every answer how many are left.
 * @see https://zulip.com/api/http-headers#rate-limiting-response-headers
 */
export function limits(now: () => number): NonNullable<Session<unknown>["limits"]> {
  const bucket = (request: { readonly bucket?: string }): string => request.bucket ?? "server";
  return {
    bucket,
    learn(request, { status, headers }) {
      const of = bucket(request);
      if (status === 429) return { bucket: of, pauseMs: Math.ceil(Number(headers["retry-after"] ?? 1) * 1000) };
      const remaining = Number(headers["x-ratelimit-remaining"]);
      const resetAt = Number(headers["x-ratelimit-reset"]);
      if (headers["x-ratelimit-remaining"] === undefined || !(resetAt > 0)) return null;
      return { bucket: of, remaining, resetMs: Math.max(0, resetAt * 1000 - now()) };
    },
  };
}
