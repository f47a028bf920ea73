import { statSync } from "node:fs";
import type { Database } from "./database.ts";
import { cacheSize, checkpointPages } from "./open.ts";

/** The size at which SQLite writes the log back: its header, and of each page a header of 24 bytes and the page. */
const mostBytes = 32 + checkpointPages * (24 + 4096);
const pieceBytes = 4 * 1_048_576;
/** Commits between two looks at the file. */
const every = 64;

/**
 * Keeps room ahead in the write-ahead log. A commit that makes the file longer waits for the file system's own journal,
 * and with it for whatever other programs write on that disk; one that goes over blocks that are there waits for its own
 * bytes only. Until the log has once been as long as it gets, each would be of the first kind: some 4000 sends after each
 * start. The answer is called after each commit.
 */
export function walRoom(db: Database): () => void {
  const file = `${db.path}-wal`;
  let commits = 0;
  let known = 0;
  let on = true;

  return () => {
    if (!on || ++commits % every !== 0) return;
    try {
      const { size } = statSync(file);
      // As long as what was made ready is not used up, the file stays as it is.
      if (size > known && size < mostBytes) makeRoom(db);
      known = statSync(file).size;
      on = known < mostBytes;
    } catch {
      // A disk without room is told by the commit that needs it.
      on = false;
    }
  };
}

/** A transaction larger than the cache goes into the file before it ends; taken back, it leaves the room and nothing else. */
function makeRoom(db: Database): void {
  db.exec("pragma cache_size = -256");
  try {
    db.exec(`begin immediate; insert into meta values ('room', zeroblob(${pieceBytes})); rollback`);
  } finally {
    db.exec(`pragma cache_size = ${cacheSize}`);
  }
}
