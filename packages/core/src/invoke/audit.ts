import type { Core } from "../core.ts";
import type { AuditRow } from "../store/types.ts";

/** Who did what, where, with which answer: written in batches, behind the calls. */
export interface Audit {
  add(row: AuditRow): void;
  /** Resolves when everything added before is kept. */
  flush(): Promise<void>;
}

const flushAfterMs = 200;
const mostWaiting = 500;

export function createAudit(core: Pick<Core, "store" | "logger" | "clock">): Audit {
  let waiting: AuditRow[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  let writing: Promise<void> = Promise.resolve();

  const write = (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    const rows = waiting;
    waiting = [];
    if (rows.length === 0) return writing;
    writing = writing
      .then(() => core.store.appendAudit(rows))
      .catch((error: unknown) => core.logger.error("the audit could not be written", { rows: rows.length, error }));
    return writing;
  };

  return {
    add(row) {
      waiting.push(row);
      if (waiting.length >= mostWaiting) void write();
      else timer ??= setTimeout(() => void write(), flushAfterMs);
    },
    flush: write,
  };
}
