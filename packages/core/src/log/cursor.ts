import { BotyardError } from "@botyard/sdk";
import { formatDuration } from "../config/duration.ts";

const pattern = /^c_([0-9a-z]{3,8})_(0|[1-9]\d{0,15})$/;

/** `c_7f2_4812`: go on after position 4812 of log 7f2. */
export function formatCursor(logId: string, seq: number): string {
  return `c_${logId}_${seq}`;
}

/** The position of a cursor. Throws `invalid` for one that is malformed, of another log, or ahead of this one. */
export function parseCursor(text: string, log: { readonly logId: string; readonly headSeq: number }): number {
  const [, logId, digits] = pattern.exec(text) ?? [];
  const seq = Number(digits);
  if (logId === undefined || !Number.isSafeInteger(seq)) {
    throw invalid("this is no cursor; it looks like c_7f2_4812 and comes with every page of events");
  }
  if (logId !== log.logId) {
    throw invalid("this cursor is of another event log, of another data directory or from before it was made anew");
  }
  if (seq > log.headSeq) {
    throw invalid("this cursor is ahead of the event log; the database was probably put back from a backup");
  }
  return seq;
}

function invalid(detail: string): BotyardError {
  return new BotyardError("invalid", detail, {
    fix: "begin with oldest, now or a time like 2026-11-20T08:00:00Z, and keep the cursors you get from there",
    issues: [{ path: "cursor", expected: "a cursor of this log" }],
  });
}

/** For a position that was not given yet. */
export function aheadError(head: number): BotyardError {
  return new BotyardError("invalid", `the event log ends at ${head}; nothing was given that position yet`, {
    fix: "begin with now",
    issues: [{ path: "start", expected: `at most ${head + 1}` }],
  });
}

/** For a place that is no longer kept. `oldest` is the cursor from which everything kept can still be read. */
export function goneError(options: {
  readonly oldest: string;
  /** When the oldest event that is kept was stored. */
  readonly since: string;
  /** Milliseconds; null: for ever. */
  readonly retentionMs: number | null;
}): BotyardError {
  const { oldest, since, retentionMs } = options;
  const retention = retentionMs === null ? "" : ` (retention ${formatDuration(retentionMs)})`;
  return new BotyardError("gone", `events before ${since.slice(0, 10)} are no longer kept${retention}`, {
    oldest,
    fix: `go on from the oldest that is kept: ${oldest}; what lies between is lost for this reader`,
  });
}
