import { findMessage, needMember, needUser, type Caller } from "./access.ts";
import type { CallsOf, Context } from "./context.ts";
import { botsIn, findRoom, isoNow, toWireUser, type MessageRow, type RoomRow, type UserRow } from "./model.ts";
import { toWireRoom } from "./rooms.ts";

/** Adds or takes back; false where it was so already. */
export function react(
  context: Context,
  room: RoomRow,
  message: MessageRow,
  by: UserRow,
  change: { readonly emoji: string; readonly added: boolean },
): boolean {
  const { model } = context;
  const { emoji, added } = change;
  const users = message.reactions.get(emoji) ?? new Set();
  if (users.has(by.id) === added) return false;
  if (added) users.add(by.id);
  else users.delete(by.id);
  if (users.size > 0) message.reactions.set(emoji, users);
  else message.reactions.delete(emoji);
  context.publish({
    op: "reaction",
    at: isoNow(model),
    room: toWireRoom(room),
    audience: botsIn(model, room),
    change_id: model.id("c"),
    message_id: message.id,
    by: toWireUser(by),
    emoji,
    added,
  });
  return true;
}

export const reactionCalls = (context: Context): CallsOf<"reaction"> => {
  const { model } = context;
  const change = (
    caller: Caller,
    args: { room_id: string; message_id: string; emoji: string },
    added: boolean,
  ): boolean => {
    const user = needUser(caller);
    const room = findRoom(model, args.room_id);
    needMember(room, user);
    return react(context, room, findMessage(room, args.message_id), user, { emoji: args.emoji, added });
  };
  return {
    "reaction.put": (caller, args) => ({ changed: change(caller, args, true) }),
    "reaction.drop": (caller, args) => ({ changed: change(caller, args, false) }),
    "reaction.list": (caller, { room_id, message_id }) => {
      const room = findRoom(model, room_id);
      needMember(room, needUser(caller));
      const { reactions } = findMessage(room, message_id);
      return { reactions: [...reactions].map(([emoji, users]) => ({ emoji, user_ids: [...users] })) };
    },
  };
};
