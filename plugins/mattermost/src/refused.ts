import { isBotyardError } from "@botyard/sdk";
import * as api from "./api.ts";
import type { Context } from "./context.ts";
import { orUndefined } from "./request.ts";
import { allTokens } from "./tokens.ts";

/** Slower and slower: somebody may never switch it on again. */
const waitsMs = [60_000, 300_000, 900_000] as const;

/**
 * What the server's rows say of a bot and its tokens, asked with the admin token: a text that changes when anything does
 * that may make a refused token work again.
 */
export async function standing(context: Context, handle: string, signal: AbortSignal): Promise<string> {
  const bot = (await context.host.bots.list()).find((one) => one.handle === handle);
  if (!bot?.nativeId) return "no such bot";
  try {
    const on = await context.admin(signal);
    const row = await orUndefined(api.getBot(on, bot.nativeId));
    const account = await orUndefined(api.getUser(on, bot.nativeId));
    const tokens = await allTokens(on, bot.nativeId);
    const ours = tokens.map((one) => `${one.id} ${one.is_active}`).toSorted();
    return JSON.stringify([row?.delete_at, account?.delete_at, ...ours]);
  } catch (error) {
    if (!isBotyardError(error)) throw error;
    return `not known: ${error.code}`;
  }
}

/**
 * Looks whether anything changed since the token of a bot was refused with this standing, by itself and whenever
 * `context.recheck` is called, until the signal aborts. A change is reported as `ready`, so that the core opens the
 * socket again; the refused token itself is not tried before.
 */
export function watchRefused(context: Context, handle: string, before: string): void {
  const { host, recheck } = context;
  const look = async (): Promise<void> => {
    if (recheck.get(handle) !== look || (await standing(context, handle, host.signal)) === before) return;
    if (recheck.get(handle) !== look) return;
    recheck.delete(handle);
    host.report({ kind: "bot", bot: handle }, { state: "ready" });
  };
  recheck.set(handle, look);
  void (async () => {
    for (let n = 0; recheck.get(handle) === look; n += 1) {
      await host.clock.sleep(waitsMs[Math.min(n, waitsMs.length - 1)] ?? 900_000, host.signal);
      await look().catch((error: unknown) =>
        host.log.warn("whether a refused token works again could not be seen", { bot: handle, error }),
      );
    }
  })().catch(() => {});
}
