import { BotyardError, type Call, type HandlersOf } from "@botyard/sdk";
import * as api from "../api.ts";
import type { Capabilities } from "../capabilities.ts";
import { person, readersFor, type State } from "../state.ts";
import type { WireParticipant } from "../wire.ts";
import { sourceOf } from "./rooms.ts";

const roles = { 1: "owner", 2: "moderator", 3: "user", 4: "guest", 5: "user-by-link", 6: "guest-moderator" } as const;

const toMember = (one: WireParticipant) => ({
  user: `${one.actorType}/${one.actorId}`,
  name: one.displayName || null,
  membership: "joined" as const,
  role: roles[one.participantType as keyof typeof roles] ?? "user",
});

/** The first answer of those who may read. */
export async function firstOf<T>(callers: readonly api.Caller[], ask: (on: api.Caller) => Promise<T>): Promise<T> {
  let refusal: unknown;
  for (const caller of callers) {
    try {
      return await ask(caller);
    } catch (error) {
      if (!(error instanceof BotyardError) || !["not_found", "forbidden", "unauthenticated"].includes(error.code))
        throw error;
      refusal ??= error;
    }
  }
  throw refusal ?? new BotyardError("unauthenticated", "nobody is there who could ask");
}

/** The number of a participant, as moderators' calls want it. Throws `not_found`. */
export async function attendeeOf(on: api.Caller, room: string, user: string): Promise<WireParticipant> {
  const [source, id] = sourceOf(user);
  const wanted = user.startsWith("guests/") ? user : `${source}/${id}`;
  const found = (await api.participants(on, room)).find((one) => `${one.actorType}/${one.actorId}` === wanted);
  if (found) return found;
  throw new BotyardError("not_found", `${user} is not in the room ${room}`);
}

export const members = (state: State): HandlersOf<Capabilities, "members"> => ({
  "members.list": async ({ room, limit = 100, cursor }, call: Call) => {
    const people = await firstOf(await readersFor(state, call, room), (on) => api.participants(on, room));
    // The server does not count bots among the participants.
    const bots = state.memory.botsIn(room).flatMap((handle) => {
      const bot = state.bots.get(handle);
      if (!bot || bot.nativeId === null) return [];
      return [{ user: bot.nativeId, name: bot.displayName, membership: "joined" as const, role: "bot" }];
    });
    const all = [...people.map(toMember), ...bots];
    const start = cursor === undefined ? 0 : all.findIndex(({ user }) => user === cursor) + 1;
    const items = all.slice(start, start + limit);
    const next = start + limit < all.length ? items.at(-1)?.user : undefined;
    return { items, ...(next === undefined ? {} : { next }) };
  },

  "members.invite": async ({ room, user }, call) => {
    const on = await person(state, call);
    const [source, id] = sourceOf(user);
    await api.addParticipant(on, room, source, id);
    const found = await attendeeOf(on, room, user).catch(() => null);
    return found ? toMember(found) : { user: `${source}/${id}`, name: null, membership: "invited" as const };
  },

  "members.kick": async ({ room, user }, call) => {
    const on = await person(state, call);
    const found = await attendeeOf(on, room, user);
    await api.removeAttendee(on, room, found.attendeeId);
    return { ...toMember(found), membership: "kicked" as const };
  },
});
