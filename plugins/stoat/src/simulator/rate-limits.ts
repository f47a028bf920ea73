import { routeOf } from "../limits.ts";
import type { World } from "./model.ts";

const windowMs = 10_000;

interface Window {
  count: number;
  endsAt: number;
}

/** Fixed windows of 10 s; those of a valid session, else those of the address. */
export function createRateLimits(world: () => World): (
  method: string,
  path: string,
  headers: Headers,
) => {
  readonly headers: Readonly<Record<string, string>>;
  readonly refused: boolean;
  readonly resetMs: number;
} {
  const windows = new Map<string, Window>();
  return (method, path, headers) => {
    const { sessions, now, options } = world();
    const session = headers.get("x-session-token");
    const valid = session !== null && !headers.has("x-bot-token") && sessions.has(session);
    const who = valid ? session : (headers.get("x-forwarded-for") ?? "host");
    const shape = routeOf({ method: method as "GET", path });
    const limit = limitOf(shape);
    const key = `${who} ${shape}`;
    const at = now();
    let window = windows.get(key);
    if (!window || window.endsAt <= at) windows.set(key, (window = { count: 0, endsAt: at + windowMs }));
    const refused = options.rateLimits !== false && window.count >= limit;
    if (!refused) window.count += 1;
    const resetMs = window.endsAt - at;
    return {
      refused,
      resetMs,
      headers: {
        "x-ratelimit-limit": String(limit),
        "x-ratelimit-bucket": bucketId(key),
        "x-ratelimit-remaining": String(options.rateLimits === false ? limit : Math.max(limit - window.count, 0)),
        "x-ratelimit-reset-after": String(resetMs),
      },
    };
  };
}

function limitOf(shape: string): number {
  const [noun = ""] = shape.split("/");
  const limits: Readonly<Record<string, number>> = {
    bots: 10,
    send: 10,
    channel: 15,
    server: 5,
    profile: 2,
    users: 20,
    auth: 15,
    "auth-delete": 255,
    upload: 10,
  };
  return limits[noun] ?? 20;
}

/** 64 bits: more than a JSON number carries. */
function bucketId(text: string): string {
  let hash = 14_695_981_039_346_656_037n;
  for (const char of text) hash = ((hash ^ BigInt(char.charCodeAt(0))) * 1_099_511_628_211n) % 2n ** 64n;
  return String(hash);
}
