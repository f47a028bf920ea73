import {
  type BotyardError,
  isBotyardError,
  type BotTarget,
  type EventDraft,
  type Gap,
  type GapOutcome,
  type Receive,
} from "@botyard/sdk";
import * as api from "./api.ts";
import { authOf, callerOf, type Context } from "./context.ts";
import { decodeMessageEvent, type Names } from "./decode.ts";
import { reactionDraft } from "./frames.ts";
import { readHeard, type AllHeard } from "./heard.ts";
import type { Memory, ReactionChange } from "./memory.ts";
import type { Places } from "./places.ts";
import type { Caller } from "./request.ts";
import { firstIdAt, timeOf } from "./ulid.ts";
import type { WireMessage } from "./wire.ts";

const pageSize = 100;
/** Most pages of one channel; more than that is reported as lost. */
const mostPages = 200;
/** Messages known already are no new ones, so that reading too much does no harm. */
const slackMs = 60_000;
/** Messages of one moment may arrive in another order than that of their ids. */
const orderMs = 5_000;
/** Younger ones may be missing in an answer although they are there. */
const settledMs = 15_000;
const mostTries = 8;
const longestWaitMs = 30_000;

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
      const heard = context.heard.get(bot.handle) ?? (await readHeard(context.host, bot));
      const memory = context.memoryOf(bot.nativeId ?? bot.handle);
      for (const channel of places.channels()) {
        if (signal.aborted) throw signal.reason;
        if (gap.rooms && !gap.rooms.includes(channel._id)) continue;
        // What one bot could read is not lost because another could not.
        const before = found.get(channel._id);
        // What the server says of the newest message comes too late to be trusted.
        const outcome = await fill({ context, on, bot, places, gap, heard, memory, signal, room: channel._id });
        const messages = (before?.messages ?? 0) + outcome.messages;
        found.set(channel._id, { ...(before?.outcome === "filled" ? before : outcome), messages });
      }
    }
    return found.size === 0 ? [{ outcome: "filled", messages: 0 }] : [...found.values()];
  };
}

interface Filling {
  readonly context: Context;
  readonly on: Caller;
  readonly bot: BotTarget;
  readonly places: Places;
  readonly gap: Gap;
  readonly heard: AllHeard;
  readonly memory: Memory;
  readonly signal: AbortSignal;
  readonly room: string;
}

/**
 * Where to read on from, by the server's clock: where the gap began, with some slack; or, where a socket heard the
 * channel from before the gap on, from the last message that is on disk: it may have been deaf for longer than anybody
 * knew, and need not be read again.
 */
function startOf({ context, gap, heard, room }: Filling): number {
  const from = Date.parse(gap.from);
  const before = heard.get(room);
  const last = before && from >= before.since ? timeOf(before.id) : undefined;
  return last === undefined ? context.serverClock.since(from) - slackMs : last - orderMs;
}

async function fill(parts: Filling): Promise<GapOutcome> {
  const { on, room, memory } = parts;
  const start = startOf(parts);
  const remembered = memory.idsOf(room);
  const shown = new Set<string>();
  let messages = 0;
  const ask = (query: Omit<Parameters<typeof api.history>[2], "limit">): Promise<api.History> =>
    patiently(parts, async () => {
      const page = await api.history(on, room, { limit: pageSize, ...query });
      for (const user of page.users) parts.places.meet(user);
      for (const { _id } of page.messages) shown.add(_id);
      return page;
    });
  try {
    let asked = memory.tick();
    const older = await ask({ before: firstIdAt(start) });
    await keepOlder(parts, older.messages, start, asked);
    let after = firstIdAt(start);
    for (let page = 0; ; page++) {
      if (page >= mostPages)
        return { room, outcome: "lost", messages, reason: `more than ${mostPages * pageSize} messages were missed` };
      asked = memory.tick();
      // Without `oldest` the newest of the range come, and what lies between would be skipped.
      const found = await ask({ after, oldest: true });
      messages += await keepMissed(parts, found.messages, asked);
      const last = found.messages.at(-1)?._id;
      if (!found.full || last === undefined || last <= after) break;
      after = last;
    }
    const covered = older.full ? (older.messages.at(-1)?._id ?? firstIdAt(start)) : "";
    await keepDeleted(parts, remembered, (id) => id >= covered && !shown.has(id));
    return { room, outcome: "filled", messages };
  } catch (error) {
    if (!isBotyardError(error) || parts.signal.aborted) throw error;
    if (error.code === "forbidden" || error.code === "not_found")
      return { room, outcome: "lost", messages, reason: "the bot may not read the history of this channel" };
    if (!passes(error)) throw error;
    return { room, outcome: "lost", messages, reason: `the history could not be read: ${error.message}` };
  }
}

