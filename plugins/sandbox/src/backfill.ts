import { isBotyardError, type BotTarget, type EventDraft, type GapOutcome, type Receive } from "@botyard/sdk";
import { decodeMessageEvent } from "./decode.ts";
import { botAuth, type State } from "./state.ts";
import type { WireAuth } from "./wire-calls.ts";
import type { WireMessage, WireRoom } from "./wire.ts";

const pageSize = 100;

/** Reads each room's history since the gap began, as each bot that was in it; a refusal in one room loses only that one. */
export function createBackfill(state: State): NonNullable<Receive["backfill"]> {
  return async (gap, signal) => {
    const bots = (await state.host.bots.list()).filter(
      ({ handle, nativeId, enabled }) => enabled && nativeId !== null && (gap.bots?.includes(handle) ?? true),
    );
    const found = new Map<string, GapOutcome>();
    for (const bot of bots) {
      const auth = await botAuth(state, bot.handle);
      for (const room of await roomsOf(state, auth, bot, signal)) {
        if (signal.aborted) return [...found.values()];
        const outcome = await fill(state, { auth, bot, room, from: gap.from, gap: gap.id }, signal);
        const before = found.get(room.room_id);
        const messages = (before?.messages ?? 0) + outcome.messages;
        // what one bot could read is not lost because another could not
        found.set(room.room_id, { ...(before?.outcome === "filled" ? before : outcome), messages });
      }
    }
    return found.size === 0 ? [{ outcome: "filled", messages: 0 }] : [...found.values()];
  };
}

async function roomsOf({ api }: State, auth: WireAuth, bot: BotTarget, signal: AbortSignal): Promise<WireRoom[]> {
  const rooms: WireRoom[] = [];
  for (let before: string | null | undefined; before !== null;) {
    const page = await api.listRooms(auth, { limit: pageSize, ...(before === undefined ? {} : { before }) }, signal);
    rooms.push(...page.rooms.filter(({ room_type }) => room_type !== "space"));
    before = page.next;
  }
  const mine: WireRoom[] = [];
  for (const room of rooms) {
    const { members } = await api.listMembers(auth, { room_id: room.room_id }, signal);
    if (members.some(({ user_id, status }) => user_id === bot.nativeId && status === "joined")) mine.push(room);
  }
  return mine;
}

interface Reading {
  readonly auth: WireAuth;
  readonly bot: BotTarget;
  readonly room: WireRoom;
  readonly from: string;
  readonly gap: string;
}

async function fill({ api, host }: State, reading: Reading, signal: AbortSignal): Promise<GapOutcome> {
  const { auth, bot, room, from, gap } = reading;
  const missed: WireMessage[] = [];
  try {
    for (let before: string | null | undefined; before !== null;) {
      const args = { room_id: room.room_id, limit: pageSize, ...(before === undefined ? {} : { before }) };
      const page = await api.pageMessages(auth, args, signal);
      missed.push(...page.messages.filter((message) => message.sent_at >= from || (message.edited_at ?? "") >= from));
      before = page.messages.some(({ sent_at }) => sent_at < from) ? null : page.next;
    }
  } catch (error) {
    if (!isBotyardError(error) || error.code !== "forbidden") throw error;
    return {
      room: room.room_id,
      outcome: "lost",
      messages: 0,
      reason: "the bot may not read the history of this room",
    };
  }
  const events = missed.reverse().flatMap((message) => drafts(message, room, from));
  const { fresh } = await host.commit({ via: "backfill", gap, bots: [bot.handle], events });
  return { room: room.room_id, outcome: "filled", messages: fresh };
}

/** A message that was written and changed in the gap was two events. */
function drafts(message: WireMessage, room: WireRoom, from: string): EventDraft[] {
  const place = { id: room.room_id, kind: room.room_type, handle: room.slug, name: room.title };
  const events: EventDraft[] = [];
  if (message.sent_at >= from) {
    const { key: _, type: __, ...rest } = decodeMessageEvent(message);
    const key = { kind: "message", id: message.message_id };
    events.push({ ...rest, key, type: "message.created", time: message.sent_at, room: place });
  }
  if (message.edited_at !== null && message.edited_at >= from) {
    events.push({ ...decodeMessageEvent(message), time: message.edited_at, room: place });
  }
  return events;
}
