import { createHash } from "node:crypto";
import {
  type AnyOperation,
  BotyardError,
  type Capability,
  fromErrorData,
  type Idempotency,
  isBotyardError,
  type LedgerEntry,
  toErrorData,
} from "@botyard/sdk";
import { ulid } from "../ulid.ts";
import type { Core } from "../core.ts";
import type { EffectRow, KeptCall } from "../store/types.ts";
import type { Reply } from "./context.ts";

/** How long an issued secret can be had again by its idempotency key. */
const secretReplayMs = 15 * 60_000;

interface Kept {
  readonly value: unknown;
  readonly status: Reply["status"];
  readonly location?: string;
}

/** Digest of an input; bytes count by type, size and name. */
export function digestOf(operation: string, input: Readonly<Record<string, unknown>>): string {
  const canonical = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(canonical);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .filter(
          ([name]) =>
            name !== "body" || !("body" in value && (value as { body: unknown }).body instanceof ReadableStream),
        )
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, item]) => [name, canonical(item)]),
    );
  };
  return createHash("sha256")
    .update(JSON.stringify([operation, canonical(input)]))
    .digest("hex");
}

export function idempotencyOf(capability: Capability | null, effect: string): Idempotency {
  if (capability && "idempotency" in capability && capability.idempotency) return capability.idempotency;
  return effect === "send" ? { kind: "none" } : { kind: "natural" };
}

/** Whether the platform proves that doing it again under the same key is harmless now. */
export function mayRepeat(idempotency: Idempotency, since: string, now: number): boolean {
  if (idempotency.kind === "natural") return true;
  return (
    idempotency.kind === "replay" && (idempotency.windowMs === null || now - Date.parse(since) < idempotency.windowMs)
  );
}

export type Begun =
  | { readonly kind: "run"; readonly row: EffectRow }
  | { readonly kind: "replay"; readonly value: unknown; readonly reply: Reply };

/**
 * Writes the row before anything is done, or finds what an equal call did before: its answer, a conflict, or its
 * unknown end.
 */
export async function beginEffect(
  core: Core,
  call: Pick<
    EffectRow,
    "operation" | "connection" | "bot" | "room" | "as" | "scope" | "idempotencyKey" | "digest" | "request"
  > & {
    readonly secretOutput: boolean;
    readonly idempotency: Idempotency;
    /** For calls that outlive this process: what the row keeps of it, by the row's id. */
    readonly keep?: ((id: string) => KeptCall) | undefined;
    /** The attempt follows at once: one write says both. */
    readonly begins: boolean;
  },
): Promise<Begun> {
  const { secretOutput, idempotency, keep, begins, ...about } = call;
  const now = core.now();
  const id = `op_${ulid()}`;
  const fresh: EffectRow = {
    ...about,
    id,
    ...(keep ? { call: keep(id) } : {}),
    effectId: ulid(),
    state: begins ? "attempting" : "accepted",
    effect: "none",
    attempts: begins ? 1 : 0,
    createdAt: now,
    updatedAt: now,
    result: null,
    sealed: false,
    error: null,
    settledBy: null,
  };
  const { row, created } = await core.store.beginEffect(fresh);
  if (created) return { kind: "run", row };
  if (row.digest !== about.digest)
    throw new BotyardError(
      "conflict",
      `the idempotency key was used for another ${about.operation} before; take a new key for new input`,
      { operation: row.id },
    );
  switch (row.state) {
    case "accepted":
    case "attempting":
      throw new BotyardError("conflict", "a call with this idempotency key is still running", {
        retryAfterMs: 1000,
        operation: row.id,
      });
    case "unknown":
      if (mayRepeat(idempotency, row.createdAt, core.clock.now())) return { kind: "run", row };
      throw unknownError(row.id, "an earlier call with this idempotency key had no answer");
    case "failed":
      throw row.error
        ? withOperation(fromErrorData(row.error), row.id)
        : new BotyardError("upstream", "the call failed", { operation: row.id });
    case "done": {
      if (secretOutput && core.clock.now() - Date.parse(row.updatedAt) > secretReplayMs)
        throw new BotyardError(
          "conflict",
          "the secret was issued already and is shown for 15 minutes only; rotate it to get a new one",
          { operation: row.id },
        );
      const kept = openResult(core, row);
      return {
        kind: "replay",
        value: kept.value,
        reply: { status: kept.status, replayed: true, ...(kept.location ? { location: kept.location } : {}) },
      };
    }
  }
}

