import type { EventDraft } from "@botyard/sdk";
import type { Reaction } from "./echoes.ts";
import type { EventNative } from "./settings.ts";
import { contentNames, kindOf } from "./system.ts";
import { richObjects, toContent, toSentence } from "./text.ts";
import { isObject, objectOf, textOf, type Json } from "./wire.ts";

/** What a decoder knows besides the body. */
export interface DecodeContext {
  /** ISO 8601: webhooks carry no time. */
  readonly now: string;
  /** Makes kinds without an id of their own unique: the webhook's random. */
  readonly random: string;
  /** Whether the server names who reacted (22.0.9, 23.0.0 and newer), or the author of the message. */
  readonly namesReactor: boolean;
  /** Native id of our own bot, where this reaction is the echo of what it did. */
  readonly echo: (reaction: Reaction) => string | null;
}

const participantTypes = {
  "1": "owner",
  "2": "moderator",
  "3": "user",
  "4": "guest",
  "5": "user-by-link",
  "6": "guest-moderator",
} as const;

type Actor = NonNullable<EventDraft["actor"]>;

/** `users/bob` is a person, `bots/bot-<hash>` a bot; `guests/cli` is occ, `guests/system` an anonymous vote. */
export function toActor(id: string, name: string): Actor {
  const [type = ""] = id.split("/");
  const kind =
    id === "guests/cli" || id === "guests/system" || id === "guests/changelog"
      ? "system"
      : type === "bots"
        ? "bot"
        : type === "users" || type === "guests" || type === "federated_users" || type === "emails"
          ? "user"
          : "unknown";
  return { id, kind, name: name === "" ? null : name };
}

function actorOf(value: unknown): Actor | null {
  const actor = objectOf(value);
  const id = textOf(actor["id"]);
  return id === "" ? null : toActor(id, textOf(actor["name"]));
}

/** The name of a one-to-one room is a JSON list of its two people. */
export function roomName(name: string): string | null {
  if (name === "") return null;
  if (!name.startsWith("[")) return name;
  try {
    const people: unknown = JSON.parse(name);
    return Array.isArray(people) && people.every((one) => typeof one === "string") ? people.join(", ") : name;
  } catch {
    return name;
  }
}

function roomOf(value: unknown): EventDraft["room"] {
  const room = objectOf(value);
  const id = textOf(room["id"]);
  return id === "" ? null : { id, name: roomName(textOf(room["name"])) };
}

/** `object.content` is a JSON string of `{message, parameters}`. */
function readContent(note: Json): { readonly message: string; readonly parameters: Json } {
  const text = textOf(note["content"]);
  try {
    const content = JSON.parse(text) as unknown;
    if (isObject(content)) return { message: textOf(content["message"]), parameters: objectOf(content["parameters"]) };
  } catch {
    // not JSON: shown as it is
  }
  return { message: text, parameters: {} };
}

/** Anything without a place in the neutral words, whole: no webhook is thrown away. */
export function unknownEvent(body: unknown, type: string, context: Pick<DecodeContext, "now" | "random">): EventDraft {
  const given = objectOf(body);
  return {
    key: { kind: "webhook", id: context.random },
    type: "platform.unknown",
    time: context.now,
    room: roomOf(given["target"]) ?? null,
    actor: actorOf(given["actor"]),
    native: native({ type, body }),
  };
}

const native = (fields: EventNative): Record<string, unknown> => ({ ...fields });

/** A webhook's body as an event. Never throws. */
export function decodeWebhook(body: unknown, context: DecodeContext): EventDraft {
  if (!isObject(body)) return unknownEvent(body, "", context);
  const type = textOf(body["type"]);
  switch (type) {
    case "Create":
    case "Activity":
      return decodeNote(body, type, context);
    case "Like":
    case "Undo":
      return decodeReaction(body, type, context);
    case "Join":
    case "Leave":
      return decodeBotMembership(body, type, context);
    default:
      return unknownEvent(body, type, context);
  }
}

