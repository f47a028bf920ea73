import type { State } from "./state.ts";

/** How far a bot has read, kept together with the events before it. */
export interface Position {
  /** Null: the server has thrown the queue away, or there was none. */
  readonly queue: string | null;
  readonly last: number;
  /** The newest message that was received. */
  readonly seen: number;
  /** The newest message before what may be missing; null where nothing may. */
  readonly hole: number | null;
}

export const positionKey = (handle: string): string => `position/${handle}`;

export async function positionOf({ host }: State, handle: string): Promise<Position | null> {
  return ((await host.store.get(positionKey(handle))) ?? null) as Position | null;
}