export function openResult(core: Pick<Core, "sealer">, row: EffectRow): Kept {
  if (row.result === null) return { value: {}, status: 200 };
  return JSON.parse(row.sealed ? core.sealer.open(`effect/${row.id}`, row.result) : row.result) as Kept;
}

export function sealResult(
  core: Pick<Core, "sealer">,
  id: string,
  kept: Kept,
  secret: boolean,
): Pick<EffectRow, "result" | "sealed"> {
  const text = JSON.stringify(kept);
  return secret ? { result: core.sealer.seal(`effect/${id}`, text), sealed: true } : { result: text, sealed: false };
}

/** A row that has ended keeps no input. */
export const ended = (row: EffectRow): Pick<EffectRow, "call"> => (row.call ? { call: null } : {});

export async function settleDone(
  core: Core,
  row: EffectRow,
  kept: Kept,
  { effect, secretOutput }: Pick<AnyOperation, "effect" | "secretOutput">,
): Promise<void> {
  const patch = {
    state: "done",
    effect: "applied",
    updatedAt: core.now(),
    error: null,
    settledBy: "answer",
    ...ended(row),
    ...sealResult(core, row.id, kept, secretOutput ?? false),
  } as const;
  // That it is on its way is on disk, and so nothing sends it twice. What became of a send its server knows too.
  await core.store.updateEffect(row.id, patch, { syncLater: effect === "send" && !secretOutput });
}

export async function settleFailed(core: Core, row: EffectRow, error: BotyardError): Promise<void> {
  const state = error.effect === "unknown" ? "unknown" : "failed";
  await core.store.updateEffect(row.id, {
    state,
    effect: error.effect,
    updatedAt: core.now(),
    error: toErrorData(error),
    ...(state === "unknown" ? {} : ended(row)),
  });
}

export function unknownError(operation: string, why: string): BotyardError {
  return new BotyardError(
    "timeout",
    `${why}; it may have been done. Do not send again: GET /v1/ledger/${operation}?waitMs=30000`,
    {
      effect: "unknown",
      operation,
      fix: `botyard ledger get ${operation} --wait 30s`,
    },
  );
}

export function withOperation(error: BotyardError, operation: string): BotyardError {
  return new BotyardError(error.code, error.message, { ...error.details, operation });
}

/** An effect that may have happened stays `unknown`, whatever a later attempt says of itself. */
export function keepUnknown(error: BotyardError, unsure: boolean): BotyardError {
  if (!unsure || error.effect !== "none") return error;
  return new BotyardError(error.code, error.message, { ...error.details, effect: "unknown" });
}

export function toLedgerEntry(core: Pick<Core, "sealer">, row: EffectRow): LedgerEntry {
  const value = row.sealed || row.result === null ? null : (openResult(core, row).value as LedgerEntry["result"]);
  return {
    id: row.id,
    operation: row.operation,
    connection: row.connection,
    bot: row.bot,
    room: row.room,
    state: row.state,
    effect: row.effect,
    attempts: row.attempts,
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
    result: value,
    ...(row.error ? { error: { code: row.error.code, detail: row.error.detail } } : {}),
    ...(row.request === undefined ? {} : { request: row.request }),
    ...(row.settledBy ? { settledBy: row.settledBy } : {}),
  };
}

/** Any failure as a BotyardError: what is not one is a defect, and its text stays in the log. */
export function mapError(core: Pick<Core, "logger">, error: unknown, request: string): BotyardError {
  if (isBotyardError(error)) return error;
  core.logger.error("a call failed inside Botyard", { request, error });
  return new BotyardError("internal", `something failed inside Botyard; the log has it under ${request}`, {
    cause: error,
  });
}
