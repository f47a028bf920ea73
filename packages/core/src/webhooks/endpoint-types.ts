import type { Clock, Log } from "@botyard/sdk";
import type { EventFilter, EventLog } from "../log/types.ts";
import type { DeliveryRow, DeliveryState, Store } from "../store/types.ts";
import type { PostAnswer } from "./post.ts";

export interface EndpointParts {
  readonly name: string;
  readonly log: EventLog;
  readonly store: Pick<Store, "saveDeliveries" | "readPositions">;
  readonly clock: Clock;
  readonly logger: Log;
  readonly filter: EventFilter;
  readonly maxAgeMs: number | null;
  readonly state: DeliveryState;
  /** Rows that wait, by seq. */
  readonly rows: readonly DeliveryRow[];
  /** Signs and posts. */
  readonly send: (message: { readonly id: string; readonly body: string }, signal: AbortSignal) => Promise<PostAnswer>;
  /** Fit to be kept and shown. */
  readonly snippet: (text: string | null) => string | null;
  /** It answered 410. */
  readonly gone: () => void;
  readonly random?: () => number;
}

/** Delivers the log to one webhook until it is stopped. Nothing it waits for holds up another one. */
export interface Endpoint {
  state(): DeliveryState;
  /** What waits is tried at once. */
  hurry(): void;
  /** These, again: dead ones, or events by their place in the log. */
  again(rows: readonly DeliveryRow[]): void;
  range(after: number, until: number): void;
  /** Waits this long for what is under way; what is left then comes again after the next start. */
  stop(drainMs: number): Promise<void>;
}
