import { urlHash } from "../signature.ts";
import type { Json } from "../wire.ts";
import type { Fault } from "./faults.ts";

export interface User {
  readonly id: string;
  readonly name: string;
  readonly password: string;
  readonly admin: boolean;
  readonly appPasswords: Set<string>;
  /** By path below the user's files: `/hello.txt`. */
  readonly files: Map<string, { readonly id: number; readonly size: number; readonly type: string }>;
}

export interface Attendee {
  readonly attendeeId: number;
  readonly actorType: string;
  readonly actorId: string;
  displayName: string;
  participantType: number;
}

/** Who does something: a person, a guest, a bot, or the console (`guests/cli`). */
export interface Actor {
  readonly type: string;
  readonly id: string;
  readonly name: string;
}

export interface Message {
  readonly id: number;
  readonly actor: Actor;
  readonly timestamp: number;
  /** With placeholders. */
  message: string;
  parameters: Json;
  systemMessage: string;
  messageType: string;
  readonly referenceId: string;
  readonly silent: boolean;
  readonly expiration: number;
  readonly parent: number | null;
  readonly reactions: Map<string, { readonly actor: Actor; readonly at: number }[]>;
  deleted: boolean;
  deletedBy: Actor | null;
  edited: { readonly by: Actor; readonly at: number } | null;
}

export interface Room {
  readonly id: number;
  readonly token: string;
  type: number;
  name: string;
  description: string;
  readonly attendees: Attendee[];
  readonly messages: Message[];
  /** Bots set up in it, by the server's number. */
  readonly bots: Set<number>;
  readOnly: number;
  lobby: number;
  listable: number;
  expiration: number;
  password: string;
  readonly polls: Map<number, Json>;
  /** Ids of users who have the room open: a call needs that. */
  readonly sessions: Set<string>;
}

export interface BotRow {
  readonly id: number;
  readonly name: string;
  readonly secret: string;
  readonly url: string;
  readonly hash: string;
  readonly description: string;
  state: number;
  features: number;
}

export interface World {
  /** Address of the server; also `overwrite.cli.url`, unless that is given. */
  readonly url: string;
  /** `overwrite.cli.url`; null: not set. */
  backend: string | null;
  /** `21.1.0` */
  readonly talk: string;
  readonly users: Map<string, User>;
  readonly rooms: Map<string, Room>;
  readonly bots: BotRow[];
  /** Times of wrong signatures, Unix milliseconds. */
  attempts: number[];
  roomAttempts: number;
  readonly logins: Map<string, { granted: string | null }>;
  readonly faults: Fault[];
  readonly next: {
    message: number;
    room: number;
    bot: number;
    attendee: number;
    file: number;
    poll: number;
    share: number;
  };
  /** Tokens that new rooms get, before made-up ones. */
  readonly tokens: string[];
  maintenance: boolean;
  /** `config.chat.max-length`. */
  maxLength: number;
  now(): number;
  random(length: number): string;
}

const letters = "abcdefghijklmnopqrstuvwxyz23456789";

function newToken(world: World): string {
  const wanted = world.tokens.shift();
  if (wanted !== undefined) return wanted;
  let token = "";
  for (let at = 0; at < 8; at += 1) token += letters[Math.floor(Math.random() * letters.length)];
  return world.rooms.has(token) ? newToken(world) : token;
}

export function addUser(
  world: World,
  id: string,
  options: { readonly name?: string; readonly password?: string; readonly admin?: boolean } = {},
): User {
  const user: User = {
    id,
    name: options.name ?? id,
    password: options.password ?? `pw-${id}`,
    admin: options.admin ?? false,
    appPasswords: new Set(),
    files: new Map(),
  };
  world.users.set(id, user);
  return user;
}

export const userActor = ({ id, name }: User): Actor => ({ type: "users", id, name });
export const botActor = ({ hash, name }: BotRow): Actor => ({ type: "bots", id: `bot-${hash}`, name: `${name} (Bot)` });
export const cli: Actor = { type: "guests", id: "cli", name: "" };

export function addAttendee(world: World, room: Room, actor: Actor, participantType: number): Attendee {
  const attendee: Attendee = {
    attendeeId: world.next.attendee++,
    actorType: actor.type,
    actorId: actor.id,
    displayName: actor.name,
    participantType,
  };
  room.attendees.push(attendee);
  return attendee;
}

export function attendeeOf(room: Room, actor: Actor): Attendee | undefined {
  return room.attendees.find(({ actorType, actorId }) => actorType === actor.type && actorId === actor.id);
}

/** Both people of a one-to-one count as moderators. */
export function isModerator(room: Room, actor: Actor): boolean {
  const found = attendeeOf(room, actor);
  return found !== undefined && (found.participantType === 1 || found.participantType === 2 || room.type === 1);
}

export function makeRoom(world: World, type: number, name: string): Room {
  const room: Room = {
    id: world.next.room++,
    token: newToken(world),
    type,
    name,
    description: "",
    attendees: [],
    messages: [],
    bots: new Set(),
    readOnly: 0,
    lobby: 0,
    listable: 0,
    expiration: 0,
    password: "",
    polls: new Map(),
    sessions: new Set(),
  };
  world.rooms.set(room.token, room);
  return room;
}

export function makeBot(
  world: World,
  bot: Pick<BotRow, "name" | "secret" | "url" | "description" | "state" | "features">,
): BotRow {
  const row: BotRow = { id: world.next.bot++, hash: urlHash(bot.url), ...bot };
  world.bots.push(row);
  return row;
}

interface Written {
  readonly systemMessage?: string;
  readonly messageType?: string;
  readonly parameters?: Json;
  readonly referenceId?: string;
  readonly silent?: boolean;
  readonly parent?: number | null;
}

export function write(world: World, room: Room, actor: Actor, message: string, more: Written = {}): Message {
  const made: Message = {
    id: world.next.message++,
    actor,
    timestamp: Math.floor(world.now() / 1000),
    message,
    parameters: more.parameters ?? {},
    systemMessage: more.systemMessage ?? "",
    messageType: more.messageType ?? (more.systemMessage ? "system" : "comment"),
    referenceId: more.referenceId ?? "",
    silent: more.silent ?? false,
    expiration: room.expiration === 0 ? 0 : Math.floor(world.now() / 1000) + room.expiration,
    parent: more.parent ?? null,
    reactions: new Map(),
    deleted: false,
    deletedBy: null,
    edited: null,
  };
  room.messages.push(made);
  return made;
}
