import type { Gap } from "../../packages/sdk/src/index.ts";
import type { Seen } from "./reader.ts";

/** A message somebody wrote on the server. */
export interface Said {
  readonly id: string;
  readonly text: string;
  /** Unix milliseconds. */
  readonly at: number;
}

/** What a consumer was told twice, and what it was not told although no gap that is left open or lost covers it. */
export function compare(list: readonly Seen[], said: readonly Said[], gaps: readonly Gap[]): string[] {
  const inGap = (at: number): boolean =>
    gaps.some(
      ({ state, from, to }) => state !== "filled" && Date.parse(from) <= at && (to === null || at <= Date.parse(to)),
    );
  const events = new Map<string, Set<string>>();
  for (const one of list)
    if (one.type === "message.created" && one.message !== null)
      events.set(one.message, (events.get(one.message) ?? new Set()).add(one.event));
  return [
    ...[...events].flatMap(([message, ids]) => (ids.size > 1 ? [`message ${message} is ${ids.size} events`] : [])),
    ...said.flatMap(({ id, text, at }) =>
      !events.has(id) && !inGap(at) ? [`"${text}" never came and no gap says so (${new Date(at).toISOString()})`] : [],
    ),
  ];
}

/** The same of several consumers, by name. */
export function compareAll(
  lists: Readonly<Record<string, readonly Seen[]>>,
  said: readonly Said[],
  gaps: readonly Gap[],
): string[] {
  return Object.entries(lists).flatMap(([name, list]) => compare(list, said, gaps).map((text) => `${name}: ${text}`));
}
