import type { PendingRaw, RawRow, Store } from "../types.ts";
import type { Database } from "./database.ts";

interface Columns {
  readonly n: number;
  readonly via: string;
  readonly id: string | null;
  readonly committed_at: string;
  readonly bots: string | null;
  readonly bytes: Uint8Array;
  readonly earlier: string | null;
}

/** In the order of the bytes, oldest first; the last number is that of its bytes. */
type Earlier = readonly (readonly [
  via: string,
  id: string | null,
  committedAt: string,
  bots: readonly string[] | null,
  bytes: number,
])[];

/** Intakes that become one row. */
const mostInRow = 64;
const mostBytes = 262_144;

/** Raw intakes. `keep`, `trim…` run inside a transaction of the caller. */
export interface RawStore {
  readonly methods: Pick<Store, "listRaw">;
  /**
   * Those that come together are sealed together, a row for each connection: sealing and writing each alone would cost a
   * webhook as much as its event. Numbered in this order.
   */
  keep(raws: readonly PendingRaw[]): void;
  trim(before: string): void;
  /** Deletes those committed until then; returns how many rows. */
  trimTo(until: string): number;
  /** Deletes this many of the oldest rows; returns how many. */
  trimOldest(most: number): number;
}

export function createRawStore(db: Database): RawStore {
  const insert = db.query(
    "insert into raw (n, connection, via, id, committed_at, bots, bytes, earlier) values (?, ?, ?, ?, ?, ?, ?, ?)",
  );
  const newest = db.query<{ n: number }>("select coalesce(max(n), 0) as n from raw");
  const drop = db.query(
    `delete from raw where n < coalesce(
       (select n from raw where committed_at >= ? order by n limit 1), (select max(n) + 1 from raw))`,
  );
  const dropTo = db.query("delete from raw where committed_at <= ?");
  const dropOldest = db.query("delete from raw where n in (select n from raw order by n limit ?)");
  const columns = "select n, via, id, committed_at, bots, bytes, earlier from raw where connection = ?1";
  // A row's number is that of its last intake.
  const before = db.query<Columns>(
    `${columns} and n < ?2 + ${mostInRow} and n - coalesce(json_array_length(earlier), 0) < ?2 order by n desc limit ?3`,
  );
  const after = db.query<Columns>(`${columns} and n > ?2 order by n limit ?3`);

  let known: { last: number; readonly undone: number } | null = null;
  /** This process alone writes: the file is asked at first, and after something was undone. */
  const numbers = (): { last: number } => {
    if (known?.undone !== db.undone()) known = { last: newest.get()?.n ?? 0, undone: db.undone() };
    return known;
  };

  const keepRow = (row: readonly PendingRaw[]): void => {
    const last = row.at(-1);
    if (last === undefined) return;
    const { connection, via, id, committedAt, bots, seal } = last;
    const earlier: Earlier = row
      .slice(0, -1)
      .map((raw) => [raw.via, raw.id, raw.committedAt, raw.bots ?? null, raw.bytes.byteLength]);
    const bytes = row.length === 1 ? last.bytes : Buffer.concat(row.map((raw) => raw.bytes));
    const n = numbers();
    n.last += row.length;
    insert.run(
      n.last,
      connection,
      via,
      id,
      committedAt,
      bots ? JSON.stringify(bots) : null,
      seal(bytes),
      earlier.length === 0 ? null : JSON.stringify(earlier),
    );
  };

  return {
    keep(raws) {
      let row: PendingRaw[] = [];
      let bytes = 0;
      for (const raw of raws) {
        bytes += raw.bytes.byteLength;
        if (row.length === mostInRow || bytes > mostBytes || (row[0] && row[0].connection !== raw.connection)) {
          keepRow(row);
          row = [];
          bytes = raw.bytes.byteLength;
        }
        row.push(raw);
      }
      keepRow(row);
    },
    trim: (time) => void drop.run(time),
    trimTo: (until) => dropTo.run(until),
    trimOldest: (most) => dropOldest.run(most),
    methods: {
      async listRaw({ connection, before: end = Number.MAX_SAFE_INTEGER - mostInRow, after: start, limit }) {
        if (start === undefined)
          return before
            .all(connection, end, limit)
            .flatMap((row) => toRows(connection, row).reverse())
            .filter(({ n }) => n < end)
            .slice(0, limit);
        return after
          .all(connection, start, limit)
          .flatMap((row) => toRows(connection, row))
          .filter(({ n }) => n > start)
          .slice(0, limit);
      },
    },
  };
}

/** Oldest first. */
function toRows(connection: string, row: Columns): RawRow[] {
  const { n, via, id, committed_at: committedAt, bytes: sealed } = row;
  const bots = row.bots === null ? null : (JSON.parse(row.bots) as string[]);
  const whole = { n, connection, via, id, committedAt, bots, sealed };
  if (row.earlier === null) return [{ ...whole, part: null }];
  const earlier = JSON.parse(row.earlier) as Earlier;
  let from = 0;
  const rows: RawRow[] = earlier.map(([theirVia, theirId, theirTime, theirBots, size], at) => {
    const part = [from, (from += size)] as const;
    const about = { via: theirVia, id: theirId, committedAt: theirTime, bots: theirBots };
    return { ...whole, ...about, n: n - earlier.length + at, part };
  });
  return [...rows, { ...whole, part: [from, null] }];
}
