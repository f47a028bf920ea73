import type { Content, EventActor, EventDraft, EventRoom, Mention, NativeMessage, User } from "@botyard/sdk";
import { fromEmojiName } from "./emoji.ts";
import { toPlain } from "./markdown.ts";
import type { EventNative } from "./settings.ts";
import { isFields, textOf, type Fields, type WirePost, type WireReaction, type WireUser } from "./wire.ts";

/** Property of a post that names the effect it came from; survives what `pending_post_id` does not: history. */
export const effectProp = "botyard_effect";

/** Names that what is decoded refers to. */
export interface Names {
  room(id: string): EventRoom | undefined;
  /** Id of a user by username. */
  user(name: string): string | undefined;
  author(message: string): string | undefined;
}

export const iso = (ms: number): string => new Date(ms).toISOString();

export function toUser(user: WireUser): User {
  const name = user.nickname || [user.first_name, user.last_name].filter(Boolean).join(" ");
  return { id: user.id, username: user.username, name: name || null, kind: user.is_bot === true ? "bot" : "user" };
}

type NativeMention = Omit<Mention, "bot">;

/** `@name` of known users, and `@all`, `@channel`, `@here`. Trailing punctuation is no part of a name. */
export function decodeMentions(text: string, userOf: (name: string) => string | undefined): NativeMention[] {
  const mentions: NativeMention[] = [];
  for (const match of text.matchAll(/(?<![\w.@/-])@([a-zA-Z0-9._-]+)/g)) {
    let name = (match[1] ?? "").toLowerCase();
    if (/^(?:all|channel|here)\b/.test(name) && /^(?:all|channel|here)[.-]*$/.test(name)) {
      name = name.replace(/[.-]+$/, "");
      mentions.push({ kind: "room", offset: match.index, length: name.length + 1 });
      continue;
    }
    while (name !== "" && userOf(name) === undefined && /[._-]$/.test(name)) name = name.slice(0, -1);
    const id = userOf(name);
    if (id !== undefined) mentions.push({ kind: "user", id, offset: match.index, length: name.length + 1 });
  }
  return mentions;
}

function decodeContent(
  post: WirePost,
  userOf: Names["user"],
): Omit<Content, "mentions"> & { mentions: NativeMention[] } {
  const infos = post.metadata?.files ?? [];
  return {
    text: post.message,
    format: "markdown",
    plain: toPlain(post.message),
    mentions: decodeMentions(post.message, userOf),
    files: (post.file_ids ?? []).map((id) => {
      const info = infos.find((one) => one.id === id);
      if (info === undefined) return { id, name: null };
      return { id, name: info.name, mediaType: (info.mime_type.split(";")[0] ?? "").trim(), size: info.size };
    }),
  };
}

/** A post that the server wrote about somebody's doing. */
export const isSystemPost = ({ type }: Pick<WirePost, "type">): boolean => type.startsWith("system_");

const propOf = (post: WirePost, name: string): string | undefined => textOf(post.props?.[name]);

function decodeActor(post: WirePost, senderName?: string): Omit<EventActor, "bot"> {
  const webhook = propOf(post, "from_webhook") === "true";
  const handle = senderName?.replace(/^@/, "");
  const shown = propOf(post, "override_username");
  return {
    id: post.user_id,
    kind: isSystemPost(post) ? "system" : webhook ? "webhook" : propOf(post, "from_bot") === "true" ? "bot" : "user",
    ...(handle === undefined || handle === "" || webhook ? {} : { handle }),
    ...(shown === undefined ? {} : { name: shown }),
  };
}

/** The effect of ours that a post is the echo of. Only the first part of a split text carries it. */
export function effectOf(post: WirePost): string | undefined {
  return textOf(post.props?.[effectProp]);
}

export function decodeMessage(post: WirePost, username: (id: string) => string | undefined): NativeMessage {
  return {
    id: post.id,
    room: post.channel_id,
    time: iso(post.create_at),
    sender: { id: post.user_id, name: propOf(post, "override_username") ?? username(post.user_id) ?? null },
    content: decodeContent(post, () => undefined),
    thread: post.root_id || null,
    replyTo: post.root_id || null,
    editedAt: post.edit_at > 0 ? iso(post.edit_at) : null,
  };
}

function nativeOf(event: string, post: WirePost): EventNative {
  const { attachments, [effectProp]: _, ...props } = post.props ?? {};
  return {
    event,
    ...(post.type === "" ? {} : { type: post.type }),
    ...(post.is_pinned ? { pinned: true } : {}),
    ...(post.type === "system_ephemeral" ? { ephemeral: true } : {}),
    ...(Array.isArray(attachments) ? { attachments: attachments.filter(isFields) } : {}),
    ...(Object.keys(props).length === 0 ? {} : { props }),
  };
}

