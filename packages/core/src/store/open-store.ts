import { createMemoryStore } from "./memory.ts";
import { openSqliteStore } from "./sqlite/index.ts";
import type { Durability } from "./sqlite/open.ts";
import type { Store } from "./types.ts";

export type StoreOptions =
  | {
      /** File, absolute: `/var/lib/botyard/botyard.db`; made when it is missing, its folder is not. */
      readonly path: string;
      /** Default `full`. */
      readonly durability?: Durability;
    }
  | { readonly memory: true };

/**
 * Opens the store; the caller closes it. Throws `internal` (damaged, disk full, not writable) or `conflict` (made by a
 * newer version, another program's file); the file is then as it was.
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  if ("memory" in options) return createMemoryStore();
  return openSqliteStore(options.path, options.durability === undefined ? {} : { durability: options.durability });
}
