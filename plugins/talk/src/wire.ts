/** What Nextcloud sends and takes, in its own spelling. @see https://nextcloud-talk.readthedocs.io (Talk 21.1) */

export type Json = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** PHP writes an empty object as `[]`. */
export function objectOf(value: unknown): Json {
  return isObject(value) ? value : {};
}

export function listOf(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

export function textOf(value: unknown): string {
  return typeof value === "string" ? value : typeof value === "number" ? String(value) : "";
}

export function numberOf(value: unknown): number {
  const number = typeof value === "string" && value !== "" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : 0;
}

/** Bits of `features`; `event` is for PHP inside the server and silences the webhook of an http URL. */
export const featureBits = { webhook: 1, response: 2, event: 4, reaction: 8 } as const;
export type Feature = keyof typeof featureBits;

export function featuresOf(bits: number): Feature[] {
  return (Object.keys(featureBits) as Feature[]).filter((name) => (bits & featureBits[name]) !== 0);
}

/** A bot in `GET /bot/{token}`; `state` 1: set up in the room, 0: not, 2: set up, and only occ can change it. */
export interface WireRoomBot {
  readonly id: number;
  readonly name: string;
  readonly description: string | null;
  readonly state: number;
}

/** A bot in `GET /bot/admin`; `state` 0: switched off on the server, 1: on, 2: only occ brings it into rooms. */
export interface WireBot extends WireRoomBot {
  readonly url: string;
  /** `sha1(url)`; the bot writes as `bots/bot-<url_hash>`. */
  readonly url_hash: string;
  readonly error_count: number;
  /** Unix seconds; 0: never. */
  readonly last_error_date: number;
  readonly last_error_message: string | null;
  /** Sum of `featureBits`; in no document, but always sent. */
  readonly features: number;
}

export function toRoomBot(value: Json): WireRoomBot {
  const description = value["description"];
  return {
    id: numberOf(value["id"]),
    name: textOf(value["name"]),
    description: typeof description === "string" ? description : null,
    state: numberOf(value["state"]),
  };
}

export function toBot(value: Json): WireBot {
  const last = value["last_error_message"];
  return {
    ...toRoomBot(value),
    url: textOf(value["url"]),
    url_hash: textOf(value["url_hash"]),
    error_count: numberOf(value["error_count"]),
    last_error_date: numberOf(value["last_error_date"]),
    last_error_message: typeof last === "string" ? last : null,
    features: numberOf(value["features"]),
  };
}

/** A message of `GET /chat/{token}`. */
export interface WireMessage {
  readonly id: number;
  readonly token: string;
  readonly actorType: string;
  readonly actorId: string;
  readonly actorDisplayName: string;
  /** Unix seconds. */
  readonly timestamp: number;
  readonly message: string;
  readonly messageParameters: Json;
  /** `""` for what people write. */
  readonly systemMessage: string;
  /** `comment`, `system`, `comment_deleted`, `voice-message`. */
  readonly messageType: string;
  readonly referenceId: string;
  readonly deleted: boolean;
  readonly lastEditTimestamp: number | null;
  readonly parent: WireMessage | null;
}

export function toMessage(value: Json): WireMessage {
  const parent = value["parent"];
  const edited = value["lastEditTimestamp"];
  return {
    id: numberOf(value["id"]),
    token: textOf(value["token"]),
    actorType: textOf(value["actorType"]),
    actorId: textOf(value["actorId"]),
    actorDisplayName: textOf(value["actorDisplayName"]),
    timestamp: numberOf(value["timestamp"]),
    message: textOf(value["message"]),
    messageParameters: objectOf(value["messageParameters"]),
    systemMessage: textOf(value["systemMessage"]),
    messageType: textOf(value["messageType"]),
    referenceId: textOf(value["referenceId"]),
    deleted: value["deleted"] === true,
    lastEditTimestamp: typeof edited === "number" ? edited : null,
    parent: isObject(parent) && "actorType" in parent ? toMessage(parent) : null,
  };
}

/** A room of `GET /api/v4/room`. */
export interface WireRoom {
  readonly token: string;
  /** 1 one-to-one, 2 group, 3 public, 4 Talk updates, 5 former one-to-one, 6 note to self. */
  readonly type: number;
  readonly name: string;
  readonly displayName: string;
  readonly description: string;
  /** 1 owner, 2 moderator, 3 user, 4 guest, 5 user by public link, 6 guest moderator. */
  readonly participantType: number;
  /** 0: seen from outside, not a member. */
  readonly attendeeId: number;
}

export function toRoom(value: Json): WireRoom {
  return {
    token: textOf(value["token"]),
    type: numberOf(value["type"]),
    name: textOf(value["name"]),
    displayName: textOf(value["displayName"]),
    description: textOf(value["description"]),
    participantType: numberOf(value["participantType"]),
    attendeeId: numberOf(value["attendeeId"]),
  };
}

export interface WireParticipant {
  readonly attendeeId: number;
  readonly actorType: string;
  readonly actorId: string;
  readonly displayName: string;
  readonly participantType: number;
}

export function toParticipant(value: Json): WireParticipant {
  return {
    attendeeId: numberOf(value["attendeeId"]),
    actorType: textOf(value["actorType"]),
    actorId: textOf(value["actorId"]),
    displayName: textOf(value["displayName"]),
    participantType: numberOf(value["participantType"]),
  };
}
