import type { Grant } from "@botyard/sdk";

/** A secret of a webhook. Several while one is being replaced; all that have not expired sign. */
export interface WebhookSecret {
  readonly id: string;
  /** Base64, under `webhook <name> <id>`. */
  readonly sealed: string;
  readonly createdAt: string;
  readonly expiresAt: string | null;
}

/** An address that events are posted to, as it is kept; how it fares is in its DeliveryState. */
export interface WebhookRecord {
  readonly name: string;
  readonly url: string;
  readonly connection: string | null;
  /** `chat/helper` */
  readonly bot: string | null;
  /** Native id. */
  readonly room: string | null;
  readonly type: readonly string[] | null;
  readonly own: boolean;
  readonly maxAgeMs: number | null;
  /** May be on this machine or in a private network. */
  readonly privateNetwork: boolean;
  /** Newest first. */
  readonly secrets: readonly WebhookSecret[];
  readonly disabled: { readonly since: string; readonly reason: string } | null;
  readonly createdAt: string;
  /** Its creator: sees with this grant, ends with this key. */
  readonly key: string;
  readonly grant: Grant;
}

/** How far a webhook has come, and what holds it up. */
export interface DeliveryState {
  /** Everything in the log up to here is delivered, has a row of its own, or does not concern it. */
  readonly seq: number;
  /** Parts of the log that are sent again: after `after`, up to `until`. */
  readonly ranges: readonly { readonly after: number; readonly until: number }[];
  /** Refusals in a row since it was given a rest; 0: it takes what it is sent. */
  readonly level: number;
  readonly since: string;
  readonly pausedUntil: string | null;
  readonly reason: string | null;
  readonly lastDeliveredAt: string | null;
  readonly skipped: number;
  readonly lost: number;
}

/** An event that a webhook refused, that waits behind such a one of its room, or that is no longer tried. */
export interface DeliveryRow {
  readonly seq: number;
  readonly event: string;
  /** What is kept in order: `chat/y1h…`. */
  readonly lane: string;
  readonly state: "waiting" | "dead";
  readonly attempts: number;
  /** ISO 8601; meaningless once dead. */
  readonly nextAt: string;
  readonly reason: string | null;
}

export interface AttemptRow {
  readonly event: string;
  readonly time: string;
  readonly attempt: number;
  readonly outcome: "delivered" | "failed" | "dead";
  readonly status: number | null;
  readonly tookMs: number;
  readonly reason: string | null;
  readonly snippet: string | null;
}

/** What became of a webhook's deliveries since the last time, in one transaction. */
export interface DeliveryChanges {
  readonly webhook: string;
  readonly state?: DeliveryState;
  /** By their seq: made or replaced. */
  readonly rows?: readonly DeliveryRow[];
  /** Rows that go, by seq. */
  readonly gone?: readonly number[];
  readonly attempts?: readonly AttemptRow[];
}

/** What is kept of the deliveries of webhooks. Part of `Store`. */
export interface DeliveryStore {
  saveDeliveries(changes: DeliveryChanges): Promise<void>;
  /** Null before anything was saved. */
  deliveryState(webhook: string): Promise<DeliveryState | null>;
  /** By seq, growing. */
  listDeliveries(query: {
    readonly webhook: string;
    readonly state?: DeliveryRow["state"];
    readonly after?: number;
    readonly limit: number;
  }): Promise<readonly DeliveryRow[]>;
  countDeliveries(webhook: string): Promise<{ readonly waiting: number; readonly dead: number }>;
  /** Newest first, the last thousand of a webhook; `before` is the number of the last row of the page before. */
  listAttempts(query: {
    readonly webhook: string;
    readonly event?: string;
    readonly before?: number;
    readonly limit: number;
  }): Promise<readonly (AttemptRow & { readonly n: number })[]>;
  /** State, rows and attempts; not the record. */
  forgetWebhook(webhook: string): Promise<void>;
}
