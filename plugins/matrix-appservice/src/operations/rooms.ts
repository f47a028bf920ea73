import { BotyardError, type HandlersOf, type Room } from "@botyard/sdk";
import * as api from "../api.ts";
import type { Capabilities } from "../capabilities.ts";
import { actorOf, toRoom, type Context } from "../context.ts";
import { checkUserId, localpartOf } from "../ids.ts";
import { ensureJoined } from "../intent.ts";
import { setState } from "../methods/actor.ts";
import { openDirect } from "../methods/direct.ts";
import { leaveRoom } from "../methods/membership.ts";
import { createRoom, setName, setTopic } from "../methods/rooms.ts";
import { refusedWith, type Caller } from "../request.ts";
import { readFacts, witness } from "../rooms.ts";
import { errcodes, type WireCreateRoom } from "../wire.ts";
import { actorIn } from "./acting.ts";

/** Rooms asked for at a time. */
const atOnce = 8;
const pageSize = 50;

export const rooms = (context: Context): HandlersOf<Capabilities, "rooms"> => ({
  "rooms.list": async ({ limit, cursor }, { as, signal }) => {
    const users = as === null ? await ours(context) : [await actorOf(context, as)];
    const seen = new Map<string, string>();
    for (const user of users)
      for (const room of await joinedRooms(await context.caller(user, signal)))
        if (!seen.has(room)) seen.set(room, user);
    const all = [...seen].sort(([a], [b]) => (a < b ? -1 : 1));
    const from = cursor === undefined ? 0 : all.findIndex(([room]) => room > cursor);
    const size = limit ?? pageSize;
    const page = from < 0 ? [] : all.slice(from, from + size);
    const items: Room[] = [];
    for (let at = 0; at < page.length; at += atOnce) {
      const some = page.slice(at, at + atOnce).map(async ([room, user]) => {
        const known = await context.memory.facts(room);
        return toRoom(room, known ?? (await readFacts(context, await context.caller(user, signal), room)));
      });
      items.push(...(await Promise.all(some)));
    }
    const last = page.at(-1)?.[0];
    return last !== undefined && from + size < all.length ? { items, next: last } : { items };
  },

  "rooms.get": async ({ room }, { as, signal }) => {
    const user = as === null ? await witness(context, room) : await actorOf(context, as);
    const on = await context.caller(user, signal);
    const facts = await readFacts(context, on, room);
    const { joined } = await api.joinedMembers(on, room);
    return toRoom(room, facts, Object.keys(joined).length);
  },

  "rooms.create": async ({ name, kind, parent, topic, public: open, invite }, call) => {
    const { signal } = call;
    const actor = await actorIn(context, call);
    const { user } = actor;
    if (parent !== undefined) await ensureJoined(context, user, parent, { signal });
    const wish: WireCreateRoom = {
      name,
      ...(topic === undefined ? {} : { topic }),
      ...(open === true
        ? { preset: "public_chat", visibility: "public" }
        : { preset: kind === "direct" ? "trusted_private_chat" : "private_chat" }),
      ...(invite === undefined ? {} : { invite }),
      ...(kind === "direct" ? { is_direct: true } : {}),
      ...(kind === "space" ? { creation_content: { type: "m.space" } } : {}),
    };
    const room = await createRoom(actor, wish);
    const facts = {
      name,
      ...(topic === undefined ? {} : { topic }),
      space: kind === "space",
      public: open === true,
      direct: kind === "direct",
    };
    await context.memory.setFacts(room, facts);
    if (parent === undefined) return toRoom(room, facts);
    const { serverName } = await context.identity();
    await setState(actor, parent, "m.space.child", room, { via: [serverName] });
    await setState(actor, room, "m.space.parent", parent, { via: [serverName], canonical: true });
    return { ...toRoom(room, facts), parent };
  },

  "rooms.update": async ({ room, name, topic }, call) => {
    const acting = await actorIn(context, call);
    const actor = call.as === null ? { ...acting, user: await witness(context, room) } : acting;
    if (name !== undefined) await setName(actor, room, name);
    if (topic !== undefined) await setTopic(actor, room, topic ?? "");
    return toRoom(room, await readFacts(context, await context.caller(actor.user, call.signal), room));
  },

  "rooms.open-direct": async ({ user }, call) => {
    const actor = await actorIn(context, call);
    const wrong = checkUserId(user);
    if (wrong !== undefined) throw new BotyardError("not_found", `there is no such user: ${wrong}`);
    const { room } = await openDirect(actor, user);
    const facts = await readFacts(context, await context.caller(actor.user, call.signal), room);
    return toRoom(room, { ...facts, direct: true });
  },

  "rooms.list-bots": async ({ room }, { signal }) => {
    const { owns } = await context.identity();
    const { joined } = await api.joinedMembers(await context.caller(await witness(context, room), signal), room);
    const users = Object.keys(joined).filter(owns);
    return { items: users.map((user) => ({ nativeId: user, username: localpartOf(user), active: true })) };
  },

  "rooms.add-bot": async ({ room }, { bot, signal }) => {
    const user = bot?.nativeId ?? undefined;
    if (user === undefined) throw new BotyardError("conflict", "the bot has no user on the homeserver");
    // Asked for by a person: what is remembered may be what they want mended.
    const { joined, via } = await ensureJoined(context, user, room, { signal, fresh: true });
    await readFacts(context, await context.caller(user, signal), room);
    return { room, joined, via };
  },

  "rooms.remove-bot": async ({ room }, call) => {
    const user = call.bot?.nativeId ?? undefined;
    if (user === undefined) throw new BotyardError("conflict", "the bot has no user on the homeserver");
    const actor = { ...(await actorIn(context, call)), user };
    return { room, left: await leaveRoom(actor, room) };
  },
});

/** The sender and the managed bots: whose rooms are ours. */
async function ours(context: Context): Promise<string[]> {
  const { sender } = await context.identity();
  const managed = (await context.host.bots.list()).flatMap(({ nativeId }) => (nativeId === null ? [] : [nativeId]));
  return [...new Set([sender, ...managed])];
}

/** A user that was never registered is in no room. */
async function joinedRooms(on: Caller): Promise<readonly string[]> {
  try {
    return await api.joinedRooms(on);
  } catch (error) {
    if (refusedWith(error, errcodes.forbidden)) return [];
    throw error;
  }
}
