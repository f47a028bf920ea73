import { decodedAgain, unseenBots } from "../rules.ts";
import type { AppendBatch, Appended, EventBody, PendingEvent, Position, Store, StoreInfo } from "../types.ts";
import { blockOf, createBlocks, withinBlock } from "./blocks.ts";
import type { Database } from "./database.ts";
import { createIds } from "./ids.ts";

interface PositionRow {
  readonly seq: number;
  readonly first_seq: number | null;
  readonly committed_at: string;
  readonly bots: string;
  readonly body: string;
}

/** Methods of the store about the event log; `append` and `forget` run inside a transaction of the caller. */
export interface LogStore {
  readonly methods: Pick<Store, "readPositions" | "getEvent" | "seqBefore">;
  append(batch: AppendBatch): readonly Appended[];
  forget(connection: string): void;
  bounds(): Pick<StoreInfo, "headSeq" | "oldestSeq">;
  /** Deletes at most this many positions committed before; returns how many. */
  trimSome(before: string, most: number): number;
  /** Deletes this many of the oldest positions; `until`: when the last of them was committed. */
  trimOldest(most: number): { readonly positions: number; readonly until: string | null };
}

/** What is remembered of the file. */
interface Edges {
  head: number;
  readonly trimmed: number;
  readonly undone: number;
  readonly noted: Map<string, number>;
  lastId: string;
}

const noBots = "[]";

/** As it is and not hashed: the ids of most servers grow, so that neighbours share a page of the index. */
function bytesOf(key: string): Uint8Array {
  return Buffer.from(key);
}

