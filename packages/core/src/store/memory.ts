import { createMemoryDeliveries } from "./memory/deliveries.ts";
import { createMemoryLedger } from "./memory/ledger.ts";
import { createMemoryLog } from "./memory/log.ts";
import { createMemoryRecords } from "./memory/records.ts";
import { noFileError } from "./sqlite/backup.ts";
import { freshRecords, newLogId } from "./rules.ts";
import type { Store } from "./types.ts";

/** A store that leaves nothing behind: the demo, tests. What goes in and out is copied, as with a file. */
export function createMemoryStore(): Store {
  const records = createMemoryRecords();
  const log = createMemoryLog();
  const ledger = createMemoryLedger();
  const logId = newLogId();

  return {
    ...records.methods,
    ...log.methods,
    ...ledger.methods,
    ...createMemoryDeliveries(),
    async info() {
      return { logId, schema: 0, ...log.bounds(), bytes: null };
    },
    async forgetConnection(connection) {
      records.forget(connection);
      log.forget(connection);
    },
    async appendEvents(batch) {
      if (batch.records) records.check(batch.records);
      const appended = log.append(batch);
      records.put(freshRecords(batch, appended));
      if (batch.put) records.putEntries(batch.connection, batch.put);
      if (batch.records) records.put(batch.records);
      return appended;
    },
    async trim({ events, raw, audit, effects }) {
      if (raw !== undefined) log.trimRaw(raw);
      if (audit !== undefined) ledger.trimAudit(audit);
      if (effects !== undefined) ledger.trimEffects(effects);
      return events === undefined ? 0 : log.trim(events);
    },
    async disk() {
      return null;
    },
    async backup() {
      throw noFileError();
    },
    async close() {
      // Nothing to let go of.
    },
  };
}
