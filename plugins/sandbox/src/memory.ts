import { Refusal } from "./simulator/model.ts";
import { botKind, type State } from "./state.ts";
import { hookUrl } from "./hooks.ts";

const key = (nativeId: string, room: string): string => `room/${nativeId}/${room}`;

/** Keeps in which rooms a bot is: the server itself forgets it with the process. */
export async function rememberRoom({ host }: State, nativeId: string, room: string, there: boolean): Promise<void> {
  await host.store.put({ [key(nativeId, room)]: there ? true : null });
}

/** Bots that are managed exist again after the server has forgotten them, with their secrets, in the rooms that still are. */
export async function restoreBots(state: State): Promise<void> {
  const { host, server } = state;
  const kind = botKind(state);
  for (const bot of await host.bots.list()) {
    if (bot.nativeId === null) continue;
    const credential = await host.credentials.find({ kind, bot: bot.handle });
    const prefix = key(bot.nativeId, "");
    const rooms = (await host.store.list(prefix)).map(([name]) => name.slice(prefix.length));
    const row = {
      id: bot.nativeId,
      name: bot.username,
      fullName: bot.displayName,
      about: bot.description,
      owner: "ops-admin",
      active: bot.enabled,
      token: credential?.secret ?? null,
      hookUrl: kind === "bot-secret" ? hookUrl(host, bot.handle, bot.generation) : null,
    };
    try {
      server.restore(row, rooms);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      // its name is somebody else's now; one bot that cannot be is no reason for the others not to be
      host.report(
        { kind: "bot", bot: bot.handle },
        { state: "failed", reason: `It could not be made again: ${error.message}.` },
      );
    }
  }
}