export function createLogStore(db: Database): LogStore {
  const bounds = db.query<{ head: number; trimmed: number }>(
    `select max(trimmed, last) as head, trimmed from
     (select (select value from meta where name = 'trimmed') as trimmed, coalesce((select max(seq) from log), 0) as last)`,
  );
  const insert = db.query(
    `insert into log (seq, connection, committed_at, bots, id, key, body) values (?, ?, ?, ?, ?, ?, ?)
     on conflict (key) where key is not null do nothing`,
  );
  const insertCopy = db.query(
    "insert into log (seq, first_seq, connection, committed_at, bots) values (?, ?, ?, ?, ?)",
  );
  const byKey = db.query<{ seq: number; id: string }>("select seq, id from log where key = ?");
  const at = db.query<PositionRow>("select seq, first_seq, committed_at, bots, body from log where seq = ?");
  const botsOf = db.query<{ bots: string }>(
    "select bots from log where seq = ?1 union all select bots from log where first_seq = ?1 order by 1",
  );
  const columns = "select p.seq, p.first_seq, p.committed_at, p.bots, coalesce(p.body, f.body) as body";
  const first = "left join log f on f.seq = p.first_seq";
  const kept = "p.seq > max(?1, (select value from meta where name = 'trimmed'))";
  const read = db.query<PositionRow>(`${columns} from log p ${first} where ${kept} order by p.seq limit ?2`);
  // Cross: the blocks are the outer loop, so that nothing has to be sorted.
  const readOf = db.query<PositionRow>(
    `${columns} from log_block b cross join log p on ${withinBlock("?1")} ${first}
     where b.connection = ?3 and b.block >= ?4 and p.connection = ?3 and ${kept} order by b.block, p.seq limit ?2`,
  );
  const from = db.query<{ seq: number; committed_at: string }>(
    "select seq, committed_at from log where seq >= ? order by seq limit 1",
  );
  const unkeyOne = db.query("update log set key = null where seq = ?");
  const bodyAt = db.query<{ body: string | null }>("select body from log where seq = ?");
  const firstKept = db.query<{ seq: number }>(
    "select seq from log where seq > ? and committed_at >= ? order by seq limit 1",
  );
  const count = db.query<{ n: number }>("select count(*) as n from log where seq > ? and seq <= ?");
  // A first position stays, out of sight, as long as a copy needs its body.
  const drop = db.query(
    "delete from log where seq <= ?1 and not exists (select 1 from log c where c.first_seq = log.seq and c.seq > ?1)",
  );
  const setTrimmed = db.query("update meta set value = ? where name = 'trimmed'");

  const blocks = createBlocks(db);
  const ids = createIds(db);
  let known: Edges | null = null;
  /** This process alone writes: the file is asked at first, and after something was undone or removed. */
  const edges = (): Edges => {
    if (known?.undone !== db.undone())
      known = {
        ...(bounds.get() ?? { head: 0, trimmed: 0 }),
        undone: db.undone(),
        noted: new Map(),
        lastId: ids.last(),
      };
    return known;
  };
  const seenBy = (seq: number): string[] => botsOf.all(seq).flatMap(({ bots }) => JSON.parse(bots) as string[]);

  const toPosition = (row: PositionRow): Position => ({
    seq: row.seq,
    first: row.first_seq === null,
    bots: row.bots === noBots ? [] : (JSON.parse(row.bots) as string[]),
    committedAt: row.committed_at,
    body: JSON.parse(row.body) as EventBody,
  });

  let last: { readonly bots: readonly string[]; readonly text: string } = { bots: [], text: noBots };
  /** Neighbours mostly have the same bots. */
  const textOf = (bots: readonly string[]): string => {
    if (bots.length === 0) return noBots;
    if (bots.length !== last.bots.length || bots.some((bot, at) => bot !== last.bots[at]))
      last = { bots, text: JSON.stringify(bots) };
    return last.text;
  };

  const appendOne = (batch: AppendBatch, event: PendingEvent, seq: number): Appended => {
    const { connection, committedAt } = batch;
    const bots = textOf(unseenBots([], event.bots));
    const { id } = event.body;
    const key = event.key === null ? null : bytesOf(event.key);
    if (insert.run(seq, connection, committedAt, bots, id, key, JSON.stringify(event.body)) > 0) {
      return { outcome: "fresh", id, seq };
    }
    const first = byKey.get(key);
    if (first === null) return { outcome: "duplicate", id, seq: null };
    const again = batch.onlyFresh ? decodedAgain(bodyAt.get(first.seq)?.body ?? null, event, batch) : "copy";
    if (again === "fresh") {
      unkeyOne.run(first.seq);
      insert.run(seq, connection, committedAt, bots, id, key, JSON.stringify(event.body));
      return { outcome: "fresh", id, seq };
    }
    const late = again === "copy" ? unseenBots(seenBy(first.seq), event.bots) : [];
    if (late.length === 0) return { outcome: "duplicate", id: first.id, seq: null };
    insertCopy.run(seq, first.seq, connection, committedAt, JSON.stringify(late));
    return { outcome: "copy", id: first.id, seq };
  };

  return {
    append(batch) {
      const edge = edges();
      const appended = batch.events.map((event) => {
        const result = appendOne(batch, event, edge.head + 1);
        if (result.seq !== null) {
          edge.head = result.seq;
          if (result.outcome === "fresh") edge.lastId = ids.note(result.id, result.seq, edge.lastId);
          blocks.note(batch.connection, result.seq, edge.noted);
        }
        return result;
      });
      return appended;
    },
    forget(connection) {
      blocks.unkey(connection);
    },
    bounds() {
      const { head, trimmed } = edges();
      return { headSeq: head, oldestSeq: trimmed + 1 };
    },
    methods: {
      async readPositions({ after, limit, connection }) {
        const rows =
          connection === undefined ? read.all(after, limit) : readOf.all(after, limit, connection, blockOf(after + 1));
        return rows.map(toPosition);
      },
      async getEvent(id) {
        const seq = ids.find(id, edges().head);
        const row = seq === null ? null : at.get(seq);
        return row && { ...toPosition(row), bots: seenBy(row.seq) };
      },
      async seqBefore(time) {
        const { head, trimmed } = edges();
        let low = trimmed;
        let high = head;
        // Positions follow time, so halving finds the place without an index that each event would have to pay for.
        while (low < high) {
          const middle = Math.floor((low + high) / 2) + 1;
          const row = from.get(middle);
          if (row === null || row.committed_at >= time) high = middle - 1;
          else low = row.seq;
        }
        return low;
      },
    },
    trimSome(before, most) {
      const { head, trimmed } = edges();
      const end = Math.min((firstKept.get(trimmed, before)?.seq ?? head + 1) - 1, trimmed + most);
      if (end <= trimmed) return 0;
      const gone = count.get(trimmed, end)?.n ?? 0;
      drop.run(end);
      setTrimmed.run(end);
      blocks.trimmed(end);
      ids.trimmed(end);
      known = null;
      return gone;
    },
    trimOldest(most) {
      const { head, trimmed } = edges();
      const end = Math.min(head, trimmed + most);
      if (end <= trimmed) return { positions: 0, until: null };
      const positions = count.get(trimmed, end)?.n ?? 0;
      const [last] = read.all(end - 1, 1);
      drop.run(end);
      setTrimmed.run(end);
      blocks.trimmed(end);
      ids.trimmed(end);
      known = null;
      return { positions, until: last?.committed_at ?? null };
    },
  };
}
