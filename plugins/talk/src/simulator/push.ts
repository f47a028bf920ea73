import { randomBytes } from "node:crypto";
import { sign } from "../signature.ts";
import { featureBits, type Json } from "../wire.ts";
import { phpJson } from "./envelope.ts";
import { takeFault } from "./faults.ts";
import { attendeeOf, type Actor, type BotRow, type Message, type Room, type World } from "./model.ts";
import { sentence } from "./show.ts";

/** Takes a webhook; what it throws is a connection that failed. */
export type Push = (request: Request) => Promise<Response>;

export interface Server {
  readonly world: World;
  readonly push: Push;
}

const person = ({ type, id, name }: Actor): Json => ({ type: "Person", id: `${type}/${id}`, name });

const roomName = (room: Room): string =>
  room.type === 1 ? JSON.stringify(room.attendees.map(({ actorId }) => actorId)) : room.name;

const target = (room: Room): Json => ({ type: "Collection", id: room.token, name: roomName(room) });

const emptyAsList = (value: Json): unknown => (Object.keys(value).length === 0 ? [] : value);

/** Everything in a parameter is a string, and empty parameters are a list. */
function content(message: Message): string {
  const text =
    message.messageType === "system" ? sentence(message.systemMessage, message.message, false) : message.message;
  return phpJson({ message: text, parameters: emptyAsList(message.parameters) });
}

const note = (message: Message, name: string): Json => ({
  type: "Note",
  id: String(message.id),
  name,
  content: content(message),
  mediaType: "text/markdown",
});

/** One after another, while whoever wrote waits. */
async function sendAll(server: Server, room: Room, feature: number, body: Json): Promise<void> {
  const text = phpJson(body);
  for (const bot of server.world.bots)
    if (room.bots.has(bot.id) && bot.state !== 0 && (bot.features & feature) !== 0) await send(server, bot, text);
}

async function send({ world, push }: Server, bot: BotRow, text: string): Promise<void> {
  if (!/^https?:/.test(bot.url) || (bot.features & featureBits.event) !== 0) return;
  const path = new URL(bot.url).pathname;
  if (takeFault(world.faults, "lose-webhook", path)) return;
  const random = randomBytes(48).toString("base64");
  const backend = world.backend === null ? "/" : `${world.backend.replace(/\/+$/, "")}/`;
  const headers = {
    "content-type": "application/json",
    "x-nextcloud-talk-random": random,
    "x-nextcloud-talk-signature": sign(bot.secret, random, text),
    "x-nextcloud-talk-backend": backend,
    "ocs-apirequest": "true",
    "user-agent": "Nextcloud Server Crawler",
  };
  // A failure is a line in the server's log and nothing else: no retry, no count.
  await push(new Request(bot.url, { method: "POST", headers, body: text })).then(
    (answer) => answer.body?.cancel(),
    () => {},
  );
}

/** `Create` for what people write, `Activity` for all else; messages of bots are never sent to bots. */
export async function announce(server: Server, room: Room, message: Message): Promise<void> {
  const system = message.messageType === "system";
  const attachment = "file" in message.parameters || "object" in message.parameters;
  const activity = system || attachment;
  if (!activity && message.actor.type === "bots") return;
  const parent = message.parent === null ? undefined : room.messages.find(({ id }) => id === message.parent);
  const role = attendeeOf(room, message.actor)?.participantType;
  const named = system
    ? message.systemMessage
    : attachment
      ? message.messageType === "voice-message"
        ? "file_shared"
        : ""
      : "message";
  await sendAll(server, room, featureBits.webhook, {
    type: activity ? "Activity" : "Create",
    actor: {
      ...person(message.actor),
      ...(activity || role === undefined ? {} : { talkParticipantType: String(role) }),
    },
    object: {
      ...note(message, named),
      ...(parent && !activity
        ? { inReplyTo: { type: "Note", actor: person(parent.actor), object: note(parent, "message") } }
        : {}),
    },
    target: target(room),
  });
}

/** Talk 21 names the author of the message as the actor, not who reacted. */
export async function announceReaction(
  server: Server,
  room: Room,
  message: Message,
  by: Actor,
  emoji: string,
  added: boolean,
): Promise<void> {
  const rightActor = Number.parseInt(server.world.talk, 10) >= 23;
  const actor = person(rightActor ? by : message.actor);
  const like = { type: "Like", actor, object: note(message, ""), target: target(room), content: emoji };
  await sendAll(
    server,
    room,
    featureBits.reaction,
    added ? like : { type: "Undo", actor, object: like, target: target(room) },
  );
}

/** Sent whatever the bot's features and state are. */
export async function announceBot(server: Server, room: Room, bot: BotRow, joined: boolean): Promise<void> {
  await send(
    server,
    { ...bot, features: bot.features & ~featureBits.event },
    phpJson({
      type: joined ? "Join" : "Leave",
      actor: { type: "Application", id: `bots/bot-${bot.hash}`, name: bot.name },
      object: { type: "Collection", id: room.token, name: roomName(room) },
    }),
  );
}
