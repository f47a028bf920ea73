import type { Json } from "../wire.ts";
import { attendeeOf, type Actor, type Attendee, type BotRow, type Message, type Room, type World } from "./model.ts";

/** What the server says to a reader; webhooks are always told the third form. */
const templates: Readonly<Record<string, readonly [you: string, other: string]>> = {
  conversation_created: ["You created the conversation", "{actor} created the conversation"],
  message_edited: ["You edited a message", "{actor} edited a message"],
  message_deleted: ["You deleted a message", "{actor} deleted a message"],
  reaction_revoked: ["{actor} deleted a reaction", "{actor} deleted a reaction"],
  history_cleared: ["You cleared the history of the conversation", "{actor} cleared the history of the conversation"],
  user_added: ["You added {user}", "{actor} added {user}"],
  user_removed: ["You removed {user}", "{actor} removed {user}"],
  group_added: ["You added group {group}", "{actor} added group {group}"],
  moderator_promoted: ["You promoted {user} to moderator", "{actor} promoted {user} to moderator"],
  moderator_demoted: ["You demoted {user} from moderator", "{actor} demoted {user} from moderator"],
  description_set: ["You set the description", "{actor} set the description"],
  guests_allowed: ["You allowed guests", "{actor} allowed guests"],
  password_set: ["You set a password", "{actor} set a password"],
  read_only: ["You locked the conversation", "{actor} locked the conversation"],
  read_only_off: ["You unlocked the conversation", "{actor} unlocked the conversation"],
  lobby_non_moderators: [
    "You restricted the conversation to moderators",
    "{actor} restricted the conversation to moderators",
  ],
  lobby_none: ["You opened the conversation to everyone", "{actor} opened the conversation to everyone"],
  listable_users: [
    "You opened the conversation to registered users",
    "{actor} opened the conversation to registered users",
  ],
  avatar_set: ["You set the conversation picture", "{actor} set the conversation picture"],
  message_expiration_enabled: [
    "You set the message expiration to 1 hour",
    "{actor} set the message expiration to 1 hour",
  ],
  call_started: ["You started a silent call", "{actor} started a silent call"],
  call_left: ["You left the call", "{actor} left the call"],
  poll_closed: ["You ended the poll {poll}", "{actor} ended the poll {poll}"],
};

/** A message that has a text of its own keeps it. */
export function sentence(systemMessage: string, own: string, you: boolean): string {
  if (own !== "") return own;
  const [mine, theirs] = templates[systemMessage] ?? [];
  return (you ? mine : theirs) ?? "";
}

const emptyAsList = (value: Json): unknown => (Object.keys(value).length === 0 ? [] : value);

export function showMessage(room: Room, message: Message, reader: Actor, depth = 0): Json {
  const mine = message.actor.type === reader.type && message.actor.id === reader.id;
  const parent = message.parent === null ? undefined : room.messages.find(({ id }) => id === message.parent);
  const counts = Object.fromEntries([...message.reactions].map(([emoji, by]) => [emoji, by.length]));
  const system = message.messageType === "system";
  const text = message.deleted
    ? mine || depth > 0
      ? "Message deleted by you"
      : "Message deleted by author"
    : system
      ? sentence(message.systemMessage, message.message, mine)
      : message.message;
  return {
    id: message.id,
    token: room.token,
    actorType: message.actor.type,
    actorId: message.actor.id,
    actorDisplayName: message.actor.name,
    timestamp: message.timestamp,
    message: text,
    messageParameters: emptyAsList(
      message.deleted ? { actor: userParameter(message.deletedBy ?? message.actor) } : message.parameters,
    ),
    systemMessage: message.systemMessage,
    messageType: message.deleted ? "comment_deleted" : message.messageType,
    isReplyable: !system && !message.deleted,
    referenceId: message.deleted ? "" : message.referenceId,
    reactions: counts,
    expirationTimestamp: message.expiration,
    markdown: !system,
    ...(message.silent ? { silent: true } : {}),
    ...(message.edited && !message.deleted
      ? {
          lastEditActorType: message.edited.by.type,
          lastEditActorId: message.edited.by.id,
          lastEditActorDisplayName: message.edited.by.name,
          lastEditTimestamp: message.edited.at,
        }
      : {}),
    ...(message.deleted ? { deleted: true } : {}),
    ...(parent && depth === 0 ? { parent: showMessage(room, parent, reader, 1) } : {}),
  };
}

