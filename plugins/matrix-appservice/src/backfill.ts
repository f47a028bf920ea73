import { isBotyardError, type Gap, type GapOutcome } from "@botyard/sdk";
import * as api from "./api.ts";
import type { Context } from "./context.ts";
import { draftOf } from "./receive.ts";
import { readTransaction } from "./transactions.ts";
import type { WireEvent } from "./wire.ts";

const pageSize = 100;
/** Most pages of one room; more than that is reported as lost. */
const mostPages = 100;
/** The clocks of homeserver and Botyard may differ by this much. */
const clockSlackMs = 60_000;

/**
 * Reads what a gap may hide from the history of each room one of our users is in. Known events are no new ones, so that
 * reading too much does no harm.
 */
export async function backfill(context: Context, gap: Gap, signal: AbortSignal): Promise<readonly GapOutcome[]> {
  const rooms = await context.memory.rooms();
  const wanted = gap.rooms ?? [...rooms.keys()];
  const outcomes: GapOutcome[] = [];
  for (const room of wanted) {
    if (signal.aborted) throw signal.reason;
    const user = rooms.get(room);
    outcomes.push(
      user === undefined
        ? { room, outcome: "lost", messages: 0, reason: "none of our users is in the room any more" }
        : await fillRoom(context, gap, room, user, signal),
    );
  }
  return outcomes;
}

async function fillRoom(
  context: Context,
  gap: Gap,
  room: string,
  user: string,
  signal: AbortSignal,
): Promise<GapOutcome> {
  const since = Date.parse(gap.from) - clockSlackMs;
  const missed: WireEvent[] = [];
  try {
    const on = await context.caller(user, signal);
    let from: string | undefined;
    for (let page = 0; ; page++) {
      if (page >= mostPages)
        return { room, outcome: "lost", messages: 0, reason: `more than ${mostPages * pageSize} events were missed` };
      const { chunk, end } = await api.messages(on, room, {
        dir: "b",
        limit: pageSize,
        ...(from === undefined ? {} : { from }),
      });
      const { events } = readTransaction("", { events: chunk });
      missed.push(...events.filter((event) => event.origin_server_ts >= since));
      // Newest first: once a whole page is older, everything after it is too.
      if (end === undefined || end === from || events.every((event) => event.origin_server_ts < since)) break;
      from = end;
    }
  } catch (error) {
    if (signal.aborted) throw error;
    return {
      room,
      outcome: "lost",
      messages: 0,
      reason: isBotyardError(error) ? error.message : "its history could not be read",
    };
  }
  return { room, outcome: "filled", messages: await store(context, gap, missed.reverse()) };
}

/** Commits in the order of the room; answers how many events were new. */
async function store(context: Context, gap: Gap, events: readonly WireEvent[]): Promise<number> {
  const { owns } = await context.identity();
  let fresh = 0;
  for (let at = 0; at < events.length; at += pageSize) {
    const pending = new Map<string, unknown>();
    const drafts = [];
    for (const event of events.slice(at, at + pageSize)) drafts.push(await draftOf(context, event, owns, pending));
    const committed = await context.host.commit(
      { via: "backfill", gap: gap.id, events: drafts },
      { put: Object.fromEntries(pending) },
    );
    context.memory.keep(pending);
    fresh += committed.fresh;
  }
  return fresh;
}
