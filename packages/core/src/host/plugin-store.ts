import { BotyardError, type PluginStore } from "@botyard/sdk";
import type { Store } from "../store/types.ts";

const maxValueBytes = 64 * 1024;

/** A connection's corner of the store. `put` throws `invalid` for what is no JSON and `too_large` past 64 KiB; nothing is written then. */
export function createPluginStore(
  store: Pick<Store, "pluginGet" | "pluginPut" | "pluginList">,
  connection: string,
): PluginStore {
  return {
    get: (key) => store.pluginGet(connection, key),
    list: (prefix) => store.pluginList(connection, prefix),
    async put(entries) {
      checkEntries(entries);
      await store.pluginPut(connection, entries);
    },
  };
}

/** Holds for `commit`'s `put` as well. */
export function checkEntries(entries: Readonly<Record<string, unknown>>): void {
  for (const [key, value] of Object.entries(entries)) {
    const text = toJson(value);
    if (text === undefined)
      throw new BotyardError("invalid", `The store's entry "${key}" is no JSON value`, {
        issues: [{ path: key, expected: "a JSON value, or null to delete" }],
      });
    // A UTF-16 unit is three bytes at most.
    if (text.length * 3 > maxValueBytes && Buffer.byteLength(text) > maxValueBytes)
      throw new BotyardError(
        "too_large",
        `The store's entry "${key}" is larger than 64 KiB; split it over several keys`,
      );
  }
}

function toJson(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}