export function userParameter({ type, id, name }: Actor): Json {
  if (type === "guests" && id === "cli")
    return { type: "guest", id: "guest/cli", name: "Administration", "mention-id": "guest/cli" };
  if (type === "bots") return { type: "highlight", id: "deleted_users", name: "Deleted user" };
  if (type === "guests") return { type: "guest", id: `guest/${id}`, name, "mention-id": `guest/${id}` };
  return { type: "user", id, name, "mention-id": id };
}

export function showRoom(world: World, room: Room, reader: Actor | null, lastMessage = false): Json {
  const own: Attendee | undefined = reader ? attendeeOf(room, reader) : undefined;
  const outside = own === undefined;
  const other = room.attendees.find((one) => one !== own);
  const last = room.messages.at(-1);
  return {
    id: room.id,
    token: room.token,
    type: room.type,
    name: outside ? "" : room.type === 1 ? (other?.actorId ?? "") : room.name,
    displayName: outside ? "" : room.type === 1 ? (other?.displayName ?? "") : room.name,
    objectType: room.type === 6 ? "note_to_self" : "",
    objectId: room.type === 6 ? (own?.actorId ?? "") : "",
    participantType: own?.participantType ?? 4,
    participantFlags: 0,
    readOnly: room.readOnly,
    hasPassword: room.password !== "",
    hasCall: false,
    callStartTime: 0,
    callRecording: 0,
    canStartCall: !outside,
    lastActivity: outside ? 0 : Math.floor(world.now() / 1000),
    lastReadMessage: last?.id ?? 0,
    unreadMessages: 0,
    unreadMention: false,
    unreadMentionDirect: false,
    isFavorite: false,
    canLeaveConversation: true,
    canDeleteConversation: own?.participantType === 1,
    notificationLevel: 2,
    notificationCalls: 1,
    lobbyState: room.lobby,
    lobbyTimer: 0,
    lastPing: 0,
    sessionId: "0",
    sipEnabled: 0,
    actorType: own?.actorType ?? "",
    actorId: own?.actorId ?? "",
    attendeeId: own?.attendeeId ?? 0,
    permissions: 254,
    attendeePermissions: 0,
    callPermissions: 0,
    defaultPermissions: 0,
    canEnableSIP: false,
    attendeePin: "",
    description: outside ? "" : room.description,
    lastCommonReadMessage: 0,
    listable: room.listable,
    callFlag: 0,
    messageExpiration: room.expiration,
    avatarVersion: "0f103dc8",
    isCustomAvatar: false,
    breakoutRoomMode: 0,
    breakoutRoomStatus: 0,
    recordingConsent: 0,
    mentionPermissions: 0,
    isArchived: false,
    isImportant: false,
    isSensitive: false,
    ...(lastMessage && last && reader && own ? { lastMessage: showMessage(room, last, reader, 1) } : {}),
  };
}

const noStatus = { status: "offline", statusIcon: null, statusMessage: null, statusClearAt: null };

export function showParticipant(room: Room, one: Attendee, withStatus = false): Json {
  return {
    roomToken: room.token,
    inCall: 0,
    lastPing: 0,
    sessionIds: [],
    participantType: one.participantType,
    attendeeId: one.attendeeId,
    actorId: one.actorId,
    actorType: one.actorType,
    displayName: one.displayName,
    permissions: one.participantType <= 2 ? 254 : 246,
    attendeePermissions: 0,
    attendeePin: "",
    phoneNumber: "",
    callId: "",
    ...(withStatus && one.actorType === "users" ? noStatus : {}),
  };
}

/** In a room: 1 set up, 0 not, 2 set up although only occ brings it there. It does not tell what is switched off. */
export function showRoomBot(room: Room, bot: BotRow): Json {
  const there = room.bots.has(bot.id);
  return { id: bot.id, name: bot.name, description: bot.description, state: there ? (bot.state === 2 ? 2 : 1) : 0 };
}

export function showBot(bot: BotRow): Json {
  return {
    id: bot.id,
    name: bot.name,
    url: bot.url,
    url_hash: bot.hash,
    description: bot.description,
    error_count: 0,
    last_error_date: 0,
    last_error_message: null,
    state: bot.state,
    features: bot.features,
  };
}
