import type { WireFile, WireMention, WireMessage, WirePost } from "../wire.ts";
import { findMessage, maySee, needHistory, needMember, needUser, type Caller } from "./access.ts";
import type { CallsOf, Context } from "./context.ts";
import { Refusal, botsIn, count, findRoom, findUser, isoNow, toWireUser } from "./model.ts";
import type { MessageRow, Model, RoomRow, UserRow } from "./model.ts";
import { toWireRoom } from "./rooms.ts";

const maxCodepoints = 10_000;
const keptMessages = 10_000;

export function toWireMessage(model: Model, room: RoomRow, message: MessageRow): WireMessage {
  return {
    message_id: message.id,
    room_id: room.id,
    author: toWireUser(findUser(model, message.author)),
    sent_at: message.sentAt,
    edited_at: message.editedAt,
    body: message.body,
    markup: message.markup,
    mentions: message.mentions,
    files: message.files,
    reply_to: message.replyTo,
    reply_author: message.replyTo === null ? null : (room.messages.get(message.replyTo)?.author ?? null),
    thread_root: message.threadRoot,
    reference: message.reference,
    silent: message.silent,
  };
}

/** `@name` of anybody the server knows, and `@all`; what the sender marked himself comes first. */
function findMentions(model: Model, body: string, given: readonly WireMention[]): WireMention[] {
  const names = new Map([...model.users.values()].map(({ id, name }) => [name, id]));
  const found = [...body.matchAll(/(?<![\w@])@([a-z0-9][a-z0-9._-]*)/gi)].flatMap((match): WireMention[] => {
    const name = (match[1] ?? "").replace(/[._-]+$/, "").toLowerCase();
    const user = name === "all" ? null : names.get(name);
    return user === undefined ? [] : [{ user_id: user, at: match.index, len: name.length + 1 }];
  });
  return [...given, ...found.filter(({ at }) => !given.some((other) => other.at === at))];
}

function needText(body: string): void {
  const length = [...body].length;
  if (length === 0) throw new Refusal(400, "empty", "a message has a text");
  if (length > maxCodepoints) throw new Refusal(413, "too_long", `a message has at most ${maxCodepoints} characters`);
}

/** Puts a message into a room and tells everybody. Whether the author may is the caller's business. */
export function post(
  context: Context,
  room: RoomRow,
  author: UserRow,
  args: WirePost,
  files: readonly WireFile[],
): MessageRow {
  const { model } = context;
  if (room.type === "space") throw new Refusal(400, "space", "nobody talks in a space itself");
  if (args.reply_to !== null) findMessage(room, args.reply_to);
  const message: MessageRow = {
    id: model.id("m"),
    author: author.id,
    sentAt: isoNow(model),
    editedAt: null,
    body: args.body,
    markup: args.markup,
    mentions: findMentions(model, args.body, args.mentions),
    files,
    replyTo: args.reply_to,
    threadRoot: args.thread_root,
    reference: args.reference,
    silent: args.silent,
    gone: false,
    reactions: new Map(),
  };
  room.messages.set(message.id, message);
  if (room.messages.size > keptMessages) {
    const [oldest] = room.messages.keys();
    if (oldest !== undefined) room.messages.delete(oldest);
  }
  count(model, "posted");
  context.publish({
    op: "message",
    at: message.sentAt,
    room: toWireRoom(room),
    audience: botsIn(model, room),
    message: toWireMessage(model, room, message),
  });
  return message;
}

export function edit(
  context: Context,
  room: RoomRow,
  message: MessageRow,
  to: Pick<WirePost, "body" | "markup" | "mentions">,
): void {
  const { model } = context;
  needText(to.body);
  message.body = to.body;
  message.markup = to.markup;
  message.mentions = findMentions(model, to.body, to.mentions);
  message.editedAt = isoNow(model);
  context.publish({
    op: "message-edit",
    at: message.editedAt,
    room: toWireRoom(room),
    audience: botsIn(model, room),
    message: toWireMessage(model, room, message),
  });
}

