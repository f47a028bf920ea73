import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { batch, event, time } from "../suite/samples.ts";
import { createSqliteStore, openSqliteStore } from "./index.ts";
import { migrations } from "./migrations.ts";
import { openFile } from "./open.ts";

let folder = "";
let path = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "botyard-sqlite-"));
  path = join(folder, "botyard.db");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function fill(count: number): Promise<void> {
  const store = openSqliteStore(path);
  await store.appendEvents(batch(Array.from({ length: count }, (_, at) => event(`E${at}`))));
  await store.close();
}

function refusal(work: () => unknown): { code: string; message: string; details: { fix?: string } } {
  try {
    work();
  } catch (error) {
    return error as never;
  }
  throw new Error("nothing was refused");
}

/** Transactions in a write-ahead log: the last frame of each says how large the file is after it. */
function commitsIn(wal: Buffer): number {
  const [head, frameHead] = [32, 24];
  if (wal.byteLength < head) return 0;
  const frame = frameHead + wal.readUInt32BE(8);
  let commits = 0;
  for (let at = head; at + frame <= wal.byteLength; at += frame) if (wal.readUInt32BE(at + 4) > 0) commits += 1;
  return commits;
}

describe("a damaged file", () => {
  it.each([
    ["text", () => writeFileSync(path, "this is no database, but somebody's notes".repeat(20))],
    ["a few bytes", () => writeFileSync(path, "SQLite")],
    ["one cut in the middle", () => truncateSync(path, 4096 * 3)],
    [
      "zeroes over its first page",
      () => {
        const file = openSync(path, "r+");
        writeSync(file, Buffer.alloc(2000), 0, 2000, 100);
        closeSync(file);
      },
    ],
  ])("is refused and left as it is: %s", async (_, damage) => {
    await fill(200);
    damage();
    const before = readFileSync(path);
    const error = refusal(() => openSqliteStore(path));
    expect(error).toMatchObject({ code: "internal", details: { fix: expect.stringContaining("backup") } });
    expect(error.message).toContain("is damaged");
    expect(error.message).toContain(path);
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it("says so when the damage is met later", async () => {
    await fill(2000);
    const size = statSync(path).size;
    const file = openSync(path, "r+");
    writeSync(file, Buffer.alloc(size - 4096 * 30, 0x5a), 0, size - 4096 * 30, 4096 * 30);
    closeSync(file);
    const store = openSqliteStore(path);
    await expect(store.readPositions({ after: 0, limit: 5000 })).rejects.toMatchObject({
      code: "internal",
      message: expect.stringContaining("is damaged"),
    });
    await store.close();
  });
});

describe("a file of another version or program", () => {
  it("is refused untouched when it is newer", async () => {
    await fill(3);
    const db = new DatabaseSync(path);
    db.exec(`pragma user_version = ${migrations.length + 4}; pragma journal_mode = delete`);
    db.close();
    const before = readFileSync(path);
    const error = refusal(() => openSqliteStore(path));
    expect(error.code).toBe("conflict");
    expect(error.message).toContain("newer Botyard");
    expect(readFileSync(path).equals(before)).toBe(true);
    expect(existsSync(`${path}-wal`)).toBe(false);
  });

  it("is refused when only its write-ahead log is newer", async () => {
    await fill(3);
    const db = new DatabaseSync(path);
    db.exec(`pragma user_version = ${migrations.length + 4}`);
    const error = refusal(() => openSqliteStore(path));
    expect(error.code).toBe("conflict");
    db.close();
  });

  it("is refused when another program made it", () => {
    const db = new DatabaseSync(path);
    db.exec("create table notes (text text)");
    db.close();
    expect(refusal(() => openSqliteStore(path))).toMatchObject({ code: "conflict" });
    const again = new DatabaseSync(path);
    expect(again.prepare("select name from sqlite_schema").all()).toHaveLength(1);
    again.close();
  });
});

describe("migrations", () => {
  const next = [...migrations, "create table later (a integer); insert into later values (7)"];

  it("go forward after a copy of the file, once", async () => {
    await fill(3);
    const db = openFile(path, { migrations: next });
    expect(db.query("select a from later").get()).toEqual(expect.objectContaining({ a: 7 }));
    db.close();
    openFile(path, { migrations: next }).close();
    expect(refusal(() => openSqliteStore(path)).message).toContain(`schema ${next.length}`);
    const copy = openSqliteStore(`${path}.v${migrations.length}`);
    expect(await copy.readPositions({ after: 0, limit: 9 })).toHaveLength(3);
    await copy.close();
  });

  it("leave the file as it was when one fails", async () => {
    await fill(3);
    const broken = [...next, "create table later (a integer)"];
    expect(refusal(() => openFile(path, { migrations: broken })).code).toBe("internal");
    const store = openSqliteStore(path);
    expect(await store.readPositions({ after: 0, limit: 9 })).toHaveLength(3);
    expect((await store.info()).schema).toBe(migrations.length);
    await store.close();
  });
});

describe("a file of before", () => {
  it("finds at once the positions of each connection, and events by their ids", async () => {
    const old = openFile(path, { migrations: migrations.slice(0, 4) });
    old.exec(`with recursive n(seq) as (select 1 union all select seq + 1 from n where seq < 600)
      insert into log (seq, connection, committed_at, bots, id, key, body)
      select seq, iif(seq % 299 = 1, 'rare', 'chat'), '', '[]', 'evt_' || seq, cast('k' || seq as blob), json_object('id', 'evt_' || seq) from n`);
    old.close();
    const store = openSqliteStore(path);
    const rare = await store.readPositions({ after: 0, limit: 9, connection: "rare" });
    expect(rare.map(({ seq }) => seq)).toEqual([1, 300, 599]);
    await store.appendEvents(batch([event("A")]));
    expect((await store.getEvent("evt_17"))?.seq).toBe(17);
    expect((await store.getEvent("evt_A"))?.seq).toBe(601);
    await store.trim({ events: time(1) });
    await store.close();
    // What says where they were goes with them.
    const left = openFile(path);
    const count = "select (select count(*) from log_odd_id) + (select count(*) from log_block where block < 2) as n";
    expect(left.query<{ n: number }>(count).get()?.n).toBe(0);
    left.close();
  });
});

describe("a full disk", () => {
  it("is told in a sentence; what was stored stays, and it goes on when there is room", async () => {
    const db = openFile(path);
    const store = createSqliteStore(db);
    await store.appendEvents(batch([event("A")]));
    const pages = db.query<{ page_count: number }>("pragma page_count").get()?.page_count ?? 0;
    db.exec(`pragma max_page_count = ${pages + 2}`);
    const many = batch(Array.from({ length: 200 }, (_, at) => event(`E${at}`)));
    const results = await Promise.allSettled([store.appendEvents(many), store.appendEvents(batch([event("B")]))]);
    for (const result of results) {
      expect(result).toMatchObject({
        status: "rejected",
        reason: { code: "internal", message: expect.stringContaining("is full") },
      });
    }
    expect((await store.readPositions({ after: 0, limit: 9 })).map(({ seq }) => seq)).toEqual([1]);
    db.exec("pragma max_page_count = 100000");
    expect(await store.appendEvents(many)).toHaveLength(200);
    expect((await store.info()).headSeq).toBe(201);
    await store.close();
  });
});

describe("the file", () => {
  it("belongs to its user alone", async () => {
    const store = openSqliteStore(path);
    await store.appendEvents(batch([event("A")]));
    for (const file of [path, `${path}-wal`]) expect(statSync(file).mode & 0o777).toBe(0o600);
    expect((await store.info()).bytes).toBeGreaterThan(4096);
    await store.close();
  });

  it("waits for the disk as it is told to", () => {
    for (const [durability, level] of [
      ["normal", 1],
      ["full", 2],
    ] as const) {
      const db = openFile(path, { durability });
      expect(db.query<{ synchronous: number }>("pragma synchronous").get()?.synchronous).toBe(level);
      db.close();
    }
  });

  it("is waited for once by all that is written in one turn, and by each that is written alone", async () => {
    const store = openSqliteStore(path);
    const count = (): number => commitsIn(readFileSync(`${path}-wal`));
    const one = (id: string) => store.appendEvents(batch([event(id)]));
    const before = count();
    await Promise.all(Array.from({ length: 32 }, (_, at) => one(`T${at}`)));
    expect(count() - before).toBe(1);
    for (let at = 0; at < 5; at += 1) await one(`A${at}`);
    expect(count() - before).toBe(6);
    await store.close();
  });

  it("cannot be a folder, nor in one that is missing", () => {
    mkdirSync(path);
    expect(refusal(() => openSqliteStore(path)).code).toBe("internal");
    expect(refusal(() => openSqliteStore(join(folder, "missing", "botyard.db"))).code).toBe("internal");
  });

  it("stores what was begun before it is closed", async () => {
    const store = openSqliteStore(path);
    const appended = store.appendEvents(batch([event("A")]));
    await store.close();
    expect(await appended).toHaveLength(1);
    await store.close();
    const again = openSqliteStore(path);
    expect((await again.info()).headSeq).toBe(1);
    await again.close();
  });
});

describe("the size of the file", () => {
  const many = (from: number, count: number) =>
    batch(
      Array.from({ length: count }, (_, at) => event(`L${from + at}`)),
      {
        raw: { via: "frame", id: null, bytes: new Uint8Array(160_000), seal: (bytes) => bytes },
        committedAt: time(from),
      },
    );

  it("stays within its limit by the oldest events and intakes, and gives the disk back what they took", async () => {
    const store = openSqliteStore(path, { durability: "normal" });
    for (let n = 0; n < 200; n += 1) await store.appendEvents(many(n * 40, 40));
    const before = await store.info();
    expect(before.bytes).toBeGreaterThan(30_000_000);
    const gone = await store.trim({ maxBytes: 8_000_000 });
    expect(gone).toBeGreaterThan(0);
    const after = await store.info();
    expect(after.oldestSeq).toBe(gone + 1);
    expect(after.headSeq).toBe(before.headSeq);
    expect(await store.readPositions({ after: gone, limit: 1 })).toMatchObject([{ seq: gone + 1 }]);
    await store.close();
    // Closing writes the log back; some free pages stay for what comes next.
    expect(statSync(path).size).toBeLessThan(18_000_000);
    const again = openSqliteStore(path, { durability: "normal" });
    expect(await again.trim({ maxBytes: 8_000_000 })).toBe(0);
    expect(await again.appendEvents(batch([event("new")]))).toMatchObject([{ seq: before.headSeq + 1 }]);
    await again.close();
  });

  it("lets others write between the pieces of a long removal", async () => {
    const store = openSqliteStore(path, { durability: "normal" });
    for (let n = 0; n < 12; n += 1) await store.appendEvents(many(n * 1000, 1000));
    let wrote = 0;
    let trimming = true;
    const removal = store.trim({ maxBytes: 1_000_000 }).finally(() => (trimming = false));
    while (trimming) {
      await store.appendEvents(batch([event(`W${wrote}`)]));
      if (trimming) wrote += 1;
    }
    await removal;
    expect(wrote).toBeGreaterThan(2);
    await store.close();
  });
});
