import type { Acting, ErrorData, Outcome } from "@botyard/sdk";

/** What another process needs to do a call, or to do it again. */
export interface KeptCall {
  /** The validated input as JSON, sealed under `effect/<id>/input` (base64). */
  readonly input: string;
  /** Unix milliseconds. */
  readonly deadline: number;
  /** `queue`: done after a stop when it had not begun. `recover`: done again when its secret was not saved. */
  readonly why: "queue" | "recover";
}

/** How a change of a row is written. */
export interface Writing {
  /** A power cut within some milliseconds of the answer may undo it, and nothing that was answered before. */
  readonly syncLater?: boolean;
}

export interface EffectRow {
  /** `op_…` */
  readonly id: string;
  readonly operation: string;
  readonly connection: string | null;
  readonly bot: string | null;
  readonly room: string | null;
  readonly as: Omit<Acting, "credential"> | null;
  /** Key id the idempotency key is scoped to. */
  readonly scope: string;
  readonly idempotencyKey: string | null;
  /** Digest of the input. */
  readonly digest: string;
  readonly effectId: string;
  readonly state: "accepted" | "attempting" | "done" | "failed" | "unknown";
  readonly effect: Outcome;
  readonly attempts: number;
  readonly createdAt: string;
  readonly updatedAt: string;
  /** The answer with its HTTP status, as JSON; sealed (base64) where it holds a secret. */
  readonly result: string | null;
  readonly sealed: boolean;
  readonly error: ErrorData | null;
  readonly settledBy: "answer" | "history" | "echo" | "restart" | null;
  /** Until it has ended; only of calls that outlive a process. */
  readonly call?: KeptCall | null;
  /** `req_…` that made it; rows of before 0.1.0 have none. */
  readonly request?: string;
}

export interface AuditRow {
  readonly time: string;
  readonly request: string;
  readonly key: string;
  readonly operation: string;
  readonly connection: string | null;
  readonly bot: string | null;
  readonly room: string | null;
  readonly answer: string;
}
