import * as v from "valibot";
import { expected } from "@botyard/sdk";
import { checkServerName } from "./ids.ts";
import type { Registration } from "./registration.ts";

const Namespace = v.strictObject({ regex: v.string(), exclusive: v.boolean() });

/** The registration without its tokens: those are sealed credentials. */
export const Service = v.strictObject({
  id: v.pipe(v.string(), v.minLength(1)),
  /** Where the homeserver pushes to; null: nowhere. */
  url: v.nullable(v.string()),
  /** Localpart of the sender, the bridge bot. */
  sender: v.pipe(v.string(), v.minLength(1)),
  users: v.array(Namespace),
  aliases: v.optional(v.array(Namespace), []),
  rooms: v.optional(v.array(Namespace), []),
  rateLimited: v.optional(v.boolean(), true),
  receiveEphemeral: v.optional(v.boolean(), false),
  protocols: v.optional(v.array(v.string()), []),
});
export interface Service extends v.InferOutput<typeof Service> {}

/** Settings of a connection. `service` comes from the registration file: `--registration FILE`. */
export const settings = v.strictObject({
  service: Service,
  /** The part after the colon of user ids; default: what the registration's regexes end with, else what whoami says. */
  serverName: v.optional(
    v.pipe(
      v.string(),
      v.check((name) => checkServerName(name) === undefined, expected("a server name like hs.example.org")),
    ),
  ),
  /** Put before a handle to name a bot's user; default: the fixed beginning of the first users regex. */
  ghostPrefix: v.optional(v.pipe(v.string(), v.regex(/^[a-z0-9._=/+-]*$/, expected("characters a-z 0-9 . _ = / + -")))),
  /** A port of the connection's own, `127.0.0.1:29400`, with the paths at its root: a registration made for another program stays valid. */
  listen: v.optional(
    v.pipe(
      v.string(),
      v.regex(/^(?:\[[0-9a-fA-F:]+\]|[0-9A-Za-z.-]+):\d{1,5}$/, expected("an address like 127.0.0.1:29400")),
    ),
  ),
  /** Whether typing, presence and receipts become events. They come only where the registration asks for them. */
  ephemeral: v.optional(v.boolean(), true),
  /** Which users the homeserver may bring to life by asking for them: bots we manage, all of the namespace (with aliases, each a new public room), none. */
  queries: v.optional(v.picklist(["managed", "namespace", "deny"]), "managed"),
});
export interface Settings extends v.InferOutput<typeof settings> {}

/** What a registration file adds to the settings. */
export function toService(registration: Registration): Service {
  const { id, url, senderLocalpart: sender, rateLimited, receiveEphemeral } = registration;
  return {
    id,
    url,
    sender,
    users: [...registration.users],
    aliases: [...registration.aliases],
    rooms: [...registration.rooms],
    rateLimited,
    receiveEphemeral,
    protocols: [...registration.protocols],
  };
}

/** The other way round, with tokens. */
export function toRegistration(
  { sender, ...service }: Service,
  more: Pick<Registration, "asToken" | "hsToken" | "url">,
): Registration {
  return { ...service, senderLocalpart: sender, ...more };
}

/** `options` of `bots.create`. */
const BotsCreateOptions = v.strictObject({
  /** Manage the registration's own sender as this bot, instead of a new user of the namespace. */
  sender: v.optional(v.boolean()),
});

/** `options` of `messages.send`. */
const MessagesSendOptions = v.strictObject({
  /** Kind of message; `m.notice` is what bots answer with where other bots listen. Default `m.text`. */
  msgtype: v.optional(v.picklist(["m.text", "m.notice", "m.emote"])),
});

/** `native` of a bot. */
const BotNative = v.object({
  /** Whether it is the registration's sender, the bridge bot. */
  sender: v.boolean(),
});

/** `native` of an event. */
export const EventNative = v.object({
  /** Type of the Matrix event: `m.room.message`. */
  type: v.string(),
  /** Absent for what is no event of a room: typing, presence, receipts. */
  eventId: v.optional(v.string()),
  msgtype: v.optional(v.string()),
  stateKey: v.optional(v.string()),
  /** Content of state, and of events that have no neutral kind. */
  content: v.optional(v.record(v.string(), v.unknown())),
  /** Of `typing`: false when it ended. */
  typing: v.optional(v.boolean()),
  /** Of `presence`: online, unavailable, offline. */
  presence: v.optional(v.string()),
  /** What a user shows beside their presence. */
  status: v.optional(v.nullable(v.string())),
});
export interface EventNative extends v.InferOutput<typeof EventNative> {}

export const extras = {
  "bots.create": BotsCreateOptions,
  "messages.send": MessagesSendOptions,
  Bot: BotNative,
  Event: EventNative,
} as const;
