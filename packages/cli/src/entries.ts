import { type Catalog, operationEntry } from "./catalog.ts";
import type { CommandEntry } from "./command.ts";
import { handwritten } from "./handwritten.ts";

const byHand = new Set(handwritten.map((entry) => entry.words.join(".")));

/** Commands that need no platform: those written by hand, and those of the common operations that none stands in for. */
export function commonEntries(catalog: Pick<Catalog, "common">): readonly CommandEntry[] {
  const derived = [...catalog.common.values()].filter(({ name }) => !byHand.has(name));
  return [...handwritten, ...derived.map((operation) => operationEntry(operation, null))];
}

/** All of them; loads every platform. */
export async function everyEntry(catalog: Catalog): Promise<readonly CommandEntry[]> {
  const natives = [...(await catalog.natives()).values()];
  return [...commonEntries(catalog), ...natives.map(({ operation, platform }) => operationEntry(operation, platform))];
}
