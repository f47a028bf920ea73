import { BotyardError, type ErrorData } from "@botyard/sdk";
import type { AppendBatch, Appended, EffectRow, EventBody, PendingEvent, RecordPut } from "./types.ts";

// What both stores decide alike, kept apart from how they keep it.

/** Bots of a copy that have not seen the event yet, each once. */
export function unseenBots(seen: Iterable<string>, bots: readonly string[]): readonly string[] {
  if (bots.length === 0) return bots;
  const known = new Set(seen);
  if (known.size === 0 && bots.length === 1) return bots;
  return [...new Set(bots)].filter((bot) => !known.has(bot));
}

/**
 * What becomes of an event that is decoded again and whose key is taken: `fresh`, where it is understood only now; `copy`,
 * where it came in by decoding or history and may gain bots; else `kept`. `stored`: the body there, as JSON.
 */
export function decodedAgain(
  stored: string | null,
  { body }: PendingEvent,
  { copies }: Pick<AppendBatch, "copies">,
): "fresh" | "copy" | "kept" {
  if (stored === null) return "kept";
  const { type, backfilled } = JSON.parse(stored) as EventBody;
  if (type === "platform.unknown" && body.type !== "platform.unknown") return "fresh";
  return copies && backfilled ? "copy" : "kept";
}

/** A row as it is kept: one that failed without any effect gives its idempotency key back. */
export function keptEffect(row: EffectRow): EffectRow {
  return row.state === "failed" && row.effect === "none" && row.idempotencyKey !== null
    ? { ...row, idempotencyKey: null }
    : row;
}

const notTried: ErrorData = {
  code: "cancelled",
  detail: "the service stopped before this was tried; nothing was done, so it can be sent again",
  details: { effect: "none" },
};

const interrupted: ErrorData = {
  code: "internal",
  detail: "the service stopped while this was under way; the chat server may have done it, so do not send it again",
  details: { effect: "unknown" },
};

/** What a row left over by a crash becomes; null where it was settled, and where it waits in the queue still. */
export function recoveredEffect(row: EffectRow, now: string): EffectRow | null {
  if (row.state === "attempting") {
    return { ...row, state: "unknown", effect: "unknown", error: row.error ?? interrupted, updatedAt: now };
  }
  if (row.state === "accepted" && row.call?.why === "queue") return null;
  if (row.state === "accepted") {
    return keptEffect({
      ...row,
      state: "failed",
      effect: "none",
      error: notTried,
      settledBy: "restart",
      updatedAt: now,
    });
  }
  return null;
}

/** The changes that follow from those events of a batch that came for the first time. */
export function freshRecords(batch: AppendBatch, appended: readonly Appended[]): readonly RecordPut[] {
  const puts: RecordPut[] = [];
  for (const [at, { records }] of batch.events.entries())
    if (records !== undefined && appended[at]?.outcome === "fresh") puts.push(...records);
  return puts;
}

/** For a record that must be absent. */
export function takenError(kind: string, id: string): BotyardError {
  return new BotyardError("conflict", `there is a ${kind} "${id}" already; choose another name or change that one`);
}

/** For a change of a row that is not there: a mistake of ours, never of the caller. */
export function noEffectError(id: string): BotyardError {
  return new BotyardError("internal", `the ledger has no row ${id}; nothing was changed`);
}

/** Random part of every cursor of a new log: six of 0-9 a-z. */
export function newLogId(): string {
  const digits = "0123456789abcdefghijklmnopqrstuvwxyz";
  return Array.from(crypto.getRandomValues(new Uint8Array(6)), (byte) => digits.charAt(byte % 36)).join("");
}

/** Attempts that are kept of each webhook. */
export const attemptsKept = 1000;
