import type { Session } from "@botyard/sdk";

/** One bucket for the address: requests, logins and sockets of all bots count together. The empty name is that of sockets. */
const bucket = "";

const numberOf = (text: string | undefined): number | undefined => {
  const value = Number(text);
  return text === undefined || !Number.isFinite(value) ? undefined : value;
};

/**
 * Headers come only where the limiter is on. `X-Ratelimit-Reset` is the seconds until the budget is full again, which
 * grows back evenly; a 429 is plain text, and waiting its `Retry-After` frees one request.
 */
export const limits: NonNullable<Session<unknown>["limits"]> = {
  bucket: () => bucket,
  learn(_request, { status, headers }) {
    const [limit, remaining, reset] = ["limit", "remaining", "reset"].map((name) =>
      numberOf(headers[`x-ratelimit-${name}`]),
    );
    if (status === 429) return { bucket, pauseMs: (numberOf(headers["retry-after"]) ?? 1) * 1000 };
    if (limit === undefined || remaining === undefined || reset === undefined) return null;
    const eachMs = (reset * 1000) / Math.max(1, limit - remaining);
    return remaining > 0
      ? { bucket, remaining, resetMs: reset * 1000 }
      : { bucket, remaining: 1, pauseMs: Math.ceil(eachMs) };
  },
};
