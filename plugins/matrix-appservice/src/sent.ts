import * as api from "./api.ts";
import { effectIdOf, txnIdOf } from "./effect.ts";
import type { Caller } from "./request.ts";
import { readTransaction } from "./transactions.ts";
import type { WireEvent } from "./wire.ts";

/** How long a homeserver is trusted to answer a repeat with the first event: Synapse's shortest. */
export const replayWindowMs = 30 * 60_000;

/** What history says of a message that was or was not sent. */
export type Found =
  | { readonly state: "found"; readonly event: WireEvent }
  | { readonly state: "absent" }
  | { readonly state: "unclear" };

const pages = 5;
const pageSize = 100;
/** The clocks of homeserver and Botyard may differ by this much. */
const clockSlackMs = 5 * 60_000;

/**
 * Looks in the room's history for the event an effect made, by its mark or its transaction id. `since`: by the
 * homeserver's clock, which each answer tells anew.
 */
export async function findSent(on: Caller, room: string, effectId: string, since: () => number): Promise<Found> {
  let from: string | undefined;
  for (let page = 0; page < pages; page++) {
    const { chunk, end } = await api.messages(on, room, {
      dir: "b",
      limit: pageSize,
      ...(from === undefined ? {} : { from }),
    });
    const { events } = readTransaction("", { events: chunk });
    const hit = events.find((event) => event.sender === on.userId && effectIdOf(event) === effectId);
    if (hit !== undefined) return { state: "found", event: hit };
    const oldest = Math.min(...events.map((event) => event.origin_server_ts));
    if (end === undefined || end === from || oldest < since() - clockSlackMs) return { state: "absent" };
    from = end;
  }
  return { state: "unclear" };
}

/** Sends once, however often it is tried: a later attempt first looks whether an earlier one arrived. */
export async function sendOnce(
  on: Caller,
  target: { readonly room: string; readonly effectId: string; readonly attempt: number; readonly now: () => number },
  send: (txnId: string) => Promise<{ readonly event_id: string }>,
): Promise<string> {
  if (target.attempt > 1) {
    const found = await findSent(on, target.room, target.effectId, () => target.now() - replayWindowMs);
    if (found.state === "found") return found.event.event_id;
  }
  return (await send(txnIdOf(target.effectId))).event_id;
}
