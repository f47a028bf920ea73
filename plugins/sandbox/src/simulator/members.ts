import { maySee, needOwner, needUser } from "./access.ts";
import type { CallsOf, Context } from "./context.ts";
import { Refusal, findRoom, findUser } from "./model.ts";
import { enter, publishMember, toWireMember } from "./rooms.ts";

export const memberCalls = (context: Context): CallsOf<"member"> => {
  const { model } = context;
  return {
    "member.list": (caller, { room_id }) => {
      const room = findRoom(model, room_id);
      if (!maySee(room, caller)) throw new Refusal(404, "no_such_room", "there is no such room");
      return { members: [...room.members.keys()].map((id) => toWireMember(model, room, findUser(model, id))) };
    },
    "member.put": (caller, { room_id, user_id }) => {
      const room = findRoom(model, room_id);
      const user = findUser(model, user_id);
      // into an open room everybody may go alone
      const by = room.open && caller.user?.id === user.id ? user : needOwner(model, room, caller);
      if (room.type === "direct") throw new Refusal(400, "direct", "nobody is brought into a direct room");
      if (room.members.get(user.id)?.status === "banned") throw new Refusal(403, "banned", "the user is banned");
      const joined = room.members.get(user.id)?.status !== "joined";
      const entered = enter(context, room, user, by);
      return { member: toWireMember(model, room, user), entered, joined };
    },
    "member.drop": (caller, { room_id, user_id, ban }) => {
      const room = findRoom(model, room_id);
      const user = findUser(model, user_id);
      const by = caller.user?.id === user.id ? needUser(caller) : needOwner(model, room, caller);
      const left = room.members.get(user.id)?.status === "joined";
      const status = ban ? "banned" : by.id === user.id ? "left" : "kicked";
      if (ban) room.members.set(user.id, { status: "banned", role: "member" });
      else room.members.delete(user.id);
      if (left || ban) publishMember(context, room, user, status, by);
      return { member: toWireMember(model, room, user, status), left };
    },
    "member.pardon": (caller, { room_id, user_id }) => {
      const room = findRoom(model, room_id);
      const user = findUser(model, user_id);
      const by = needOwner(model, room, caller);
      if (room.members.get(user.id)?.status === "banned") {
        room.members.delete(user.id);
        publishMember(context, room, user, "left", by);
      }
      return { member: toWireMember(model, room, user) };
    },
  };
};