/** Kinds of messages: written, changed (an edit or a pin), deleted. */
export type Change = "created" | "updated" | "deleted";

export interface PostContext {
  readonly event: string;
  readonly names: Names;
  readonly senderName?: string | undefined;
  /** Unix milliseconds, for what carries no time of its own. */
  readonly now: number;
}

/** A post as an event: a message, or what the server tells of members and rooms in the form of one. */
export function decodePost(change: Change, post: WirePost, { event, names, senderName, now }: PostContext): EventDraft {
  const room = names.room(post.channel_id) ?? { id: post.channel_id };
  const actor = decodeActor(post, senderName);
  const native = { ...nativeOf(event, post) };
  if (change === "created" && isSystemPost(post) && post.type !== "system_ephemeral")
    return decodeSystemPost(post, { room, actor, native });
  const message = {
    id: post.id,
    thread: post.root_id || null,
    replyTo: post.root_id || null,
    editedAt: post.edit_at > 0 ? iso(post.edit_at) : null,
  };
  const key = { kind: "message", id: post.id };
  if (change === "deleted")
    return {
      key: { ...key, revision: "deleted" },
      type: "message.deleted",
      time: iso(post.delete_at || now),
      room,
      // The server does not say who deleted it.
      actor: null,
      message,
      native,
    };
  const effectId = effectOf(post);
  const repliesTo = post.root_id === "" ? undefined : names.author(post.root_id);
  const base = {
    room,
    actor,
    message,
    content: decodeContent(post, (name) => names.user(name)),
    ...(repliesTo === undefined ? {} : { repliesTo }),
    native,
  };
  if (change === "created")
    return {
      key,
      type: "message.created",
      time: iso(post.create_at),
      ...base,
      ...(effectId === undefined ? {} : { effectId }),
    };
  const at = post.edit_at > 0 && post.edit_at === post.update_at ? post.edit_at : post.update_at;
  return { key: { ...key, revision: String(at) }, type: "message.updated", time: iso(at), ...base };
}

interface SystemParts {
  readonly room: EventRoom;
  readonly actor: Omit<EventActor, "bot">;
  readonly native: Fields;
}

const memberPosts: Readonly<
  Record<string, { readonly type: "member.joined" | "member.left" | "member.kicked"; readonly prefix: string }>
> = {
  system_join_channel: { type: "member.joined", prefix: "" },
  system_join_team: { type: "member.joined", prefix: "" },
  system_add_to_channel: { type: "member.joined", prefix: "added" },
  system_add_to_team: { type: "member.joined", prefix: "added" },
  system_leave_channel: { type: "member.left", prefix: "" },
  system_leave_team: { type: "member.left", prefix: "" },
  system_remove_from_channel: { type: "member.kicked", prefix: "removed" },
  system_remove_from_team: { type: "member.kicked", prefix: "removed" },
};

const roomPosts = new Set([
  "system_displayname_change",
  "system_header_change",
  "system_purpose_change",
  "system_change_chan_privacy",
  "system_channel_restored",
]);

/** Never a message: a bot that answers messages must not answer these, though the first one mentions it. */
function decodeSystemPost(post: WirePost, { room, actor, native }: SystemParts): EventDraft {
  const base = { key: { kind: "message", id: post.id }, time: iso(post.create_at), room, actor, native };
  const found = memberPosts[post.type];
  if (found) {
    const user = propOf(post, `${found.prefix}UserId`) ?? post.user_id;
    const name = propOf(post, found.prefix === "" ? "username" : `${found.prefix}Username`) ?? null;
    const membership = found.type === "member.joined" ? "joined" : found.type === "member.left" ? "left" : "kicked";
    return { ...base, type: found.type, member: { user, name, membership } };
  }
  if (post.type === "system_channel_deleted") return { ...base, type: "room.deleted" };
  if (roomPosts.has(post.type)) return { ...base, type: "room.updated" };
  return { ...base, type: "platform.unknown", native: { ...native, data: { message: post.message } } };
}

export function decodeReaction(
  added: boolean,
  reaction: WireReaction,
  room: EventRoom,
  event: string,
  author: string | undefined,
): EventDraft {
  const { user_id: user, post_id: message, emoji_name: name, create_at: created, update_at: updated } = reaction;
  return {
    // A removal has no time of its own that all sockets agree on.
    key: added ? { kind: "reaction", id: `${message}/${user}/${name}`, revision: String(created) } : null,
    type: added ? "reaction.added" : "reaction.removed",
    time: iso(added ? created : updated || created),
    room,
    actor: { id: user, kind: "unknown" },
    message: { id: message },
    reaction: { emoji: fromEmojiName(name) },
    ...(author === undefined ? {} : { repliesTo: author }),
    native: { event },
  };
}
