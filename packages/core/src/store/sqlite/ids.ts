import type { Database } from "./database.ts";

/**
 * Finds events by their ids without an index, of which each event would write a page: ids grow with their positions, so
 * that halving finds them. Those that do not follow the one before, and all of a file of before, stand in a table. What
 * is called here runs inside a transaction of the caller, `find` apart.
 */
export interface Ids {
  /** The largest id so far of those that grow; "" for none. */
  last(): string;
  /** An event was written; answers what `last` is now. */
  note(id: string, seq: number, last: string): string;
  find(id: string, head: number): number | null;
  /** Positions up to this one were deleted, except those that a later copy still needs. */
  trimmed(end: number): void;
}

export function createIds(db: Database): Ids {
  // What lies up to here stands in the table, whole.
  const since = db.query<{ value: number }>("select value from meta where name = 'ordered'").get()?.value ?? 0;
  const growing = "id is not null and not exists (select 1 from log_odd_id odd where odd.id = log.id)";
  const newest = db.query<{ id: string }>(`select id from log where seq > ? and ${growing} order by seq desc limit 1`);
  const from = db.query<{ seq: number; id: string }>(
    `select seq, id from log where seq >= ? and ${growing} order by seq limit 1`,
  );
  const insert = db.query("insert into log_odd_id (id, seq) values (?, ?)");
  const odd = db.query<{ seq: number }>("select seq from log_odd_id where id = ?");
  const drop = db.query(
    "delete from log_odd_id where seq <= ? and not exists (select 1 from log where log.seq = log_odd_id.seq)",
  );

  return {
    last: () => newest.get(since)?.id ?? "",
    note(id, seq, last) {
      if (id > last) return id;
      insert.run(id, seq);
      return last;
    },
    find(id, head) {
      let low = since;
      let high = head;
      while (low < high) {
        const middle = Math.floor((low + high) / 2) + 1;
        const row = from.get(middle);
        if (row?.id === id) return row.seq;
        if (row === null || row.id > id) high = middle - 1;
        else low = row.seq;
      }
      return odd.get(id)?.seq ?? null;
    },
    trimmed: (end) => void drop.run(end),
  };
}
