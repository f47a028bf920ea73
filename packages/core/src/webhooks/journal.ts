import type { Clock, Log } from "@botyard/sdk";
import type { AttemptRow, DeliveryRow, DeliveryState, Store } from "../store/types.ts";

/** What has happened to a webhook's deliveries and is not on disk yet: written together, a moment later. */
export interface Journal {
  state(): DeliveryState;
  /** Without its place, which costs more than it is asked for. */
  pace(): Pick<DeliveryState, "level" | "pausedUntil">;
  patch(change: Partial<Omit<DeliveryState, "lastDeliveredAt">>): void;
  row(row: DeliveryRow): void;
  /** The row goes. */
  gone(seq: number): void;
  /** One that delivered is the last delivery. */
  attempt(row: AttemptRow): void;
  /** The place in the log has moved: written down when there is time. */
  moved(): void;
  /** The disk refuses: nothing more should be begun. */
  stuck(): boolean;
  flush(): Promise<void>;
}

/** What a crash may deliver a second time. At the tenths of the clock, so that all webhooks write in one transaction. */
const soonMs = 100;
const laterMs = 5_000;
const againMs = 5_000;

export function createJournal(parts: {
  readonly webhook: string;
  readonly store: Pick<Store, "saveDeliveries">;
  readonly clock: Clock;
  readonly logger: Log;
  readonly state: DeliveryState;
  /** How far it has come, asked when it is written. */
  readonly place: () => Pick<DeliveryState, "seq" | "ranges">;
  /** The disk takes it again. */
  readonly freed: () => void;
}): Journal {
  const { webhook, store, clock, logger } = parts;
  let state = parts.state;
  /** Apart from the state, which would have to be made anew for each delivery. */
  let deliveredAt = parts.state.lastDeliveredAt;
  let rows = new Map<number, DeliveryRow | null>();
  let attempts: AttemptRow[] = [];
  let dirty = false;
  let stuck = false;
  let timer: { readonly ms: number; readonly at: number; readonly abort: AbortController } | null = null;
  let writing: Promise<void> = Promise.resolve();

  const whole = (): DeliveryState => ({ ...state, lastDeliveredAt: deliveredAt, ...parts.place() });

  const write = async (): Promise<void> => {
    timer?.abort.abort();
    timer = null;
    if (!dirty) return;
    const [putting, telling] = [rows, attempts];
    rows = new Map();
    attempts = [];
    dirty = false;
    state = whole();
    try {
      await store.saveDeliveries({
        webhook,
        state,
        rows: [...putting.values()].filter((row) => row !== null),
        gone: [...putting].flatMap(([seq, row]) => (row === null ? [seq] : [])),
        attempts: telling,
      });
      if (stuck) {
        stuck = false;
        parts.freed();
      }
    } catch (error) {
      if (!stuck)
        logger.error("what became of deliveries cannot be stored; no more are made until it can", { webhook, error });
      stuck = true;
      rows = new Map([...putting, ...rows]);
      attempts = [...telling, ...attempts].slice(-1000);
      touch(againMs);
    }
  };
  const flush = (): Promise<void> => (writing = writing.then(write));
  function touch(ms: number): void {
    dirty = true;
    if (timer && timer.ms <= ms) return;
    const now = clock.now();
    const at = Math.floor((now + ms) / soonMs) * soonMs;
    if (timer && timer.at <= at) return;
    timer?.abort.abort();
    const abort = new AbortController();
    timer = { ms, at, abort };
    clock.sleep(at - now, abort.signal).then(flush, () => {}); // replaced by an earlier one
  }

  return {
    state: whole,
    pace: () => state,
    patch(change) {
      state = { ...state, ...change };
      touch(soonMs);
    },
    row(row) {
      rows.set(row.seq, row);
      touch(soonMs);
    },
    gone(seq) {
      rows.set(seq, null);
      touch(soonMs);
    },
    attempt(row) {
      attempts.push(row);
      if (row.outcome === "delivered") deliveredAt = row.time;
      touch(soonMs);
    },
    moved: () => touch(laterMs),
    stuck: () => stuck,
    flush,
  };
}
