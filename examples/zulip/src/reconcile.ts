import { isBotyardError, type OpenEffect, type Verdict } from "@botyard/sdk";
import { iso } from "./decode.ts";
import { digestOf } from "./encode.ts";
import { sentKey } from "./operations/messages.ts";
import { fromRoomId, toNarrow } from "./places.ts";
import { acting, type State } from "./state.ts";

/** The `Date` of an answer is rough, and an answer may be on its way as long. */
const slackMs = 60_000;

const unknown = (reason: string): Verdict => ({ state: "unknown", reason });

/**
 * What became of a send: by its key where it came back through the queue, else by its text in the room's history, which
 * shows no keys.
 */
export async function reconcile(state: State, effect: OpenEffect, signal: AbortSignal): Promise<Verdict> {
  if (effect.operation !== "messages.send") return unknown("only sends can be found in history");
  const echo = state.echoes.get(effect.effectId);
  if (echo) return { state: "done", answer: { message: String(echo.message), time: echo.time } };
  const digest = await state.host.store.get(sentKey(effect.effectId));
  const place = fromRoomId(effect.room ?? "");
  if (typeof digest !== "string" || !place) return unknown("nothing was kept by which it could be found");
  try {
    const { on, id } = await acting(state, effect.as, signal);
    const page = await state.api.messages(on, toNarrow(place), { anchor: "newest", before: 1000 });
    const from = state.serverClock.since(Date.parse(effect.startedAt)) - slackMs;
    // Its own may come back while history is read.
    const others = [...state.echoes].filter(([key]) => key !== effect.effectId);
    const known = new Set(others.map(([, { message }]) => message));
    const found = [];
    for (const message of page.messages) {
      if (message.sender_id !== id || message.timestamp * 1000 < from || known.has(message.id)) continue;
      if ((await digestOf(message.content)) === digest) found.push(message);
    }
    const [one, another] = found;
    if (one && another) return unknown("history shows more than one message with this text");
    if (one) return { state: "done", answer: { message: String(one.id), time: iso(one.timestamp) } };
    const reaches = page.found_oldest || (page.messages[0]?.timestamp ?? Infinity) * 1000 < from;
    if (!reaches) return unknown("too much was said in the room since");
    if (state.host.clock.now() - Date.parse(effect.startedAt) < slackMs) return unknown("it may be on its way still");
    return { state: "failed", reason: "the room's history shows that it was not sent" };
  } catch (error) {
    if (!isBotyardError(error)) throw error;
    return unknown(`the room's history cannot be read: ${error.message}`);
  }
}
