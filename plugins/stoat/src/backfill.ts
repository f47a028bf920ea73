import { isBotyardError, type BotTarget, type EventDraft, type Gap, type GapOutcome, type Receive } from "@botyard/sdk";
import * as api from "./api.ts";
import { authOf, callerOf, type Context } from "./context.ts";
import { decodeMessageEvent, type Names } from "./decode.ts";
import type { Places } from "./places.ts";
import type { Caller } from "./request.ts";
import { firstIdAt, timeOf } from "./ulid.ts";
import type { WireMessage, WireUser } from "./wire.ts";

const pageSize = 100;
/** Most pages of one channel; more than that is reported as lost. */
const mostPages = 200;
/** Messages known already are no new ones, so that reading too much does no harm. */
const slackMs = 60_000;
/** Messages of one moment may arrive in another order than that of their ids. */
const orderMs = 5_000;

/** Reads each channel's history since the gap began, as each bot it concerns; a refusal loses only that channel. */
export function createBackfill(context: Context): NonNullable<Receive["backfill"]> {
  return async (gap, signal) => {
    const bots = (await context.host.bots.list()).filter(
      ({ handle, nativeId, enabled }) => enabled && nativeId !== null && (gap.bots?.includes(handle) ?? true),
    );
    const found = new Map<string, GapOutcome>();
    for (const bot of bots) {
      const as = { kind: "bot", id: bot.nativeId ?? "", handle: bot.handle, credential: null } as const;
      const places = await context.placesOf(as, true, signal);
      const on = await callerOf(context, await authOf(context, as), signal);
      for (const channel of places.channels()) {
        if (signal.aborted) throw signal.reason;
        if (gap.rooms && !gap.rooms.includes(channel._id)) continue;
        // What one bot could read is not lost because another could not.
        const before = found.get(channel._id);
        // What the server says of the newest message comes too late to be trusted.
        const outcome = await fill({ context, on, bot, places, gap }, channel._id);
        const messages = (before?.messages ?? 0) + outcome.messages;
        found.set(channel._id, { ...(before?.outcome === "filled" ? before : outcome), messages });
      }
    }
    return found.size === 0 ? [{ outcome: "filled", messages: 0 }] : [...found.values()];
  };
}

/**
 * Where to read on from, by the server's clock: where the gap began, with some slack; or, where the socket before heard
 * the channel from before the gap on, from the last message it put on disk.
 */
function startOf({ context, gap, bot }: Filling, room: string): number {
  const from = Date.parse(gap.from);
  const start = from + context.skewMs - slackMs;
  const before = context.heard.get(bot.handle);
  const last = before && from >= before.since ? timeOf(before.kept.get(room) ?? "") : undefined;
  return last === undefined ? start : Math.max(start, last - orderMs);
}

interface Filling {
  readonly context: Context;
  readonly on: Caller;
  readonly bot: BotTarget;
  readonly places: Places;
  readonly gap: Gap;
}

async function fill(parts: Filling, room: string): Promise<GapOutcome> {
  const { on } = parts;
  let after = firstIdAt(startOf(parts, room));
  let messages = 0;
  try {
    for (let page = 0; ; page++) {
      if (page >= mostPages)
        return { room, outcome: "lost", messages, reason: `more than ${mostPages * pageSize} messages were missed` };
      // Without `oldest` the newest of the range come, and what lies between would be skipped.
      const found = await api.history(on, room, { limit: pageSize, after, oldest: true });
      messages += await keep(parts, room, found.messages, found.users);
      const last = found.messages.at(-1)?._id;
      if (found.messages.length < pageSize || last === undefined || last <= after) break;
      after = last;
    }
    return { room, outcome: "filled", messages };
  } catch (error) {
    if (!isBotyardError(error) || (error.code !== "forbidden" && error.code !== "not_found")) throw error;
    return { room, outcome: "lost", messages, reason: "the bot may not read the history of this channel" };
  }
}

async function keep(
  { context, bot, places, gap }: Filling,
  room: string,
  found: readonly WireMessage[],
  users: readonly WireUser[],
): Promise<number> {
  if (found.length === 0) return 0;
  for (const user of users) places.meet(user);
  const authors = new Map(found.map(({ _id, author }) => [_id, author] as const));
  const place = places.eventRoom(room);
  const events = found.flatMap((message) =>
    draftsOf(message, places.user, authors).map((draft) => ({ ...draft, room: place })),
  );
  const { fresh } = await context.host.commit({ via: "backfill", gap: gap.id, bots: [bot.handle], events });
  return fresh;
}

/** A message that was written and edited meanwhile is two events. History has only its last text. */
function draftsOf(
  message: WireMessage,
  names: Names,
  authors: ReadonlyMap<string, string>,
): readonly Omit<EventDraft, "room">[] {
  const answered = message.replies?.[0];
  const { room: _, ...created } = decodeMessageEvent(
    message,
    names,
    answered === undefined ? undefined : authors.get(answered),
  );
  if (!message.edited || created.type !== "message.created") return [created];
  const key = { kind: "message", id: message._id, revision: message.edited };
  return [created, { ...created, type: "message.updated", key, time: message.edited }];
}
