import { isBotyardError, type OpenEffect, type Verdict } from "@botyard/sdk";
import * as api from "./api.ts";
import { authOf, callerOf, type Context } from "./context.ts";
import { effectOf } from "./encode.ts";
import type { Caller } from "./request.ts";
import { firstIdAt, isoOf } from "./ulid.ts";
import type { WireMessage } from "./wire.ts";

const slackMs = 60_000;
const pageSize = 100;
const mostPages = 100;
/** A request that was sent may still be worked on: only after this long its absence proves something. */
const settledMs = 10_000;

/** Looks for the message of a send in the channel's history: there it carries the key it was sent with. */
export async function reconcile(context: Context, effect: OpenEffect, signal: AbortSignal): Promise<Verdict> {
  if (effect.operation !== "messages.send" || effect.room === null || effect.as === null)
    return { state: "unknown", reason: `Nothing on Stoat shows what became of ${effect.operation}.` };
  try {
    const on = await callerOf(context, await authOf(context, effect.as), signal);
    const started = Date.parse(effect.startedAt);
    const { room } = effect;
    const since = (): number => context.serverClock.since(started);
    const look = () => findSent(on, room, since(), ({ nonce }) => effectOf(nonce) === effect.effectId);
    const looked = since();
    let found = await look();
    // The answer tells how far the server's clock is behind ours.
    if (found === null && since() < looked) found = await look();
    if (found === "too-many") return { state: "unknown", reason: "Too much has been written there since." };
    if (found) return { state: "done", answer: { message: found._id, time: isoOf(found._id, started) } };
    return context.host.clock.now() - started < settledMs
      ? { state: "unknown", reason: "It is not in the history, but the server may still be working on it." }
      : { state: "failed", reason: "It is not in the channel's history." };
  } catch (error) {
    if (!isBotyardError(error) || (error.code !== "forbidden" && error.code !== "not_found")) throw error;
    return { state: "unknown", reason: "The bot may not read the history of the channel." };
  }
}

/** A message since a moment of the server's clock; null where history has none. */
export async function findSent(
  on: Caller,
  room: string,
  sinceMs: number,
  fits: (message: WireMessage) => boolean,
): Promise<WireMessage | "too-many" | null> {
  let after = firstIdAt(sinceMs - slackMs);
  for (let page = 0; page < mostPages; page++) {
    const { messages, full } = await api.history(on, room, { limit: pageSize, after, oldest: true });
    const found = messages.find(fits);
    if (found) return found;
    const last = messages.at(-1)?._id;
    if (!full || last === undefined || last <= after) return null;
    after = last;
  }
  return "too-many";
}
