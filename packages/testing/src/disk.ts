import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMemorySealer, openStore } from "@botyard/core";
import type { WorldOptions } from "./world.ts";

/** A place on disk that outlives a world, so that another one goes on where it stopped. */
export interface Disk {
  /** What a world needs to stand on it; the world before must be closed. */
  open(): Promise<Required<Pick<WorldOptions, "store" | "sealer">>>;
  remove(): Promise<void>;
}

/**
 * @example
 * const disk = await createDisk();
 * const first = await createWorld({ platform, place, ...(await disk.open()) });
 * await first.close();
 * const second = await createWorld({ platform, place, ...(await disk.open()) });
 */
export async function createDisk(): Promise<Disk> {
  const folder = await mkdtemp(join(tmpdir(), "botyard-testing-"));
  const sealer = createMemorySealer();
  return {
    open: async () => ({ store: await openStore({ path: join(folder, "botyard.db") }), sealer }),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
