import type { EventDraft, FileRef, NativeBot, NativeMessage, User } from "@botyard/sdk";
import { effectOf } from "./encode.ts";
import type { BotNative, EventNative } from "./extras.ts";
import type { Known } from "./places.ts";
import { isoOf } from "./ulid.ts";
import { bounded, objectOf, type WireBotWithUser, type WireFile, type WireMessage, type WireUser } from "./wire.ts";

/** A user that was deleted keeps its row. */
const deletedFlag = 2;

/** The description is told by the public view alone. Token and client secret stay behind. */
export function decodeBot({ bot, user }: WireBotWithUser, description: string | null): NativeBot {
  const flags = bot.flags ?? 0;
  const native: BotNative = {
    discriminator: user.discriminator ?? null,
    public: bot.public,
    analytics: bot.analytics ?? false,
    discoverable: bot.discoverable ?? false,
    interactionsUrl: bot.interactions_url ?? null,
    termsOfServiceUrl: bot.terms_of_service_url ?? null,
    privacyPolicyUrl: bot.privacy_policy_url ?? null,
    flags: { raw: flags, verified: flags % 2 === 1, official: Math.floor(flags / 2) % 2 === 1 },
    oauth2: bot.oauth2
      ? {
          public: bot.oauth2.public,
          redirectUris: [...(bot.oauth2.redirects ?? [])],
          allowedScopes: { ...bot.oauth2.allowed_scopes },
        }
      : null,
    defaultPermissions: bot.default_permissions === undefined ? null : String(bot.default_permissions),
    avatar: user.avatar?._id ?? null,
    pronouns: user.pronouns ?? null,
    statusText: user.status?.text ?? null,
  };
  return {
    nativeId: bot._id,
    username: user.username,
    displayName: user.display_name ?? null,
    description,
    enabled: !isDeleted(user),
    owner: bot.owner,
    native: { ...native },
  };
}

export function isDeleted({ flags = 0 }: WireUser): boolean {
  return Math.floor(flags / deletedFlag) % 2 === 1;
}

export function decodeUser(user: WireUser): User {
  return {
    id: user._id,
    username: user.username,
    name: user.display_name ?? null,
    kind: user.bot ? "bot" : "user",
  };
}

function decodeFile(file: WireFile): FileRef {
  return {
    id: file._id,
    name: file.filename ?? null,
    ...(file.content_type === undefined ? {} : { mediaType: file.content_type }),
    ...(file.size === undefined ? {} : { size: file.size }),
  };
}

/** Names by id, from what is known or came along. */
export type Names = (id: string) => Known | undefined;

const mentionPattern = /<@([0-7][0-9A-HJKMNP-TV-Z]{25})>/g;
/** Set on messages that may tell everybody. */
const everyoneFlag = 4;

export function decodeContent(
  message: Pick<WireMessage, "content" | "attachments" | "flags">,
  names: Names,
): NativeMessage["content"] {
  const text = message.content ?? "";
  // Most texts mention nobody.
  const named = text.includes("<@");
  const mentions: NativeMessage["content"]["mentions"] = (named ? [...text.matchAll(mentionPattern)] : []).map(
    (match) => ({ kind: "user", id: match[1] ?? "", offset: match.index, length: match[0].length }),
  );
  const everyone = Math.floor((message.flags ?? 0) / everyoneFlag) % 2 === 1 ? text.indexOf("@everyone") : -1;
  if (everyone >= 0) mentions.push({ kind: "room", offset: everyone, length: "@everyone".length });
  return {
    text,
    format: "markdown",
    plain: named
      ? text.replace(mentionPattern, (whole, id: string) => `@${names(id)?.name ?? whole.slice(2, -1)}`)
      : text,
    mentions,
    files: (message.attachments ?? []).map(decodeFile),
  };
}

export function decodeMessage(message: WireMessage, names: Names): NativeMessage {
  const { user } = message;
  const name = message.webhook?.name ?? user?.display_name ?? user?.username ?? names(message.author)?.name ?? null;
  return {
    id: message._id,
    room: message.channel,
    time: isoOf(message._id, 0),
    sender: { id: message.author, name },
    content: decodeContent(message, names),
    thread: null,
    replyTo: message.replies?.[0] ?? null,
    editedAt: message.edited ?? null,
  };
}

export function actorOf(id: string, known: Known | undefined): NonNullable<EventDraft["actor"]> {
  if (!known) return { id, kind: "unknown" };
  return { id, kind: known.bot ? "bot" : "user", handle: known.handle, name: known.name };
}

/** Of a message the author wrote; `author`: that of the message it answers, where it is known. */
export function decodeMessageEvent(
  message: WireMessage,
  names: Names,
  repliesTo?: string,
): Pick<EventDraft, "type" | "key" | "time" | "actor" | "message" | "native"> & Partial<EventDraft> {
  const { user, webhook, system } = message;
  const { time, replyTo, editedAt, content } = decodeMessage(message, names);
  const native = { type: "Message", ...nativeOf(message) };
  const known = user
    ? { name: user.display_name ?? user.username, handle: user.username, bot: Boolean(user.bot) }
    : names(message.author);
  if (system)
    return {
      type: "platform.unknown",
      key: { kind: "message", id: message._id },
      time,
      actor: { id: message.author, kind: "system" },
      message: { id: message._id },
      native: { ...native, system: objectOf(bounded(system)) },
    };
  const effectId = effectOf(message.nonce);
  return {
    type: "message.created",
    key: { kind: "message", id: message._id },
    time,
    actor: webhook ? { id: message.author, kind: "webhook", name: webhook.name } : actorOf(message.author, known),
    message: { id: message._id, replyTo, editedAt },
    content,
    ...(repliesTo === undefined ? {} : { repliesTo }),
    ...(effectId === undefined ? {} : { effectId }),
    native,
  };
}

function nativeOf(message: WireMessage): Omit<EventNative, "type"> {
  return {
    ...(message.nonce === undefined ? {} : { nonce: message.nonce }),
    ...(message.embeds?.length ? { embeds: message.embeds.map((embed) => objectOf(bounded(embed))) } : {}),
    ...(message.masquerade ? { masquerade: objectOf(bounded(message.masquerade)) } : {}),
    ...(message.flags ? { flags: message.flags } : {}),
    ...((message.replies?.length ?? 0) > 1 ? { replies: [...(message.replies ?? [])] } : {}),
  };
}
