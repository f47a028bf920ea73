import { fail, type Reply } from "./envelope.ts";
import type { World } from "./model.ts";

const hour = 3_600_000;

function live(world: World): number[] {
  world.attempts = world.attempts.filter((at) => world.now() - at < 12 * hour);
  return world.attempts;
}

/** 0.1 · 2^n seconds after n wrong calls, at most 25. */
export function delayAfter(attempts: number): number {
  return attempts === 0 ? 0 : Math.min(25_000, 100 * 2 ** attempts);
}

export function currentDelay(world: World): number {
  return delayAfter(live(world).length);
}

/** More than 10 wrong calls within 30 minutes: blocked, right signatures too. */
export function blocked(world: World): Reply | null {
  const recent = live(world).filter((at) => world.now() - at < hour / 2);
  return recent.length > 10 ? fail(429, [], "Reached maximum delay") : null;
}

/** Sleeps are not slept, only told: the header holds that before the call and, where it was wrong, that after it. */
export function slept(world: World, reply: Reply, before: number, wrong: boolean): Reply {
  if (wrong) world.attempts.push(world.now());
  const total = before + (wrong ? currentDelay(world) : 0);
  if (total === 0) return reply;
  return { ...reply, headers: { ...reply.headers, "X-Nextcloud-Bruteforce-Throttled": `${total}ms` } };
}
