import {
  isObject,
  type WireChannel,
  type WireFrame,
  type WireMember,
  type WireMessage,
  type WireServer,
  type WireUser,
} from "./wire.ts";

// What comes from a server is checked field by field where it is used: an odd one must not end the socket, nor go into the
// log as something a reader cannot read.

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === "string";
const isName = (value: unknown): value is string => typeof value === "string" && value !== "";
const isNumber: Check = (value) => typeof value === "number" && Number.isFinite(value);
const isTime: Check = (value) => typeof value === "string" && !Number.isNaN(Date.parse(value));
const may = (value: unknown, check: Check): boolean => value === undefined || value === null || check(value);
const all =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);

const isFile: Check = (value) =>
  isObject(value) &&
  isName(value["_id"]) &&
  may(value["filename"], isText) &&
  may(value["content_type"], isText) &&
  may(value["size"], isNumber);

export function isUser(value: unknown): value is WireUser {
  return (
    isObject(value) &&
    isName(value["_id"]) &&
    isName(value["username"]) &&
    may(value["display_name"], isText) &&
    may(value["bot"], isObject)
  );
}

export function isChannel(value: unknown): value is WireChannel {
  return (
    isObject(value) &&
    isName(value["_id"]) &&
    isName(value["channel_type"]) &&
    (value["server"] === undefined || isName(value["server"])) &&
    (value["name"] === undefined || isText(value["name"])) &&
    may(value["description"], isText) &&
    may(value["last_message_id"], isText) &&
    (value["recipients"] === undefined || all(isText)(value["recipients"]))
  );
}

export function isServer(value: unknown): value is WireServer {
  return (
    isObject(value) &&
    isName(value["_id"]) &&
    isText(value["name"]) &&
    may(value["description"], isText) &&
    (value["channels"] === undefined || all((one) => isName(one) || isChannel(one))(value["channels"])) &&
    (value["approximate_member_count"] === undefined || isNumber(value["approximate_member_count"]))
  );
}

export function isMember(value: unknown): value is WireMember {
  return (
    isObject(value) &&
    isObject(value["_id"]) &&
    isName(value["_id"]["server"]) &&
    isName(value["_id"]["user"]) &&
    (value["joined_at"] === undefined || isTime(value["joined_at"]))
  );
}

export function isMessage(value: unknown): value is WireMessage {
  return (
    isObject(value) &&
    isName(value["_id"]) &&
    isName(value["channel"]) &&
    isName(value["author"]) &&
    may(value["content"], isText) &&
    (value["nonce"] === undefined || isText(value["nonce"])) &&
    may(value["edited"], isTime) &&
    (value["user"] === undefined || isUser(value["user"])) &&
    may(value["webhook"], (hook) => isObject(hook) && isText(hook["name"])) &&
    (value["system"] === undefined || (isObject(value["system"]) && isText(value["system"]["type"]))) &&
    may(value["attachments"], all(isFile)) &&
    may(value["embeds"], all(isObject)) &&
    may(value["mentions"], all(isText)) &&
    may(value["replies"], all(isName)) &&
    (value["reactions"] === undefined || isObject(value["reactions"])) &&
    may(value["masquerade"], isObject) &&
    may(value["flags"], isNumber)
  );
}

const onlyId = ["id"];
const withUser = ["id", "user"];
const inChannel = ["id", "channel"];
const reaction = ["id", "channel_id", "user_id", "emoji_id"];

/** What a frame cannot do without. */
const required: Readonly<Record<string, readonly string[]>> = {
  MessageUpdate: inChannel,
  MessageDelete: inChannel,
  BulkMessageDelete: ["channel"],
  MessageReact: reaction,
  MessageUnreact: reaction,
  ChannelStartTyping: withUser,
  ChannelStopTyping: withUser,
  UserUpdate: onlyId,
  ServerMemberJoin: withUser,
  ServerMemberLeave: withUser,
  ChannelGroupJoin: withUser,
  ChannelGroupLeave: withUser,
  ChannelUpdate: onlyId,
  ChannelDelete: onlyId,
  ServerUpdate: onlyId,
  ServerDelete: onlyId,
};

/** Whether a frame has what its kind is read by; kinds nobody knows have. */
export function isWhole(frame: WireFrame): boolean {
  if (frame.type === "Message") return isMessage(frame);
  if (frame.type === "ChannelCreate") return isChannel(frame);
  if (frame.type === "ServerCreate") return isServer(frame["server"]);
  return required[frame.type]?.every((name) => isName(frame[name])) ?? true;
}
