import { isBotyardError, type OpenEffect, type Verdict } from "@botyard/sdk";
import { actorOf, type Context } from "./context.ts";
import { toTime } from "./decode.ts";
import { findSent } from "./sent.ts";
import { objectOf, type WireEvent } from "./wire.ts";

/** After this long no homeserver is still at work on a request. */
const lateMs = 3 * 60_000;
const settled = new Set(["messages.send", "messages.update", "messages.delete", "reactions.add"]);

/** Settles what became of a send or an edit from the room's history. */
export async function reconcile(context: Context, effect: OpenEffect, signal: AbortSignal): Promise<Verdict> {
  const { operation, room, as, effectId } = effect;
  if (room === null || as === null || !settled.has(operation))
    return { state: "unknown", reason: `nothing in Matrix shows what became of ${operation}` };
  const on = await context.caller(await actorOf(context, as), signal);
  const since = (): number => context.serverClock.since(Date.parse(effect.startedAt));
  const found = await findSent(on, room, effectId, since).catch((error: unknown) => {
    if (isBotyardError(error) && error.code === "forbidden") return { state: "unclear" } as const;
    throw error;
  });
  if (found.state === "unclear")
    return { state: "unknown", reason: "the room's history does not reach back to the attempt, or may not be read" };
  if (found.state === "absent" && context.host.clock.now() - Date.parse(effect.startedAt) < lateMs)
    return { state: "unknown", reason: "it is not in the room's history yet; a slow homeserver may still do it" };
  if (found.state === "absent") return { state: "failed", reason: "the room's history shows that it did not arrive" };
  return { state: "done", answer: answerOf(operation, found.event) };
}

/** The answer the call would have given, read from the event it made. */
function answerOf(operation: string, event: WireEvent): Readonly<Record<string, unknown>> {
  const time = toTime(event.origin_server_ts);
  const relates = objectOf(event.content["m.relates_to"]);
  if (operation === "messages.update") return { message: relates["event_id"], editedAt: time };
  if (operation === "messages.delete") return { message: event.content["redacts"] ?? event.redacts };
  if (operation === "reactions.add") return { emoji: relates["key"], added: true };
  return { message: event.event_id, time };
}
