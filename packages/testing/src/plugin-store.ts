import type { PluginStore } from "@botyard/sdk";

/** A plugin's key–value store in memory, with the real one's bounds: JSON, at most 64 KiB a value. */
export function createMemoryPluginStore(): PluginStore {
  const values = new Map<string, string>();
  return {
    async get(key) {
      const found = values.get(key);
      return found === undefined ? undefined : JSON.parse(found);
    },
    async put(entries) {
      const written = Object.entries(entries).map(([key, value]) => [key, JSON.stringify(value)] as const);
      for (const [key, text] of written)
        if (text.length > 65_536) throw new RangeError(`the value of ${key} is larger than 64 KiB`);
      for (const [key, text] of written) {
        if (text === "null") values.delete(key);
        else values.set(key, text);
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
