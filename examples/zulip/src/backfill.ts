import { isBotyardError, type BotTarget, type Gap, type GapOutcome } from "@botyard/sdk";
import { decodeCreated } from "./decode.ts";
import { positionKey, positionOf } from "./position.ts";
import { asBot, type State } from "./state.ts";
import type { WireMessage } from "./wire.ts";

const pageSize = 1000;
/** A clock may differ from the server's by this much. */
const slackMs = 5_000;

/**
 * Reads the messages each bot has received since the newest it knows of. Edits, deletions and reactions of that time
 * are not to be had: history shows messages as they are now.
 */
export async function backfill(state: State, gap: Gap, signal: AbortSignal): Promise<readonly GapOutcome[]> {
  const bots = (await state.host.bots.list()).filter(({ handle }) => gap.bots?.includes(handle) ?? true);
  const outcomes: GapOutcome[] = [];
  for (const bot of bots) outcomes.push(await fill(state, gap, bot, signal));
  return outcomes;
}

async function fill(state: State, gap: Gap, bot: BotTarget, signal: AbortSignal): Promise<GapOutcome> {
  const position = await positionOf(state, bot.handle);
  if (position?.hole == null) return { outcome: "filled", messages: 0 };
  let messages = 0;
  try {
    const on = await asBot(state, bot.handle, signal);
    for (let anchor = position.hole, whole = false; !whole;) {
      const page = await state.api.messages(on, [], { anchor: Math.max(anchor, 0), after: pageSize });
      const missed = page.messages.filter(({ id }) => id > anchor);
      messages += await commit(state, bot, missed, gap.id);
      anchor = missed.at(-1)?.id ?? anchor;
      whole = page.found_newest || missed.length === 0;
    }
  } catch (error) {
    if (signal.aborted) throw error;
    const reason = isBotyardError(error) ? error.message : "its history could not be read";
    return { outcome: "lost", messages, reason };
  }
  const now = await positionOf(state, bot.handle);
  if (now) await state.host.store.put({ [positionKey(bot.handle)]: { ...now, hole: null } });
  return { outcome: "filled", messages };
}

/** What a bot was told between its making and its first queue. */
export async function catchUp(state: State, bot: BotTarget, since: number, signal: AbortSignal): Promise<void> {
  const on = await asBot(state, bot.handle, signal);
  const page = await state.api.messages(on, [], { anchor: "newest", before: 100 });
  const fresh = page.messages.filter(({ timestamp }) => timestamp * 1000 >= since - slackMs);
  await commit(state, bot, fresh);
}

async function commit(state: State, bot: BotTarget, messages: readonly WireMessage[], gap?: string): Promise<number> {
  if (messages.length === 0) return 0;
  const events = [];
  for (const message of messages) events.push(await decodeCreated(message, state.directory));
  const of = gap === undefined ? {} : { gap };
  return (await state.host.commit({ via: "backfill", bots: [bot.handle], events, ...of })).fresh;
}
