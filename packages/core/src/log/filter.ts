import type { Event } from "@botyard/sdk";
import type { Position } from "../store/types.ts";
import type { EventFilter } from "./types.ts";

/** The event of a position where it passes, else null. */
export function filterPosition(
  filter: EventFilter,
  position: Position,
  toEvent: (position: Position) => Event,
): Event | null {
  const { body, bots, first } = position;
  if (filter.connection !== undefined && body.connection !== filter.connection) return null;
  if (filter.type && !body.type.startsWith("gap.") && !filter.type.some((type) => fitsType(type, body.type)))
    return null;
  if (body.own && !filter.own) return null;
  if (filter.room !== undefined && !concernsRoom(position, filter.room)) return null;
  if (filter.bot && (body.connection !== filter.bot.connection || !concernsBot(position, filter.bot.handle)))
    return null;

  const event = toEvent(position);
  if (filter.see && !filter.see(event)) return null;
  if (!first && !filter.bot) {
    // A late copy is news only for a reader whose grant is limited to bots and did not cover those before.
    const sawBefore = !filter.see || bots.length === 0 || filter.see({ ...event, bots: [] });
    if (sawBefore) return null;
  }
  return event;
}

function fitsType(wanted: string, type: string): boolean {
  return wanted.endsWith(".*") ? type.startsWith(wanted.slice(0, -1)) : wanted === type;
}

/** A gap that names no rooms concerns all of them. */
function concernsRoom({ body }: Position, room: string): boolean {
  if (body.gap) return body.gap.rooms?.includes(room) ?? true;
  return body.room?.id === room;
}

/** So does what the core reports about the whole connection. */
function concernsBot({ body, bots }: Position, handle: string): boolean {
  if (body.gap) return body.gap.bots?.includes(handle) ?? true;
  return bots.includes(handle) || body.type === "connection.state";
}
