/**
 * The closed table of error codes: HTTP status, process exit code and a title for people.
 * Everything that can go wrong is one of these; a plugin maps its server's answers onto them.
 */
export const errorTable = {
  invalid: { status: 400, exit: 2, title: "Invalid input" },
  unsupported: { status: 422, exit: 6, title: "Not supported here" },
  unsupported_param: { status: 422, exit: 6, title: "Field not supported here" },
  unauthenticated: { status: 401, exit: 3, title: "Not authenticated" },
  forbidden: { status: 403, exit: 3, title: "Forbidden" },
  not_found: { status: 404, exit: 4, title: "Not found" },
  conflict: { status: 409, exit: 5, title: "Conflict" },
  gone: { status: 410, exit: 4, title: "Gone" },
  too_large: { status: 413, exit: 2, title: "Too large" },
  rate_limited: { status: 429, exit: 8, title: "Rate limited" },
  timeout: { status: 504, exit: 9, title: "Timed out" },
  unreachable: { status: 502, exit: 9, title: "Server unreachable" },
  upstream: { status: 502, exit: 9, title: "The chat server failed" },
  operator_required: { status: 409, exit: 7, title: "Waiting for a step on the server" },
  cancelled: { status: 499, exit: 130, title: "Cancelled" },
  plugin_failed: { status: 502, exit: 9, title: "The platform plugin failed" },
  internal: { status: 500, exit: 1, title: "Internal error" },
} as const satisfies Record<string, { status: number; exit: number; title: string }>;

export type ErrorCode = keyof typeof errorTable;

export const errorCodes = Object.keys(errorTable) as readonly ErrorCode[];

/** Exit code of a failure whose effect on the server is not known; wins over the code's own. */
export const exitEffectUnknown = 10;

/** What a failed call did on the server: `none` proves that nothing happened; `unknown` must never be repeated blindly. */
export type Outcome = "none" | "applied" | "unknown";

/** One field that was refused: never carries the value that was sent. */
export interface FieldIssue {
  readonly path: string;
  readonly expected: string;
}

export interface ErrorDetails {
  readonly effect?: Outcome;
  /** How long the caller should wait before it tries again. */
  readonly retryAfterMs?: number;
  /** The chat server's own answer, by status and code; its text goes to the log only. */
  readonly upstream?: { readonly status?: number; readonly code?: string };
  /** One line that mends it, ready to paste. */
  readonly fix?: string;
  /** Another way to what the caller probably wanted. */
  readonly instead?: string;
  readonly issues?: readonly FieldIssue[];
  /** Ledger row of the call, where one exists: `op_…`. */
  readonly operation?: string;
  /** Steps that block the call. */
  readonly steps?: readonly string[];
  /** What the key may do instead, for `forbidden`. */
  readonly allowed?: Readonly<Record<string, readonly string[]>>;
  /** First cursor still kept, for `gone`. */
  readonly oldest?: string;
  /** The request that failed, where another Botyard answered: `req_…`. */
  readonly request?: string;
  readonly cause?: unknown;
}

const brand = Symbol.for("botyard.error");

/** The only error that crosses Botyard's boundaries. Recognised by brand, because a plugin may carry its own copy of the SDK. */
export class BotyardError extends Error {
  readonly [brand] = true;
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, detail: string, details: ErrorDetails = {}) {
    super(detail, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "BotyardError";
    this.code = code;
    this.details = details;
  }

  get effect(): Outcome {
    return this.details.effect ?? "none";
  }
}

export function isBotyardError(value: unknown): value is BotyardError {
  return typeof value === "object" && value !== null && (value as Record<symbol, unknown>)[brand] === true;
}

/** An error as plain data, for a process boundary. The cause stays behind. */
export interface ErrorData {
  readonly code: ErrorCode;
  readonly detail: string;
  readonly details: Omit<ErrorDetails, "cause">;
}

export function toErrorData(error: BotyardError): ErrorData {
  const { cause: _, ...details } = error.details;
  return { code: error.code, detail: error.message, details };
}

export function fromErrorData(data: ErrorData): BotyardError {
  return new BotyardError(data.code, data.detail, data.details);
}

/** RFC 9457 problem, `application/problem+json`; the CLI prints the same object with `--json`. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: ErrorCode;
  readonly detail: string;
  readonly effect: Outcome;
  readonly request: string;
  readonly operation?: string;
  readonly retryAfterMs?: number;
  readonly upstream?: { readonly status?: number; readonly code?: string };
  readonly steps?: readonly string[];
  readonly issues?: readonly FieldIssue[];
  readonly fix?: string;
  readonly instead?: string;
  readonly allowed?: Readonly<Record<string, readonly string[]>>;
  readonly oldest?: string;
}

export function toProblem(error: BotyardError, request: string): Problem {
  const { title, status } = errorTable[error.code];
  const { cause: _, effect: __, ...details } = error.details;
  return {
    type: `/docs/errors#${error.code}`,
    title,
    status,
    code: error.code,
    detail: error.message,
    effect: error.effect,
    request,
    ...details,
  };
}

/** @see errorTable, exitEffectUnknown */
export function exitCodeOf(problem: Pick<Problem, "code" | "effect">): number {
  return problem.effect === "unknown" ? exitEffectUnknown : errorTable[problem.code].exit;
}