export function remove(context: Context, room: RoomRow, message: MessageRow, by: UserRow): void {
  const { model } = context;
  message.gone = true;
  context.publish({
    op: "message-gone",
    at: isoNow(model),
    room: toWireRoom(room),
    audience: botsIn(model, room),
    message_id: message.id,
    thread_root: message.threadRoot,
    by: toWireUser(by),
  });
}

function own(room: RoomRow, id: string, user: UserRow): MessageRow {
  const message = findMessage(room, id);
  if (message.author !== user.id) throw new Refusal(403, "not_yours", "the message is somebody else's");
  return message;
}

function readable(model: Model, caller: Caller, ref: string): RoomRow {
  const user = needUser(caller);
  const room = findRoom(model, ref);
  if (!maySee(room, caller)) throw new Refusal(404, "no_such_room", "there is no such room");
  needMember(room, user);
  needHistory(model, room);
  return room;
}

export const messageCalls = (
  context: Context,
  fileOf: (id: string) => WireFile,
): CallsOf<"message"> & CallsOf<"pin"> & CallsOf<"typing"> => {
  const { model } = context;
  const place = (caller: Caller, ref: string): { readonly user: UserRow; readonly room: RoomRow } => {
    const user = needUser(caller);
    const room = findRoom(model, ref);
    needMember(room, user);
    return { user, room };
  };
  return {
    "message.post": (caller, args) => {
      const { user, room } = place(caller, args.room_id);
      needText(args.body);
      const key = `${user.id}\n${args.reference}`;
      const before = args.reference === null ? undefined : model.references.get(key);
      const again = model.policy.references === "replay" && before != null ? room.messages.get(before) : undefined;
      if (again) count(model, "replayed");
      const message = again ?? post(context, room, user, args, args.file_ids.map(fileOf));
      if (args.reference !== null) model.references.set(key, message.id);
      return model.policy.answersId
        ? { message_id: message.id, sent_at: message.sentAt }
        : { message_id: null, sent_at: null };
    },
    "message.edit": (caller, args) => {
      const { user, room } = place(caller, args.room_id);
      const message = own(room, args.message_id, user);
      edit(context, room, message, args);
      return { message: toWireMessage(model, room, message) };
    },
    "message.remove": (caller, args) => {
      const { user, room } = place(caller, args.room_id);
      remove(context, room, own(room, args.message_id, user), user);
      return {};
    },
    "message.seen": (caller, args) => {
      const { user, room } = place(caller, args.room_id);
      room.seen.set(user.id, findMessage(room, args.message_id).id);
      return {};
    },
    "pin.put": (caller, args) => {
      const { room } = place(caller, args.room_id);
      const { id } = findMessage(room, args.message_id);
      const changed = !room.pins.has(id);
      room.pins.add(id);
      return { changed };
    },
    "pin.drop": (caller, args) => {
      const { room } = place(caller, args.room_id);
      return { changed: room.pins.delete(findMessage(room, args.message_id).id) };
    },
    "pin.list": (caller, { room_id }) => {
      const { room } = place(caller, room_id);
      const pinned = [...room.pins].flatMap((id) => room.messages.get(id) ?? []).filter(({ gone }) => !gone);
      return { messages: pinned.reverse().map((message) => toWireMessage(model, room, message)) };
    },
    "typing.put": (caller, { room_id }) => {
      place(caller, room_id);
      return {};
    },
    "message.get": (caller, args) => {
      const room = readable(model, caller, args.room_id);
      return { message: toWireMessage(model, room, findMessage(room, args.message_id)) };
    },
    "message.page": (caller, { room_id, limit = 50, before }) => {
      const room = readable(model, caller, room_id);
      const all = [...room.messages.values()].filter(({ gone }) => !gone).reverse();
      const start = before === undefined ? 0 : all.findIndex(({ id }) => id === before) + 1;
      const messages = all.slice(start, start + limit);
      const more = start + limit < all.length;
      return {
        messages: messages.map((message) => toWireMessage(model, room, message)),
        next: more ? (messages.at(-1)?.id ?? null) : null,
      };
    },
  };
};
