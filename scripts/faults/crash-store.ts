import { copyFileSync, existsSync } from "node:fs";
import { createSqliteStore } from "../../packages/core/src/store/sqlite/index.ts";
import { openFile } from "../../packages/core/src/store/sqlite/open.ts";
import type { Store } from "../../packages/core/src/store/types.ts";

export interface CrashStore {
  readonly store: Store;
  /** The disk is full from now on, or no longer. */
  full(on: boolean): void;
  /** As kill -9 leaves it: what is on disk now is copied to `path`; whoever waits for an answer waits for ever. */
  crash(path: string): void;
}

/** A store on disk whose process can die at any moment without dying. */
export function openCrashStore(path: string): CrashStore {
  const db = openFile(path, { durability: "normal" });
  const inner = createSqliteStore(db);
  let dead = false;
  const forever = new Promise<never>(() => {});
  const store = Object.fromEntries(
    Object.entries(inner).map(([name, method]) => [
      name,
      async (...given: unknown[]) => {
        if (dead) return forever;
        try {
          const answer = await (method as (...args: unknown[]) => Promise<unknown>)(...given);
          return dead ? forever : answer;
        } catch (error) {
          if (dead) return forever;
          throw error;
        }
      },
    ]),
  ) as unknown as Store;
  const pages = (): number => db.query<{ page_count: number }>("pragma page_count").get()?.page_count ?? 0;
  return {
    store,
    full(on) {
      db.exec(`pragma max_page_count = ${on ? pages() : 1_073_741_823}`);
    },
    crash(target) {
      dead = true;
      for (const end of ["", "-wal"]) if (existsSync(path + end)) copyFileSync(path + end, target + end);
      void inner.close();
    },
  };
}
