import { BotyardError, type Event, type Gap, type Grant } from "@botyard/sdk";
import { allowsBot, allowsConnection, allowsRoom, seesAll } from "../access/grants.ts";
import type { CallContext } from "../invoke/context.ts";

/** Whether a grant covers a gap: one that names no bots or rooms concerns all of them. */
export function seesGap(grant: Grant, { connection, bots, rooms }: Gap): boolean {
  return (
    allowsConnection(grant, connection) &&
    (!bots || bots.some((bot) => allowsBot(grant, connection, bot))) &&
    (!rooms || rooms.some((room) => allowsRoom(grant, connection, room)))
  );
}

/** Whether a grant covers an event: its connection, one of its bots, its room; a gap by what it concerns. */
export function sees(grant: Grant, event: Event): boolean {
  if (seesAll(grant)) return true;
  const { connection } = event;
  if (!allowsConnection(grant, connection)) return false;
  if (event.gap) return seesGap(grant, event.gap);
  if (grant.bots && !event.bots.some((bot) => allowsBot(grant, connection, bot))) return false;
  if (!grant.rooms) return true;
  return event.room !== null && allowsRoom(grant, connection, event.room.id);
}

/** Hidden and missing answer alike. */
export async function visibleEvent({ core, principal }: CallContext, id: string): Promise<Event> {
  const event = await core.log.get(id);
  if (!event || !sees(principal.grant, event))
    throw new BotyardError("not_found", `there is no event ${id} (any more)`);
  return event;
}
