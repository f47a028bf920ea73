import type { WireFile, WireMarkup, WireMention, WirePresence, WireRoomType, WireStatus, WireUser } from "../wire.ts";

/** Habits of the server, as its owner configured it. */
export interface Policy {
  /** Who may make bots: whoever calls, or only a person at the console by `sandbox bot:install`. */
  readonly install: "call" | "console";
  /** Whether the answer to a post carries the message's id. */
  readonly answersId: boolean;
  /** What a second post with the same reference does. `none`: it is posted again. */
  readonly references: "replay" | "detect" | "none";
  /** Whether managing needs the owner's session. */
  readonly management: "open" | "owner-session";
  /** Whether a socket may go on where it stopped. */
  readonly resume: boolean;
  /** Whether events come once for all bots or once for each. */
  readonly copies: "shared" | "per-bot";
  readonly history: boolean;
  readonly ghosts: RegExp;
  readonly maxFileBytes: number;
  readonly memoryFileBytes: number;
}

export interface BotRow {
  about: string | null;
  active: boolean;
  owner: string;
  readonly badge: string | null;
  readonly hookUrl: string | null;
  icon: { readonly mime: string; readonly bytes: Uint8Array<ArrayBuffer> } | null;
}

export interface UserRow {
  readonly id: string;
  name: string;
  fullName: string | null;
  /** Null for people. */
  readonly bot: BotRow | null;
}

export interface MemberRow {
  status: Extract<WireStatus, "joined" | "invited" | "banned">;
  readonly role: "owner" | "member";
}

export interface MessageRow {
  readonly id: string;
  readonly author: string;
  readonly sentAt: string;
  editedAt: string | null;
  body: string;
  markup: WireMarkup;
  mentions: readonly WireMention[];
  readonly files: readonly WireFile[];
  readonly replyTo: string | null;
  readonly threadRoot: string | null;
  readonly reference: string | null;
  readonly silent: boolean;
  gone: boolean;
  /** Emoji → ids of users, in the order they reacted. */
  readonly reactions: Map<string, Set<string>>;
}

export interface RoomRow {
  readonly id: string;
  readonly type: WireRoomType;
  readonly slug: string;
  title: string;
  readonly space: string | null;
  topic: string | null;
  readonly open: boolean;
  readonly closedHistory: boolean;
  readonly members: Map<string, MemberRow>;
  readonly messages: Map<string, MessageRow>;
  /** Ids of messages, in the order they were pinned. */
  readonly pins: Set<string>;
  /** Last message read, by user. */
  readonly seen: Map<string, string>;
}

export interface TokenRow {
  readonly token: string;
  /** The bot it belongs to. */
  readonly user: string;
  /** Switched off for the time being. */
  off: boolean;
}

/** All that the server remembers. */
export interface Model {
  readonly policy: Policy;
  readonly users: Map<string, UserRow>;
  readonly rooms: Map<string, RoomRow>;
  readonly tokens: Map<string, TokenRow>;
  /** Passwords of people who have one of their own, by their id. */
  readonly passwords: Map<string, string>;
  readonly presences: Map<string, WirePresence>;
  /** Secrets that were taken back: owner sessions and account passwords are anybody's word otherwise. */
  readonly revoked: Set<string>;
  /** `user\nreference` of each post, and the message it made; null where the attempt failed. */
  readonly references: Map<string, string | null>;
  /** Number of calls by name, and of what they did. */
  readonly counts: Map<string, number>;
  /** Unix milliseconds. */
  now(): number;
  /** `m_k3f9x2_17`: never given twice, not even by the next server, so that a log can tell their messages apart. */
  id(prefix: string): string;
}

/** A refusal on its way to the answer. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  readonly retryAfterMs: number | null;

  constructor(status: number, code: string, text: string, retryAfterMs: number | null = null) {
    super(text);
    this.name = "Refusal";
    this.status = status;
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}

/** The connection broke after the request had left. */
export class Lost extends Error {
  constructor() {
    super("the connection broke");
    this.name = "Lost";
  }
}

export function createModel(policy: Policy, now: () => number): Model {
  const epoch = crypto.randomUUID().slice(0, 8);
  let last = 0;
  return {
    policy,
    users: new Map(),
    rooms: new Map(),
    tokens: new Map(),
    passwords: new Map(),
    presences: new Map(),
    revoked: new Set(),
    references: new Map(),
    counts: new Map(),
    now,
    id: (prefix) => `${prefix}_${epoch}_${++last}`,
  };
}

export function count(model: Model, what: string, by = 1): void {
  model.counts.set(what, (model.counts.get(what) ?? 0) + by);
}

export function isoNow(model: Model): string {
  return new Date(model.now()).toISOString();
}

export function toWireUser(user: UserRow): WireUser {
  return { user_id: user.id, user_name: user.name, full_name: user.fullName, is_bot: user.bot !== null };
}

/** By id or by name. */
export function findUser(model: Model, ref: string): UserRow {
  const found = model.users.get(ref) ?? [...model.users.values()].find(({ name }) => name === ref);
  if (!found) throw new Refusal(404, "no_such_user", "there is no such user");
  return found;
}

/** By id or by slug. */
export function findRoom(model: Model, ref: string): RoomRow {
  const found = model.rooms.get(ref) ?? [...model.rooms.values()].find(({ slug }) => slug === ref);
  if (!found) throw new Refusal(404, "no_such_room", "there is no such room");
  return found;
}

/** A user that is a bot; by id or by name. */
export function findBot(model: Model, ref: string): UserRow & { readonly bot: BotRow } {
  const user = findUser(model, ref);
  if (!user.bot) throw new Refusal(404, "no_such_bot", "there is no such bot");
  return user as UserRow & { readonly bot: BotRow };
}

/** Ids of the active bots that are in a room. */
export function botsIn(model: Model, room: RoomRow): string[] {
  return [...room.members]
    .filter(([id, { status }]) => status === "joined" && model.users.get(id)?.bot?.active === true)
    .map(([id]) => id);
}
