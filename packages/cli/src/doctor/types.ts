import type { Client } from "@botyard/client";

/** `ok`: fine. `i`: worth knowing. `wait`: not done yet, by itself. `FAIL`: broken. `-`: could not be looked at. */
export type LineState = "ok" | "i" | "wait" | "FAIL" | "-";

export interface Line {
  /** `credential` */
  readonly subject: string;
  readonly state: LineState;
  readonly detail: string;
  readonly fix?: string;
  /** The fault alone, where the detail says more than that. */
  readonly cause?: string;
  /** What happens by itself once the cause is gone. */
  readonly later?: string;
}

export interface Diagnosis {
  readonly lines: readonly Line[];
  /** The first failure, in the order of the walk. */
  readonly cause?: string;
  readonly fix?: string;
  /** What happens by itself after the fix. */
  readonly after?: string;
}

/** What the walk looks at. */
export interface Patient {
  readonly client: Client;
  readonly now: number;
  readonly connection: string;
  readonly bot: string | null;
  readonly room: string | null;
}