function decodeNote(body: Json, type: string, context: DecodeContext): EventDraft {
  const note = objectOf(body["object"]);
  const id = textOf(note["id"]);
  const room = roomOf(body["target"]);
  if (id === "" || room === null) return unknownEvent(body, type, context);
  const actor = actorOf(body["actor"]);
  const name = textOf(note["name"]);
  const { message, parameters } = readContent(note);
  const key = { kind: "message", id };
  if (type === "Create" || contentNames.has(name)) {
    const parent = objectOf(note["inReplyTo"]);
    const replyTo = textOf(objectOf(parent["object"])["id"]);
    const repliesTo = textOf(objectOf(parent["actor"])["id"]);
    const role =
      participantTypes[textOf(objectOf(body["actor"])["talkParticipantType"]) as keyof typeof participantTypes];
    const rich = richObjects(parameters);
    return {
      key,
      type: "message.created",
      time: context.now,
      room,
      actor,
      message: { id, replyTo: replyTo === "" ? null : replyTo },
      content: toContent(message, parameters),
      ...(repliesTo === "" ? {} : { repliesTo }),
      native: native({
        type,
        ...(name === "" || name === "message" ? {} : { systemMessage: name }),
        ...(Object.keys(rich).length > 0 ? { parameters: rich } : {}),
        ...(role ? { participantType: role } : {}),
      }),
    };
  }
  return {
    key,
    time: context.now,
    room,
    actor,
    ...kindOf(name, actor?.id ?? null, parameters),
    native: native({
      type,
      systemMessage: name,
      id,
      text: toSentence(message, parameters),
      parameters: richObjects(parameters),
    }),
  };
}

/**
 * Reactions have no id: the core counts the copies of one observer. Before 22.0.9 the server names the author of the
 * message as the actor; where that is a bot it would look like the bot's own doing, so that nobody is named.
 */
function decodeReaction(body: Json, type: "Like" | "Undo", context: DecodeContext): EventDraft {
  const removed = type === "Undo";
  const like = removed ? objectOf(body["object"]) : body;
  const note = objectOf(like["object"]);
  const message = textOf(note["id"]);
  const emoji = textOf(like["content"]);
  const room = roomOf(body["target"]);
  if (message === "" || emoji === "" || room === null) return unknownEvent(body, type, context);
  const named = actorOf(body["actor"]);
  const own = context.echo({ room: room.id, message, emoji, removed });
  const nobody: Actor = { id: "unknown", kind: "unknown", name: null, uncertain: true };
  const guessed: Actor = named === null || named.kind === "bot" ? nobody : { ...named, uncertain: true };
  const author = context.namesReactor ? undefined : named?.id;
  return {
    key: null,
    type: removed ? "reaction.removed" : "reaction.added",
    time: context.now,
    room,
    actor: own === null ? (context.namesReactor ? named : guessed) : { id: own, kind: "bot", name: null },
    message: { id: message },
    reaction: { emoji },
    native: native({ type, ...(author === undefined ? {} : { author }) }),
  };
}

/** The bot itself was set up in a room, or taken out; a `Leave` comes also where it never was. */
function decodeBotMembership(body: Json, type: "Join" | "Leave", context: DecodeContext): EventDraft {
  const room = roomOf(body["object"]);
  const bot = actorOf(body["actor"]);
  if (room === null || bot === null) return unknownEvent(body, type, context);
  const joined = type === "Join";
  return {
    // Each bot is told of its own: without a key only one observer's would count.
    key: { kind: "webhook", id: context.random },
    type: joined ? "member.joined" : "member.left",
    time: context.now,
    room,
    actor: { ...bot, kind: "bot" },
    member: { user: bot.id, name: bot.name ?? null, membership: joined ? "joined" : "left" },
    native: native({ type }),
  };
}
