import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Writing } from "../types.ts";
import { effect } from "../suite/samples.ts";
import { createGroup } from "./group.ts";
import { openSqliteStore } from "./index.ts";
import { createLateSync } from "./late-sync.ts";
import { openFile } from "./open.ts";

let folder = "";
let path = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "botyard-late-sync-"));
  path = join(folder, "botyard.db");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A database with a disk that says when it has written. */
function open() {
  const db = openFile(path, { durability: "full" });
  const disk: ((error: Error | null) => void)[] = [];
  const late = createLateSync(db, (_, done) => void disk.push(done));
  // Prepared anew each time: SQLite puts the answer into the statement.
  const level = (): number => db.query<{ synchronous: number }>("pragma synchronous").get()?.synchronous ?? -1;
  const seen: number[] = [];
  const group = createGroup(db, { late, together: () => {} });
  const write = (name: string, writing?: Writing): Promise<void> =>
    group.run(() => {
      seen.push(level());
      db.query("insert into meta values (?, 1)").run(name);
    }, writing);
  return { db, late, disk, seen, write };
}

const [normal, full] = [1, 2];

it("does not wait for the disk where nothing of the turn has to, and lets it write behind", async () => {
  const { db, late, disk, seen, write } = open();
  await write("a");
  expect(disk).toHaveLength(0);
  await write("b", { syncLater: true });
  expect(disk).toHaveLength(1);
  await Promise.all([write("c", { syncLater: true }), write("d")]);
  expect(seen).toEqual([full, normal, full, full]);
  // A failure leaves the next commits as they were.
  await expect(write("a", { syncLater: true })).rejects.toMatchObject({ code: "internal" });
  await write("e");
  expect(seen.at(-1)).toBe(full);
  late.close();
  disk[0]?.(null);
  db.close();
});

it("lets the disk write once for all that came while it wrote", async () => {
  const { db, late, disk, write } = open();
  for (const name of ["a", "b", "c"]) await write(name, { syncLater: true });
  expect(disk).toHaveLength(1);
  disk[0]?.(null);
  expect(disk).toHaveLength(2);
  disk[1]?.(null);
  expect(disk).toHaveLength(2);
  late.close();
  db.close();
});

it("waits again from the first time that the disk could not write", async () => {
  const { db, disk, seen, write } = open();
  await write("a", { syncLater: true });
  disk[0]?.(new Error("EIO"));
  await write("b", { syncLater: true });
  expect(seen).toEqual([normal, full]);
  expect(disk).toHaveLength(1);
  db.close();
});

it("after a power cut before the disk wrote, the call is on disk as begun: unknown, and never done again", async () => {
  const store = openSqliteStore(path);
  await store.beginEffect(effect("1", { state: "attempting", attempts: 1 }));
  // What the disk has for certain now.
  const cut = join(folder, "cut.db");
  for (const end of ["", "-wal"]) copyFileSync(`${path}${end}`, `${cut}${end}`);
  await store.updateEffect("op_1", { state: "done", effect: "applied" }, { syncLater: true });
  await store.close();

  const after = openSqliteStore(cut);
  expect(await after.recoverEffects("2026-12-01T08:00:00.000Z")).toEqual({ unknown: 1, failed: 0 });
  expect(await after.getEffect("op_1")).toMatchObject({ state: "unknown", effect: "unknown" });
  await after.close();
  const whole = openSqliteStore(path);
  expect(await whole.getEffect("op_1")).toMatchObject({ state: "done", effect: "applied" });
  await whole.close();
});
