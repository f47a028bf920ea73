import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStore } from "./open-store.ts";
import { testStore, type OpenTested } from "./test-store.ts";

testStore("memory", async () => ({ store: await openStore({ memory: true }) }));

const openSqlite: OpenTested = async () => {
  const folder = mkdtempSync(join(tmpdir(), "botyard-store-"));
  const store = await openStore({ path: join(folder, "botyard.db") });
  return {
    store,
    // What lies on disk while the first store is still open: a write-ahead log without a checkpoint.
    async crash() {
      cpSync(join(folder, "botyard.db"), join(folder, "later.db"));
      cpSync(join(folder, "botyard.db-wal"), join(folder, "later.db-wal"));
      return openStore({ path: join(folder, "later.db") });
    },
    dispose: () => rmSync(folder, { recursive: true, force: true }),
  };
};

testStore("sqlite", openSqlite, { outlivesProcess: true });
