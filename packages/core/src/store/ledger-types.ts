import type { Acting, ErrorData, Outcome } from "@botyard/sdk";

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
