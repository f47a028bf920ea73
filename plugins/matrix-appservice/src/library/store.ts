import type { PluginStore } from "@botyard/sdk";

/** Where an application service keeps what must survive a restart. Values are JSON. */
export interface Store extends PluginStore {
  /** Ends its use; absent where there is nothing to end. */
  close?(): void;
}

/** Forgets all when the program ends: for tests. */
export function memoryStore(): Store {
  const values = new Map<string, string>();
  return {
    async get(key) {
      const found = values.get(key);
      return found === undefined ? undefined : (JSON.parse(found) as unknown);
    },
    async put(entries) {
      for (const [key, value] of Object.entries(entries)) {
        if (value === null || value === undefined) values.delete(key);
        else values.set(key, JSON.stringify(value));
      }
    },
    async list(prefix) {
      return [...values]
        .filter(([key]) => key.startsWith(prefix))
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, text]) => [key, JSON.parse(text) as unknown] as const);
    },
  };
}
