import type { WireMessage } from "../wire.ts";
import { findMessage, isIn, needMember } from "./access.ts";
import type { Context } from "./context.ts";
import { edit, post, remove, toWireMessage } from "./messages.ts";
import { findRoom, findUser, Refusal, type MessageRow, type RoomRow, type UserRow } from "./model.ts";
import { react } from "./reactions.ts";
import { enter } from "./rooms.ts";

/** A message as only who looks into the server sees it. */
export interface TranscriptLine {
  readonly message: WireMessage;
  readonly gone: boolean;
  readonly reactions: readonly { readonly emoji: string; readonly user_ids: readonly string[] }[];
}

/** What people do in their own clients; they enter open rooms by speaking there. */
export interface People {
  say(words: {
    readonly room: string;
    readonly user: string;
    readonly text: string;
    readonly replyTo: string | null;
    readonly thread: string | null;
  }): WireMessage;
  edit(change: { readonly room: string; readonly message: string; readonly text: string }): WireMessage;
  remove(what: { readonly room: string; readonly message: string; readonly user: string }): void;
  react(change: {
    readonly room: string;
    readonly message: string;
    readonly user: string;
    readonly emoji: string;
    readonly added: boolean;
  }): boolean;
  /** All messages of a room, oldest first, whatever may be read from outside. */
  transcript(room: string): readonly TranscriptLine[];
}

export function createPeople(context: Context): People {
  const { model } = context;
  const person = (ref: string): UserRow => {
    const user = findUser(model, ref);
    if (user.bot) throw new Refusal(400, "no_person", "the user is a bot");
    return user;
  };
  const place = (ref: string, message: string): { readonly room: RoomRow; readonly message: MessageRow } => {
    const room = findRoom(model, ref);
    return { room, message: findMessage(room, message) };
  };
  return {
    say({ room: ref, user: name, text, replyTo, thread }) {
      const room = findRoom(model, ref);
      const user = person(name);
      if (!isIn(room, user) && room.open) enter(context, room, user, user);
      needMember(room, user);
      const message = post(
        context,
        room,
        user,
        {
          room_id: room.id,
          body: text,
          markup: "plain",
          mentions: [],
          file_ids: [],
          reply_to: replyTo,
          thread_root: thread,
          reference: null,
          silent: false,
        },
        [],
      );
      return toWireMessage(model, room, message);
    },
    edit({ room: ref, message: id, text }) {
      const { room, message } = place(ref, id);
      edit(context, room, message, { body: text, markup: message.markup, mentions: [] });
      return toWireMessage(model, room, message);
    },
    remove({ room: ref, message: id, user }) {
      const { room, message } = place(ref, id);
      remove(context, room, message, person(user));
    },
    react({ room: ref, message: id, user: name, emoji, added }) {
      const { room, message } = place(ref, id);
      const user = person(name);
      if (!isIn(room, user) && room.open) enter(context, room, user, user);
      needMember(room, user);
      return react(context, room, message, user, { emoji, added });
    },
    transcript(ref) {
      const room = findRoom(model, ref);
      return [...room.messages.values()].map((message) => ({
        message: toWireMessage(model, room, message),
        gone: message.gone,
        reactions: [...message.reactions].map(([emoji, users]) => ({ emoji, user_ids: [...users] })),
      }));
    },
  };
}
