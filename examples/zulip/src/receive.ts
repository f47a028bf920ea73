import {
  BotyardError,
  type BotTarget,
  type EventDraft,
  type RawIntake,
  type Receive,
  type RunCall,
} from "@botyard/sdk";
import { backfill, catchUp } from "./backfill.ts";
import { decodeEvent, decodingKept, decodingNow } from "./frames.ts";
import { positionKey, positionOf, type Position } from "./position.ts";
import { asBot, type State } from "./state.ts";
import type { WireEvent } from "./wire.ts";

/** A request that asks for nothing new takes no longer than this. */
const answerMs = 30_000;
/** Of `event_queue_longpoll_timeout_seconds`, for servers that do not say. */
const longPollMs = 90_000;

/** A queue of its own for each bot: it holds what this bot may see, and gives its sends back with their keys. */
export function createReceive(state: State): Receive {
  return {
    per: "bot",
    run: (call) => run(state, call),
    decode: (kept) => decodeKept(state, kept),
    backfill: (gap, signal) => backfill(state, gap, signal),
  };
}

async function decodeKept(state: State, { raw, receivedAt }: RawIntake): Promise<readonly EventDraft[]> {
  const decoding = decodingKept(state);
  const drafts: EventDraft[] = [];
  for (const event of JSON.parse(new TextDecoder().decode(raw)) as readonly WireEvent[])
    drafts.push(...(await decodeEvent(decoding, event, receivedAt)));
  return drafts;
}

const isGone = (error: unknown): boolean => error instanceof BotyardError && error.code === "gone";

async function run(state: State, call: RunCall): Promise<void> {
  const { host, api } = state;
  const { bot, signal } = call;
  if (!bot) throw new BotyardError("internal", "Receiving from Zulip is by bot.");
  const begun = host.clock.now();
  const before = await positionOf(state, bot.handle);
  let timeoutMs = longPollMs;
  let position = before;
  let from: "resumed" | "fresh" | "unknown" = "resumed";
  const waited = position?.queue ? await waiting(state, bot, position, signal) : null;
  if (!position || waited === null) {
    const queue = await api.register(await asBot(state, bot.handle, signal));
    if (queue.server_emoji_data_url !== undefined) state.emoji.found(queue.server_emoji_data_url);
    timeoutMs = (queue.event_queue_longpoll_timeout_seconds ?? longPollMs / 1000) * 1000;
    from = before ? "unknown" : "fresh";
    const newest = queue.max_message_id ?? -1;
    const hole = before ? (before.hole ?? before.seen) : null;
    position = { queue: queue.queue_id, last: queue.last_event_id, seen: Math.max(newest, before?.seen ?? -1), hole };
    await host.store.put({ [positionKey(bot.handle)]: position });
  }
  const { queue } = position;
  if (queue === null) throw new BotyardError("internal", "There is no queue.");
  state.queues.set(bot.handle, queue);
  try {
    call.started({ from });
    await take(state, bot, waited ?? [], signal);
    if (from === "fresh")
      void catchUp(state, bot, begun, signal).catch((error: unknown) =>
        host.log.warn("what was said before the queue was there could not be read", { bot: bot.handle, error }),
      );
    await poll(state, bot, timeoutMs, signal);
  } finally {
    state.queues.delete(bot.handle);
  }
}

/** What waited in the queue; null where the server has thrown it away. */
async function waiting(
  state: State,
  bot: BotTarget,
  { queue, last }: Position,
  signal: AbortSignal,
): Promise<readonly WireEvent[] | null> {
  try {
    const on = await asBot(state, bot.handle, signal);
    return await state.api.events(on, queue ?? "", last, { block: false, timeoutMs: answerMs });
  } catch (error) {
    if (isGone(error)) return null;
    throw error;
  }
}

async function poll(state: State, bot: BotTarget, timeoutMs: number, signal: AbortSignal): Promise<void> {
  const { host, api } = state;
  const queue = state.queues.get(bot.handle) ?? "";
  let last = (await positionOf(state, bot.handle))?.last ?? -1;
  let key = "";
  while (!signal.aborted) {
    const on = await asBot(state, bot.handle, signal);
    try {
      const events = await api.events(on, queue, last, { block: true, timeoutMs });
      key = on.secret ?? "";
      await take(state, bot, events, signal);
      last = Math.max(last, ...events.map(({ id }) => id));
    } catch (error) {
      if (error instanceof BotyardError && error.code === "rate_limited") {
        // Nothing is lost while the queue waits.
        await host.clock.sleep(error.details.retryAfterMs ?? 1000, signal);
        continue;
      }
      // The key was replaced while its last request waited.
      const now = await asBot(state, bot.handle, signal);
      const replaced = error instanceof BotyardError && error.code === "unauthenticated" && now.secret !== on.secret;
      if (replaced && now.secret !== key) {
        key = now.secret ?? "";
        continue;
      }
      if (!isGone(error)) throw error;
      const position = await positionOf(state, bot.handle);
      if (position) await host.store.put({ [positionKey(bot.handle)]: { ...position, queue: null } });
      throw new BotyardError(
        "unreachable",
        "Zulip has thrown the event queue away: it was not asked for ten minutes.",
        {
          cause: error,
        },
      );
    }
  }
}

/** Events and the place after them go to disk together: only then does the next request acknowledge them. */
async function take(state: State, bot: BotTarget, events: readonly WireEvent[], signal: AbortSignal): Promise<void> {
  const told = events.filter(({ type }) => type !== "heartbeat");
  const position = await positionOf(state, bot.handle);
  if (told.length === 0 || !position) return;
  const { host } = state;
  const on = await asBot(state, bot.handle, signal);
  const now = new Date(host.clock.now()).toISOString();
  const drafts: EventDraft[] = [];
  const decoding = decodingNow(state, on);
  for (const event of told) drafts.push(...(await decodeEvent(decoding, event, now)));
  const last = Math.max(position.last, ...events.map(({ id }) => id));
  const seen = Math.max(position.seen, ...told.map((event) => (event.type === "message" ? event.message.id : -1)));
  await host.commit(
    {
      via: "poll",
      id: `${position.queue}:${position.last}-${last}`,
      bots: [bot.handle],
      raw: JSON.stringify(told),
      events: drafts,
    },
    { put: { [positionKey(bot.handle)]: { ...position, last, seen } } },
  );
}
