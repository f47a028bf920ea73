import { isBotyardError, type Gap, type GapOutcome } from "@botyard/sdk";
import * as api from "./api.ts";
import type { Context } from "./context.ts";
import type { Decoded } from "./decode.ts";
import { createDrafting } from "./drafting.ts";
import { readTransaction } from "./transactions.ts";
import { objectOf, type WireEvent } from "./wire.ts";

const pageSize = 100;
/** Most pages of one room; more than that is reported as lost. */
const mostPages = 100;
/** The `Date` of an answer is rough; servers of other homeservers' users have clocks of their own. */
const clockSlackMs = 60_000;

/**
 * Reads what a gap may hide from the history of each room one of our users is in. Known events are no new ones, so that
 * reading too much does no harm.
 */
export async function backfill(context: Context, gap: Gap, signal: AbortSignal): Promise<readonly GapOutcome[]> {
  const outcomes: GapOutcome[] = [];
  for (const room of gap.rooms ?? (await context.memory.rooms())) {
    if (signal.aborted) throw signal.reason;
    outcomes.push(await fillRoom(context, gap, room, signal));
  }
  return outcomes;
}

async function fillRoom(context: Context, gap: Gap, room: string, signal: AbortSignal): Promise<GapOutcome> {
  const lost = (reason: string): GapOutcome => ({ room, outcome: "lost", messages: 0, reason });
  const users = await context.memory.joinedTo(room);
  const [user] = users;
  if (user === undefined) return lost("none of our users is in the room any more");
  try {
    const missed = await readBack(context, room, user, users, gap, signal);
    if (missed === undefined) return lost(`more than ${mostPages * pageSize} events were missed`);
    return { room, outcome: "filled", messages: await store(context, gap, missed.reverse()) };
  } catch (error) {
    if (signal.aborted) throw error;
    return lost(isBotyardError(error) ? error.message : "its history could not be read");
  }
}

/** Events newest first, back to a time or to where none of our users was in the room; `undefined` where that is too far. */
async function readBack(
  context: Context,
  room: string,
  user: string,
  users: readonly string[],
  gap: Gap,
  signal: AbortSignal,
): Promise<WireEvent[] | undefined> {
  const on = await context.caller(user, signal);
  const { owns } = await context.identity();
  const present = new Set(users);
  const missed: WireEvent[] = [];
  let from: string | undefined;
  for (let page = 0; page < mostPages; page++) {
    const { chunk, end } = await api.messages(on, room, {
      dir: "b",
      limit: pageSize,
      ...(from === undefined ? {} : { from }),
    });
    const { events } = readTransaction("", { events: chunk });
    const since = context.serverClock.since(Date.parse(gap.from)) - clockSlackMs;
    for (const event of events) {
      if (present.size === 0) return missed;
      if (event.origin_server_ts >= since) missed.push(event);
      if (event.state_key !== undefined && owns(event.state_key)) stepBack(present, event);
    }
    // Newest first: once a whole page is older, everything after it is too.
    if (end === undefined || end === from || events.every((event) => event.origin_server_ts < since)) return missed;
    from = end;
  }
  return undefined;
}

/** Who of ours was in the room before this event. */
function stepBack(present: Set<string>, { type, state_key: user, content, unsigned }: WireEvent): void {
  if (type !== "m.room.member" || user === undefined) return;
  if (objectOf(objectOf(unsigned)["prev_content"])["membership"] === "join") present.add(user);
  else if (content["membership"] === "join") present.delete(user);
}

/** Commits in the order of the room; answers how many messages were new. */
async function store(context: Context, gap: Gap, events: readonly WireEvent[]): Promise<number> {
  const { owns } = await context.identity();
  let messages = 0;
  for (let at = 0; at < events.length; at += pageSize) {
    const drafts: Decoded[] = [];
    const committed = await context.memory.exclusive(async () => {
      const drafting = createDrafting(context, owns);
      for (const event of events.slice(at, at + pageSize)) drafts.push(await drafting.draft(event));
      const done = await context.host.commit(
        { via: "backfill", gap: gap.id, events: drafts },
        { put: Object.fromEntries(drafting.pending) },
      );
      context.memory.keep(drafting.pending);
      return done;
    });
    messages += Math.min(committed.fresh, drafts.filter(({ type }) => type === "message.created").length);
  }
  return messages;
}
