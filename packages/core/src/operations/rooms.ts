import type { Member, Room } from "@botyard/sdk";
import { allowsBot, allowsRoom } from "../access/grants.ts";
import type { CallContext, CoreHandlers } from "../invoke/context.ts";
import { withinReach } from "../invoke/reach.ts";
import { putMembership } from "../registry/registry.ts";

/** Native members with the handles of our own bots among them. */
function known(call: CallContext, member: Omit<Member, "bot">): Member {
  const connection = call.target?.connection.id ?? "";
  const handle = call.core.registry.botByNativeId(connection, member.user)?.handle;
  return { ...member, ...(handle ? { bot: handle } : {}) };
}

export const rooms: CoreHandlers<"rooms"> = {
  async "rooms.list"(_, call) {
    const page = (await call.perform()) as { items: Room[]; next?: string };
    const { grant } = call.principal;
    const connection = call.target?.connection.id ?? "";
    const allowed = page.items.filter((room) => allowsRoom(grant, connection, room.id));
    const seen = call.target ? await withinReach(call.core, call.principal, call.target, allowed) : allowed;
    // A key for certain bots does not hear which others there are.
    const botsIn = (room: string): string[] =>
      call.core.registry.membersOf(connection, room).filter((handle) => allowsBot(grant, connection, handle));
    return { ...page, items: seen.map((room) => ({ ...room, bots: botsIn(room.id) })) };
  },

  async "rooms.create"(_, call) {
    const room = (await call.perform()) as Room;
    const { core, target } = call;
    const connection = target?.connection.id ?? "";
    if (target?.as?.kind === "bot" && target.as.handle)
      await core.registry.save([putMembership(connection, room.id, target.as.handle, true)]);
    call.reply.status = 201;
    call.reply.location = `/v1/connections/${connection}/rooms/${encodeURIComponent(room.id)}`;
    return room;
  },

  async "rooms.list-bots"(_, call) {
    const answer = (await call.perform()) as { items: { nativeId: string; username: string; active: boolean }[] };
    const connection = call.target?.connection.id ?? "";
    return {
      items: answer.items.map((item) => ({
        handle: call.core.registry.botByNativeId(connection, item.nativeId)?.handle ?? null,
        ...item,
      })),
    };
  },

  async "rooms.add-bot"(input, call) {
    const answer = (await call.perform()) as { room: string; joined: boolean; via: string };
    await call.core.registry.save([putMembership(input.connection, answer.room, input.bot, true)]);
    return answer;
  },

  async "rooms.remove-bot"(input, call) {
    const answer = (await call.perform()) as { room: string; left: boolean };
    await call.core.registry.save([putMembership(input.connection, answer.room, input.bot, false)]);
    return answer;
  },
};

export const members: CoreHandlers<"members"> = {
  async "members.list"(_, call) {
    const page = (await call.perform()) as { items: Omit<Member, "bot">[]; next?: string };
    return { ...page, items: page.items.map((member) => known(call, member)) };
  },
  "members.invite": async (_, call) => known(call, (await call.perform()) as Member),
  "members.kick": async (_, call) => known(call, (await call.perform()) as Member),
  "members.ban": async (_, call) => known(call, (await call.perform()) as Member),
  "members.unban": async (_, call) => known(call, (await call.perform()) as Member),
};
