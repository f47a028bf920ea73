import type { BotTarget, Host } from "@botyard/sdk";
import { isObject, textOf, numberOf } from "./wire.ts";

/** Newest message of a channel that is on disk: from `since` on, all of the channel up to it was heard. */
export interface Heard {
  readonly id: string;
  /** When the socket that heard it had begun, by our clock, Unix milliseconds. */
  readonly since: number;
}

/** By channel. */
export type AllHeard = ReadonlyMap<string, Heard>;

/** A handle may be given to another bot later, which has heard nothing yet. */
export type Hearer = Pick<BotTarget, "handle" | "nativeId">;

const keyOf = ({ handle, nativeId }: Hearer, channel: string): string => `heard/${handle}/${nativeId ?? ""}/${channel}`;

export async function readHeard({ store }: Pick<Host, "store">, hearer: Hearer): Promise<AllHeard> {
  const prefix = keyOf(hearer, "");
  const found = await store.list(prefix);
  return new Map(
    found.flatMap(([key, value]) => {
      const id = isObject(value) ? textOf(value["id"]) : undefined;
      const since = isObject(value) ? numberOf(value["since"]) : undefined;
      return id === undefined || since === undefined ? [] : [[key.slice(prefix.length), { id, since }] as const];
    }),
  );
}

/** To be put with the events themselves; null: it is no longer in sight, and what is said there is no loss. */
export function putHeard(
  hearer: Hearer,
  news: ReadonlyMap<string, string | null>,
  since: number,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    [...news].map(([channel, id]) => [keyOf(hearer, channel), id === null ? null : { id, since }]),
  );
}
