import type { Database } from "./database.ts";

/** Positions in a block. Whoever reads the log of one connection looks at so many rows for nothing at most, each time. */
const size = 256;

export const blockOf = (seq: number): number => Math.floor(seq / size);

/** Of the positions of a block `b`, as a condition on `p.seq`; `after`: what is behind this place only. */
export const withinBlock = (after: string): string =>
  `p.seq >= max(b.block * ${size}, ${after} + 1) and p.seq < (b.block + 1) * ${size}`;

/**
 * Which blocks of the log have positions of which connection: instead of an index, of which each event would write a
 * page. What is called here runs inside a transaction of the caller.
 */
export interface Blocks {
  /** A position was written. `noted`: what this has been told since the file was last asked; the caller keeps it. */
  note(connection: string, seq: number, noted: Map<string, number>): void;
  /** Gives back the ids of these events, so that they may come anew. */
  unkey(connection: string): void;
  /** Positions up to this one were deleted, except those that a later copy still needs. */
  trimmed(end: number): void;
}

export function createBlocks(db: Database): Blocks {
  const insert = db.query("insert into log_block (connection, block) values (?, ?) on conflict do nothing");
  const of = db.query<{ block: number }>("select block from log_block where connection = ?");
  const unkey = db.query(
    "update log set key = null where seq >= ?2 and seq < ?3 and connection = ?1 and key is not null",
  );
  const drop = db.query(
    `delete from log_block where block < ?1 and not exists (
       select 1 from log where seq >= block * ${size} and seq < (block + 1) * ${size} and log.connection = log_block.connection)`,
  );

  return {
    note(connection, seq, noted) {
      const block = blockOf(seq);
      if (noted.get(connection) === block) return;
      insert.run(connection, block);
      noted.set(connection, block);
    },
    unkey(connection) {
      for (const { block } of of.all(connection)) unkey.run(connection, block * size, (block + 1) * size);
    },
    trimmed(end) {
      drop.run(blockOf(end));
    },
  };
}
