import { isBotyardError, type OpenEffect, type Verdict } from "@botyard/sdk";
import * as api from "./api.ts";
import type { Context } from "./context.ts";
import { effectOf, iso } from "./decode.ts";

/** The `Date` of an answer is rough, and an answer may be on its way as long. */
const slackMs = 60_000;

/** Looks in the room's history for the mark of a send whose answer was lost. */
export async function reconcile(context: Context, effect: OpenEffect, signal: AbortSignal): Promise<Verdict> {
  const unknown = (reason: string): Verdict => ({ state: "unknown", reason });
  const handle = effect.as?.handle;
  if (effect.operation !== "messages.send") return unknown("only messages can be found in history");
  if (effect.room === null || handle === undefined) return unknown("it is not known where it was sent, or by whom");
  try {
    const on = await context.bot(handle, signal);
    const { room } = effect;
    const start = (): number => context.serverClock.since(Date.parse(effect.startedAt)) - slackMs;
    const listed = start();
    let list = await api.listPosts(on, room, { since: listed });
    // The answer tells how far the server's clock is behind ours.
    if (start() < listed) list = await api.listPosts(on, room, { since: start() });
    const found = Object.values(list.posts).find(
      (post) => post.user_id === effect.as?.id && effectOf(post) === effect.effectId,
    );
    if (found) return { state: "done", answer: { message: found.id, time: iso(found.create_at) } };
    // An answer may still be on its way while the attempt is young.
    const age = context.host.clock.now() - Date.parse(effect.startedAt);
    if (age < slackMs) return unknown("it is not in the room's history yet");
    return { state: "failed", reason: "the room's history shows that it was not sent" };
  } catch (error) {
    if (!isBotyardError(error)) throw error;
    return unknown(`the room's history cannot be read: ${error.message}`);
  }
}
