import { BotyardError, type ServerClock } from "@botyard/sdk";
import * as api from "./api.ts";
import type { WireMessage } from "./wire.ts";

/** The `Date` of an answer is rough. */
const clockSlackMs = 60_000;
const pageSize = 100;

/** Newest first, page by page, back to a moment. */
export interface Stretch {
  readonly messages: readonly WireMessage[];
  /** What was read, older ones of the last page too. */
  readonly read: readonly WireMessage[];
  /** That moment was reached, or the beginning. */
  readonly complete: boolean;
}

/** `sinceMs` is by our clock. */
export async function historySince(
  on: api.Caller,
  room: string,
  sinceMs: number,
  mostPages: number,
  serverClock: ServerClock,
): Promise<Stretch> {
  const read: WireMessage[] = [];
  // The answer before tells how far the server's clock is behind.
  const since = (): number => serverClock.since(sinceMs) - clockSlackMs;
  const messages = (): WireMessage[] => {
    const from = since();
    return read.filter(({ timestamp }) => timestamp * 1000 >= from);
  };
  let before: number | undefined;
  for (let page = 0; page < mostPages; page += 1) {
    const found = await api.history(on, room, pageSize, before);
    read.push(...found.messages);
    if (found.next === null || messages().length < read.length) return { messages: messages(), read, complete: true };
    before = found.next;
  }
  return { messages: messages(), read, complete: false };
}

/** The history as the first who may read it does; null where nobody may. */
export async function readAs<T>(
  callers: readonly api.Caller[],
  read: (on: api.Caller) => Promise<T>,
): Promise<T | null> {
  for (const caller of callers) {
    try {
      return await read(caller);
    } catch (error) {
      const refused =
        error instanceof BotyardError && ["not_found", "forbidden", "unauthenticated"].includes(error.code);
      if (!refused) throw error;
    }
  }
  return null;
}
