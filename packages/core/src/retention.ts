import type { Clock, Log } from "@botyard/sdk";
import type { Store } from "./store/types.ts";

/** How long what is kept is kept, in milliseconds; null or absent: for ever. */
export interface Retention {
  readonly eventsMs: number | null;
  readonly rawMs: number | null;
  readonly auditMs?: number | null;
  readonly ledgerMs?: number | null;
  /** Bytes of the database, beyond which the oldest events go. */
  readonly maxBytes?: number | null;
}

const everyMs = 3_600_000;

/** Removes what is too old or too much, every hour, until the signal aborts. A failure is logged and tried again. */
export async function keepTrimmed(parts: {
  readonly store: Pick<Store, "trim">;
  readonly clock: Clock;
  readonly logger: Log;
  readonly retention: Retention;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { store, clock, signal } = parts;
  const { eventsMs, rawMs, auditMs, ledgerMs, maxBytes } = parts.retention;
  const before = (name: "events" | "raw" | "audit" | "effects", ms: number | null | undefined) =>
    ms === null || ms === undefined ? {} : { [name]: new Date(clock.now() - ms).toISOString() };
  while (!signal.aborted) {
    await store
      .trim({
        ...before("events", eventsMs),
        ...before("raw", rawMs),
        ...before("audit", auditMs),
        ...before("effects", ledgerMs),
        ...(maxBytes ? { maxBytes } : {}),
      })
      .catch((error: unknown) => parts.logger.error("old events could not be removed", { error }));
    await clock.sleep(everyMs, signal).catch(() => {});
  }
}
