import { BotyardError, isBotyardError, type Call, type HandlersOf, type Room } from "@botyard/sdk";
import * as api from "../api.ts";
import type { Capabilities } from "../capabilities.ts";
import { acting, botAuth, botOf, callerOf, managing, nativeIdOf, owning, type Context } from "../context.ts";
import { isDeleted } from "../decode.ts";
import type { Caller } from "../request.ts";
import { isRoomOf, membersOf, roomOf, whereOf } from "../rooms.ts";
import { unless } from "./messages.ts";

export const rooms = (context: Context): HandlersOf<Capabilities, "rooms"> => ({
  "rooms.list": async ({ limit = 100, cursor }, call) => {
    const places = await context.placesOf(call.as, call.as === null && cursor === undefined, call.signal);
    const all = places.rooms().toSorted((a, b) => (a.id < b.id ? -1 : 1));
    const start = cursor === undefined ? 0 : all.findIndex(({ id }) => id > cursor);
    const items = start < 0 ? [] : all.slice(start, start + limit);
    const last = items.at(-1);
    return { items, ...(last && all.at(-1)?.id !== last.id ? { next: last.id } : {}) };
  },

  "rooms.get": ({ room }, call) => managing(context, call, (on) => roomOf(context, call.as, on, room)),

  "rooms.create": async ({ name, kind, parent, topic, invite }, call) => {
    const described = topic === undefined ? {} : { description: topic };
    const made = kind ?? "channel";
    if (made === "direct")
      throw new BotyardError("invalid", "A direct room is opened, not made.", {
        instead: `botyard rooms open-direct ${context.host.connection.id} <user>`,
      });
    if (invite !== undefined && made !== "group")
      throw new BotyardError("unsupported_param", "Only a group is made with people in it.", {
        issues: [{ path: "invite", expected: "only with kind group" }],
      });
    return managing(context, call, async (on) => {
      if (made === "space") return isRoomOf((await api.createServer(on, { name, ...described })).server);
      if (made === "group") return isRoomOf(await api.createGroup(on, { name, ...described, users: invite ?? [] }));
      return isRoomOf(await api.createChannel(on, await parentOf(context, call, parent), { name, ...described }));
    });
  },

  "rooms.update": async ({ room, name, topic }, call) => {
    const remove = topic === null ? { remove: ["Description"] } : {};
    const edit = { ...(name === undefined ? {} : { name }), ...(topic ? { description: topic } : {}), ...remove };
    return managing(context, call, async (on): Promise<Room> => {
      const place = await whereOf(context, call.as, on, room);
      return place.kind === "server"
        ? isRoomOf(await api.editServer(on, place.server, edit))
        : isRoomOf(await api.editChannel(on, room, edit));
    });
  },

  "rooms.open-direct": async ({ user }, call) =>
    isRoomOf(await acting(context, call, (on) => api.openDirect(on, user))),

  "rooms.list-bots": ({ room }, call) =>
    owning(context, call, async (on) => {
      const { users } = await membersOf(context, on, room);
      const bots = users.filter(({ bot }) => bot);
      return { items: bots.map((user) => ({ nativeId: user._id, username: user.username, active: !isDeleted(user) })) };
    }),

  "rooms.add-bot": ({ room }, call) =>
    owning(context, call, async (on) => {
      const place = await whereOf(context, null, on, room);
      const id = nativeIdOf(call);
      if (place.kind === "direct")
        throw new BotyardError("invalid", "A bot enters servers and groups; a direct room is opened.", {
          instead: `botyard rooms open-direct ${context.host.connection.id} <user>`,
        });
      const to = place.kind === "group" ? { group: room } : { server: place.server };
      const already = place.kind === "group" ? "AlreadyInGroup" : "AlreadyInServer";
      const joined = await unless(already, api.inviteBot(on, id, { to }));
      const what = place.kind === "group" ? "invited to the group" : "invited to the server";
      const via = place.kind === "channel" ? `${what} of the channel` : what;
      return { room, joined, via: joined ? via : "was in there" };
    }),

  "rooms.remove-bot": async ({ room }, call) => {
    const bot = botOf(call);
    const on = await callerOf(context, await botAuth(context, bot.handle), call.signal);
    // The bot may not see a channel of a server it is in; the owner may not be in a server the bot is in.
    const place = await owning(context, call, (owner) => whereOf(context, null, owner, room)).catch(
      (error: unknown) => {
        if (!isAbsent(error)) throw error;
        return whereOf(context, null, on, room);
      },
    );
    if (place.kind === "direct") throw new BotyardError("invalid", "Nobody leaves a direct room.");
    try {
      await (place.kind === "group" ? api.leaveGroup(on, room) : leave(on, place.server, nativeIdOf(call)));
      return { room, left: true };
    } catch (error) {
      // To who is not in it a server or group is not there, or may not be seen.
      if (!isAbsent(error)) throw error;
      return { room, left: false };
    }
  },
});

function isAbsent(error: unknown): boolean {
  return isBotyardError(error) && (error.code === "not_found" || error.code === "forbidden");
}

/** The call with which everybody else leaves a server deletes it when its owner makes it. */
export async function leave(on: Caller, server: string, bot: string): Promise<void> {
  const { owner } = await api.fetchServer(on, server);
  if (owner === bot)
    throw new BotyardError(
      "conflict",
      "The bot owns this server, and to leave it would delete it: give it to somebody first.",
    );
  await api.leaveServer(on, server);
}

/** The server a new channel belongs to; without one, the only one that is seen. */
async function parentOf(context: Context, call: Call, parent: string | undefined): Promise<string> {
  const places = await context.placesOf(call.as, false, call.signal);
  if (parent !== undefined) return places.find(parent) ?? parent;
  const servers = places.servers();
  const [only] = servers;
  if (only && servers.length === 1) return only._id;
  throw new BotyardError("invalid", "A channel is made in a server: say which.", {
    issues: [
      {
        path: "parent",
        expected:
          servers.length === 0
            ? "id or handle of a server"
            : `one of ${servers
                .map(({ name }) => name)
                .join(", ")
                .slice(0, 300)}`,
      },
    ],
  });
}
