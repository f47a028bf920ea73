import type { AuditRow, Store } from "../types.ts";
import type { Database } from "./database.ts";

/** Methods of the store about the audit. */
export interface AuditStore {
  readonly methods: Pick<Store, "appendAudit" | "listAudit">;
  /** Inside a transaction of the caller. */
  trim(before: string): void;
}

export function createAuditStore(db: Database): AuditStore {
  const columns = "time, request, key, operation, connection, bot, room, answer";
  const insert = db.query(`insert into audit (${columns}) values (?, ?, ?, ?, ?, ?, ?, ?)`);
  const list = db.query<AuditRow & { readonly n: number }>(
    `select n, ${columns} from audit where n < ?1 and (?2 is null or key = ?2) and (?3 is null or operation glob ?3)
     and (?4 is null or connection = ?4) and (?5 is null or answer = ?5 or (?5 = 'error' and answer <> 'ok'))
     and (?6 is null or time >= ?6) order by n desc limit ?7`,
  );
  const drop = db.query("delete from audit where n < coalesce((select min(n) from audit where time >= ?), ?)");

  return {
    methods: {
      async appendAudit(rows) {
        db.tx(() => {
          for (const row of rows) {
            const { time, request, key, operation, connection, bot, room, answer } = row;
            insert.run(time, request, key, operation, connection, bot, room, answer);
          }
        });
      },
      async listAudit({ key, operation, connection, answer, since, before, limit }) {
        const from = before ?? Number.MAX_SAFE_INTEGER;
        return list.all(from, key, operation, connection, answer, since, limit).map((row) => ({ ...row }));
      },
    },
    trim(before) {
      drop.run(before, Number.MAX_SAFE_INTEGER);
    },
  };
}
