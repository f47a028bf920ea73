import type { Clock, Log } from "@botyard/sdk";

export interface Proving {
  readonly everyMs: number;
  /** Whether the homeserver reached us when it was started. */
  readonly ok: boolean;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Lets the homeserver call us; a good answer also makes it deliver at once what it could not. */
  try(): Promise<boolean>;
  /** Reads what was missed since a time. */
  catchUp(since: Date): Promise<unknown>;
}

/**
 * Proves the way from the homeserver to us until the signal ends it. After each outage what may have been lost is read
 * from the rooms' history. Never throws.
 */
export async function keepProving({ everyMs, clock, log, signal, ...way }: Proving): Promise<void> {
  let since = clock.now();
  let { ok } = way;
  for (;;) {
    await clock.sleep(everyMs, signal).catch(() => {});
    if (signal.aborted) return;
    const at = clock.now();
    const good = await way.try().catch(() => false);
    if (signal.aborted) return;
    if (good && !ok) {
      log.info("the homeserver reaches us again", { since: new Date(since).toISOString() });
      await way.catchUp(new Date(since)).catch((error: unknown) => {
        if (!signal.aborted) log.warn("what was missed could not be read", { error });
      });
    } else if (!good && ok) log.warn("the homeserver does not reach us, or we not it");
    if (good) since = at;
    ok = good;
  }
}