/** Asks again while what fails may pass: a history that cannot be read now is not lost yet. */
async function patiently<T>({ context, signal }: Filling, work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (!isBotyardError(error) || !passes(error) || signal.aborted || tries >= mostTries) throw error;
      const wait = Math.max(error.details.retryAfterMs ?? 0, Math.min(longestWaitMs, 500 * 2 ** tries));
      await context.host.clock.sleep(wait, signal);
    }
  }
}

function passes({ code }: BotyardError): boolean {
  return code === "unreachable" || code === "timeout" || code === "rate_limited" || code === "upstream";
}

async function commit(
  { context, gap, bot, places, room }: Filling,
  drafts: readonly Omit<EventDraft, "room">[],
): Promise<number> {
  if (drafts.length === 0) return 0;
  const place = places.eventRoom(room);
  const events = drafts.map((draft) => ({ ...draft, room: place }));
  return (await context.host.commit({ via: "backfill", gap: gap.id, bots: [bot.handle], events })).fresh;
}

/** What was said in the gap. Of reactions only those on messages that were not known before are certainly new. */
async function keepMissed(parts: Filling, found: readonly WireMessage[], asked: number): Promise<number> {
  const { memory, places } = parts;
  const authors = new Map(found.map(({ _id, author }) => [_id, author] as const));
  let waiting: Omit<EventDraft, "room">[] = [];
  let messages = 0;
  const flush = async (): Promise<number> => {
    const fresh = await commit(parts, waiting);
    waiting = [];
    messages += fresh;
    return fresh;
  };
  for (const message of found) {
    const known = memory.get(message._id) !== undefined;
    const reacted = Object.keys(message.reactions ?? {}).length > 0;
    // Whether it was known to the log is told of a whole intake: one that matters is one of its own.
    const [created, ...later] = draftsOf(message, places.user, authors);
    if (!known && reacted) await flush();
    if (created) waiting.push(created);
    const fresh = !known && reacted && (await flush()) > 0;
    waiting.push(...later);
    const changes = known ? memory.compare(message, asked) : memory.adopt(message, fresh);
    if (changes.length === 0) continue;
    await flush();
    await commit(parts, reactionsOf(parts, message, changes));
  }
  await flush();
  return messages;
}

/** What became in the gap of messages that are older than it: edits, and reactions where the message is remembered. */
async function keepOlder(parts: Filling, found: readonly WireMessage[], start: number, asked: number): Promise<void> {
  const { memory, places } = parts;
  const none = new Map<string, string>();
  const drafts = found.toReversed().flatMap((message) => {
    const [, edit] = Date.parse(message.edited ?? "") >= start ? draftsOf(message, places.user, none) : [];
    const known = memory.get(message._id) !== undefined;
    const changes = known ? memory.compare(message, asked) : memory.adopt(message, false);
    return [...(edit ? [edit] : []), ...reactionsOf(parts, message, changes)];
  });
  await commit(parts, drafts);
}

function reactionsOf(
  { places, context }: Filling,
  { _id }: WireMessage,
  changes: readonly ReactionChange[],
): readonly Omit<EventDraft, "room">[] {
  return changes.map((change) => reactionDraft({ ...change, message: _id }, places.user, nowOf(context), "history"));
}

/** A remembered message that a history which covers it does not show has been deleted. */
async function keepDeleted(
  parts: Filling,
  remembered: readonly string[],
  isMissing: (id: string) => boolean,
): Promise<void> {
  const { context, memory } = parts;
  const settled = firstIdAt(context.serverClock.now() - settledMs);
  const gone = remembered.filter((id) => id < settled && isMissing(id) && memory.get(id) !== undefined);
  for (const id of gone) memory.note({ type: "MessageDelete", id });
  await commit(
    parts,
    gone.toSorted().map((id) => ({
      type: "message.deleted",
      key: { kind: "message", id, revision: "deleted" },
      time: nowOf(context),
      actor: null,
      message: { id },
      native: { type: "MessageDelete", meaning: "history" },
    })),
  );
}

function nowOf({ serverClock }: Context): string {
  return new Date(serverClock.now()).toISOString();
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
