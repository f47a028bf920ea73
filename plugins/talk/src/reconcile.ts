import type { OpenEffect, Verdict } from "@botyard/sdk";
import { referenceOf } from "./encode.ts";
import { historySince, readAs } from "./history.ts";
import { personOf, readers, type State } from "./state.ts";
import type { WireMessage } from "./wire.ts";

/** A throttled server may still be asleep before it runs a call: until then absence proves nothing. */
const settledAfterMs = 60_000;
const mostPages = 20;

const unknown = (reason: string): Verdict => ({ state: "unknown", reason });

export function answerOf(message: WireMessage): { readonly message: string; readonly time: string } {
  return { message: String(message.id), time: new Date(message.timestamp * 1000).toISOString() };
}

/** Finds a send by the reference id it carried, through the history of an account; a bot reads none itself. */
export async function reconcile(state: State, effect: OpenEffect, signal: AbortSignal): Promise<Verdict> {
  const { operation, room, as, effectId, startedAt } = effect;
  if (operation !== "messages.send" || room === null)
    return unknown(`nothing in Talk shows what became of ${operation}`);
  const callers =
    as?.kind === "account" && as.credential ? [personOf(state, as, signal)] : await readers(state, signal);
  if (callers.length === 0) return unknown("Talk shows a bot no history, and no person's account is named to read it");
  const since = Date.parse(startedAt);
  const found = await readAs(callers, (on) => historySince(on, room, since, mostPages, state.serverClock));
  if (found === null) return unknown("no account may read the history of this room");
  const reference = referenceOf(effectId);
  const message = found.read.find(({ referenceId }) => referenceId === reference);
  if (message) return { state: "done", answer: answerOf(message) };
  const hidden = found.messages.some(({ deleted, systemMessage }) => deleted || systemMessage === "history_cleared");
  if (!found.complete || hidden) return unknown("the room's history does not show all since then");
  if (state.host.clock.now() - since < settledAfterMs)
    return unknown("it has not arrived yet; the server may still be asleep over it");
  return { state: "failed", reason: "the room's history shows that it did not arrive" };
}

/** Right after a send: its id, where an account can see it; null says that nobody could look. */
export async function findSent(
  state: State,
  room: string,
  effectId: string,
  signal: AbortSignal,
): Promise<WireMessage | null> {
  try {
    const callers = await readers(state, signal);
    const reference = referenceOf(effectId);
    const now = state.host.clock.now();
    const found = await readAs(callers, (on) => historySince(on, room, now, 1, state.serverClock));
    return found?.read.find(({ referenceId }) => referenceId === reference) ?? null;
  } catch {
    // The send itself is done; the ledger looks again.
    return null;
  }
}
