import type { BotTarget } from "@botyard/sdk";
import * as api from "./api.ts";
import { moderators } from "./bots.ts";
import { readers, type State } from "./state.ts";
import { setupStep } from "./steps.ts";

/**
 * A bot that was installed again is in no room: it is set up again in those Botyard remembers, as whoever may. For the
 * rest a step is opened; the bot is not believed to be there until it is heard.
 */
export async function restoreRooms(
  state: State,
  bot: BotTarget,
  id: number | null,
  signal: AbortSignal,
): Promise<void> {
  const { memory, host } = state;
  const callers = await moderators(state, await readers(state, signal), signal);
  const left: string[] = [];
  for (const [room] of memory.rooms(bot.handle)) {
    if (id !== null && (await enable(callers, room, id))) continue;
    left.push(room);
  }
  for (const room of left) await memory.leave(bot.handle, room);
  if (left.length > 0)
    host.step(setupStep(state, bot, left, "After a new installation the bot is in no room."), bot.handle);
}

async function enable(callers: readonly api.Caller[], room: string, id: number): Promise<boolean> {
  for (const caller of callers) {
    const { status } = await api.enableBot(caller, room, id);
    if (status === 200 || status === 201) return true;
  }
  return false;
}
