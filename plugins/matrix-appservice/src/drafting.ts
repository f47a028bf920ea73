import type { EventRoom } from "@botyard/sdk";
import { toRoom, type Context } from "./context.ts";
import { decodeEvent, type Decoded } from "./decode.ts";
import { teaches, type RoomFacts } from "./memory.ts";
import type { WireEvent } from "./wire.ts";

/** Turns the events of one intake into drafts, in their order: what one teaches about a room counts for the next. */
export interface Drafting {
  /** What the events have taught so far: to be stored together with them, and only then remembered. */
  readonly pending: ReadonlyMap<string, unknown>;
  draft(event: WireEvent): Promise<Decoded>;
}

/** Only inside `memory.exclusive`. */
export function createDrafting({ memory }: Pick<Context, "memory">, owns: (user: string) => boolean): Drafting {
  const pending = new Map<string, unknown>();
  const views = new Map<string, EventRoom | undefined>();

  function viewOf(room: string, facts: RoomFacts | undefined): EventRoom | undefined {
    if (facts === undefined) return undefined;
    const { topic: _, members: __, ...view } = toRoom(room, facts);
    return view;
  }

  return {
    pending,
    async draft(event) {
      const { room_id: id } = event;
      const changes = teaches(event);
      if (changes) await memory.learn(event, owns, pending);
      if (changes || !views.has(id)) views.set(id, viewOf(id, await memory.factsWith(id, pending)));
      const room = views.get(id);
      const redacts = event.type === "m.room.redaction" ? (event.content["redacts"] ?? event.redacts) : undefined;
      const reaction = typeof redacts === "string" ? await memory.reactionWith(redacts, pending) : undefined;
      return decodeEvent(event, { ...(room === undefined ? {} : { room }), reaction: () => reaction });
    },
  };
}
