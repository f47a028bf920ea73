import type { Scene } from "./cases/case.ts";
import type { AsOlder } from "./older.ts";
import type { World } from "./world.ts";

/** A bot that is ready, in the room of the place. */
export async function createScene(world: World, asOlder?: AsOlder): Promise<Scene> {
  let made = 0;
  const fresh = (): string => `suite-${++made}`;

  const enter = async (bot: string, ref: string): Promise<string> => {
    const { support } = await world.capability("rooms.add-bot");
    return support === "none" ? ref : (await world.call("rooms.add-bot", { room: ref, bot })).room;
  };

  const ref = world.drive.room;
  if (ref === undefined) throw new Error("the place names no room: give drive.room");
  const makeBot = async (): Promise<string> => {
    const handle = fresh();
    const created = await world.call("bots.create", { handle });
    await world.doSteps(created.opened);
    await enter(handle, ref);
    return handle;
  };

  const bot = await makeBot();
  return { world, bot, room: await enter(bot, ref), fresh, makeBot, ...(asOlder ? { asOlder } : {}) };
}
