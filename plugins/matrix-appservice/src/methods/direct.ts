import * as api from "../api.ts";
import * as people from "../api-people.ts";
import { orUndefined } from "../request.ts";
import { memberOf } from "../room-state.ts";
import { createRoom } from "./rooms.ts";
import { asUser, callerOf, type Actor } from "./actor.ts";

const directType = "m.direct";

const roomsOf = (data: Readonly<Record<string, unknown>>, user: string): readonly string[] => {
  const list = data[user];
  return Array.isArray(list) ? list.filter((room) => typeof room === "string") : [];
};

/** The room that two share by their own word (`m.direct`) and both are in or invited to; the newest first. */
export const findDirect = (actor: Actor, user: string): Promise<string | undefined> =>
  asUser(actor, async (on) => {
    const data = (await orUndefined(people.getAccountData(on, actor.user, directType))) ?? {};
    const mine = new Set(await api.joinedRooms(on));
    for (const room of roomsOf(data, user).toReversed()) {
      if (!mine.has(room)) continue;
      const there = memberOf((await orUndefined(api.getState(on, room, "m.room.member", user))) ?? {})?.membership;
      if (there === "join" || there === "invite") return room;
    }
    return undefined;
  });

/** Finds it, or makes it and notes it in `m.direct`. */
export function openDirect(actor: Actor, user: string): Promise<{ readonly room: string; readonly made: boolean }> {
  return actor.context.serial(`direct ${actor.user} ${user}`, async () => {
    const found = await findDirect(actor, user);
    if (found !== undefined) return { room: found, made: false };
    const room = await createRoom(actor, { preset: "trusted_private_chat", is_direct: true, invite: [user] });
    await actor.context.memory.setFacts(room, { direct: true });
    const on = await callerOf(actor);
    const data = (await orUndefined(people.getAccountData(on, actor.user, directType))) ?? {};
    await people.putAccountData(on, actor.user, directType, { ...data, [user]: [...roomsOf(data, user), room] });
    return { room, made: true };
  });
}
