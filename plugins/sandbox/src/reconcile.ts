import { isBotyardError, type OpenEffect, type Verdict } from "@botyard/sdk";
import { effectOf } from "./reference.ts";
import { authOf, type State } from "./state.ts";

/** Clocks may differ by this much. */
const skewMs = 60_000;

/** Looks for the message of a send in the room's history: there it carries the reference it was sent with. */
export async function reconcile(state: State, effect: OpenEffect, signal: AbortSignal): Promise<Verdict> {
  if (effect.operation !== "messages.send" || effect.room === null || effect.as === null) {
    return { state: "unknown", reason: `The sandbox keeps no trace of ${effect.operation}.` };
  }
  const since = new Date(Date.parse(effect.startedAt) - skewMs).toISOString();
  try {
    const auth = await authOf(state, effect.as);
    for (let before: string | null | undefined; before !== null;) {
      const args = { room_id: effect.room, limit: 100, ...(before === undefined ? {} : { before }) };
      const page = await state.api.pageMessages(auth, args, signal);
      const found = page.messages.find(({ reference }) => effectOf(reference) === effect.effectId);
      if (found) return { state: "done", answer: { message: found.message_id, time: found.sent_at } };
      before = page.messages.some(({ sent_at }) => sent_at < since) ? null : page.next;
    }
  } catch (error) {
    if (!isBotyardError(error)) throw error;
    return { state: "unknown", reason: `The history could not be read: ${error.message}` };
  }
  return { state: "failed", reason: "The room's history holds no such message." };
}
