import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { batch, event } from "../suite/samples.ts";
import { openSqliteStore } from "./index.ts";

let folder = "";
let path = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "botyard-wal-room-"));
  path = join(folder, "botyard.db");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const walBytes = (): number => statSync(`${path}-wal`).size;

async function fill(store: ReturnType<typeof openSqliteStore>, from: number, count: number): Promise<void> {
  for (let at = from; at < from + count; at += 1) await store.appendEvents(batch([event(`E${at}`)]));
}

it("keeps room ahead in the log, over which the next commits go, and nothing of it in the database", async () => {
  const store = openSqliteStore(path, { durability: "full" });
  await fill(store, 0, 70);
  const ready = walBytes();
  expect(ready).toBeGreaterThan(4 * 1_048_576);
  await fill(store, 70, 70);
  expect(walBytes()).toBe(ready);
  await store.close();
  // Larger than one that never had room? Then what was made ready came into the database.
  expect(statSync(path).size).toBeLessThan(1_048_576);
  const again = openSqliteStore(path);
  expect((await again.info()).headSeq).toBe(140);
  await again.close();
});

it("makes none where no commit waits for the disk", async () => {
  const store = openSqliteStore(path, { durability: "normal" });
  await fill(store, 0, 140);
  expect(walBytes()).toBeLessThan(4 * 1_048_576);
  await store.close();
});
