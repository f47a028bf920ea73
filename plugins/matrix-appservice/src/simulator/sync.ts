import type { JsonObject } from "../wire.ts";
import { membershipIn, refuse, stateOf, strippedState } from "./model.ts";
import { requester, type Call } from "./request.ts";
import { toNewFormat } from "./wire-format.ts";

/** `GET /sync`, as little as a human in a test needs: answers at once, with joined rooms and invites. */
export function sync(call: Call): JsonObject {
  const { world, query } = call;
  const who = requester(call);
  // Synapse fails here for an application service that does not say whom it acts for.
  if (who.service !== undefined && !query.has("user_id")) refuse(500, "M_UNKNOWN", "Internal server error");
  const since = Number(/^s(\d+)/.exec(query.get("since") ?? "s0")?.[1] ?? 0);
  const join: Record<string, JsonObject> = {};
  const invite: Record<string, JsonObject> = {};
  const leave: Record<string, JsonObject> = {};
  for (const room of world.rooms.values()) {
    const membership = membershipIn(room, who.user);
    const member = stateOf(room, "m.room.member", who.user);
    const fresh = room.events.filter(({ stream }) => stream > since);
    if (member === undefined || fresh.length === 0) continue;
    if (membership === "join") {
      const events = fresh.map((event) => {
        const own = event.device !== undefined && event.device === who.device && event.transactionId !== undefined;
        return toNewFormat(event, world.now(), own ? { transaction_id: event.transactionId } : {});
      });
      join[room.id] = {
        timeline: { events, limited: false, prev_batch: `t${since}-${since}_0` },
        state: { events: [] },
      };
    } else if (membership === "invite" && member.stream > since) {
      const own = { content: member.content, sender: member.sender, state_key: who.user, type: member.type };
      invite[room.id] = { invite_state: { events: [...strippedState(room, member.sender), own] } };
    } else if (membership !== "invite" && member.stream > since) {
      leave[room.id] = {
        timeline: { events: [toNewFormat(member, world.now())], limited: false },
        state: { events: [] },
      };
    }
  }
  return { next_batch: `s${world.stream}_0`, rooms: { join, invite, leave } };
}
