import type { WireEvent, WireMessage, WireReaction, WireStream, WireUser } from "../wire.ts";

export interface Person extends WireUser {
  readonly key: string;
  readonly avatar?: { readonly bytes: Uint8Array; readonly type: string };
}

export interface Upload {
  readonly bytes: Uint8Array;
  readonly type: string;
  readonly owner: number;
}

/** An event before a queue numbers it. */
export type Draft = WireEvent extends infer E ? (E extends WireEvent ? Omit<E, "id"> : never) : never;

/** A queue of one user's client. */
export interface Queue {
  readonly id: string;
  readonly user: number;
  readonly events: WireEvent[];
  next: number;
  /** The long poll that waits. */
  waiting: ((broken?: Error) => void) | null;
}

/** Everything the server knows. */
export interface World {
  readonly now: () => number;
  /** How long a poll waits before it is answered with a heartbeat. */
  heartbeatMs: number;
  /** By id. */
  readonly users: Map<number, Person>;
  readonly streams: Map<number, WireStream>;
  /** Ids of the subscribers, by channel. */
  readonly subscribers: Map<number, Set<number>>;
  readonly messages: Map<number, WireMessage & { readonly reactions: WireReaction[] }>;
  /** Who received a message, by its id. */
  readonly received: Map<number, ReadonlySet<number>>;
  /** Ids of the messages each user has read. */
  readonly read: Map<number, Set<number>>;
  readonly status: Map<number, string>;
  readonly presence: Map<number, { readonly status: "active" | "idle"; readonly timestamp: number }>;
  /** By path below `/user_uploads/`. */
  readonly uploads: Map<string, Upload>;
  /** Path by temporary token. */
  readonly temporary: Map<string, string>;
  readonly queues: Map<string, Queue>;
  readonly faults: { loseAnswer: number; rateLimit: number };
}

/** A refusal; the HTTP side makes an answer of it. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  readonly more: Readonly<Record<string, unknown>>;

  constructor(msg: string, code = "BAD_REQUEST", status = 400, more: Readonly<Record<string, unknown>> = {}) {
    super(msg);
    this.code = code;
    this.status = status;
    this.more = more;
  }
}

export const botDomain = "chat.example.org";

let made = 0;
/** Ids of every kind grow together: none is mistaken for another. */
export function newId(): number {
  made += 1;
  return made;
}

export const newKey = (): string => crypto.randomUUID().replaceAll("-", "");

export function createWorld(now: () => number): World {
  return {
    now,
    heartbeatMs: 45_000,
    users: new Map(),
    streams: new Map(),
    subscribers: new Map(),
    messages: new Map(),
    received: new Map(),
    read: new Map(),
    status: new Map(),
    presence: new Map(),
    uploads: new Map(),
    temporary: new Map(),
    queues: new Map(),
    faults: { loseAnswer: 0, rateLimit: 0 },
  };
}

export interface NewUser {
  readonly name: string;
  readonly email?: string;
  readonly admin?: boolean;
  readonly owner?: number;
}

export function addUser(world: World, { name, email, admin = false, owner }: NewUser): Person {
  const user_id = newId();
  const person: Person = {
    user_id,
    email: email ?? `${name.toLowerCase().replaceAll(/\W+/g, ".")}@${botDomain}`,
    full_name: name,
    is_active: true,
    is_admin: admin,
    is_bot: owner !== undefined,
    bot_type: owner === undefined ? null : 1,
    ...(owner === undefined ? {} : { bot_owner_id: owner }),
    avatar_url: `https://secure.gravatar.com/avatar/${user_id}?d=identicon&version=1`,
    key: newKey(),
  };
  world.users.set(user_id, person);
  return person;
}

export function addStream(world: World, name: string, description = "", invite_only = false): WireStream {
  const stream = { stream_id: newId(), name, description, invite_only };
  world.streams.set(stream.stream_id, stream);
  world.subscribers.set(stream.stream_id, new Set());
  return stream;
}

/** Into the queues of these users. */
export function publish(world: World, users: Iterable<number>, draft: (queue: Queue) => Draft): void {
  const told = new Set(users);
  for (const queue of world.queues.values()) {
    if (!told.has(queue.user)) continue;
    queue.events.push({ ...draft(queue), id: queue.next } as WireEvent);
    queue.next += 1;
    queue.waiting?.();
  }
}

export interface NewMessage {
  readonly sender: Person;
  readonly to: { readonly stream: number; readonly topic: string } | { readonly users: readonly number[] };
  readonly content: string;
  /** Of the send: only this queue gets the key back. */
  readonly echo?: { readonly queue: string; readonly local: string } | undefined;
}

export function post(world: World, { sender, to, content, echo }: NewMessage): WireMessage {
  const id = newId();
  const place = placeOf(world, sender, to);
  const message: WireMessage & { readonly reactions: WireReaction[] } = {
    id,
    sender_id: sender.user_id,
    sender_full_name: sender.full_name,
    sender_email: sender.email,
    content,
    timestamp: Math.floor(world.now() / 1000),
    reactions: [],
    ...place.fields,
  };
  world.messages.set(id, message);
  world.received.set(id, place.receivers);
  publish(world, place.receivers, ({ id: queue }) => ({
    type: "message",
    message,
    flags: [],
    ...(echo?.queue === queue ? { local_message_id: echo.local } : {}),
  }));
  return message;
}

type Fields = Pick<WireMessage, "type" | "display_recipient" | "subject" | "stream_id">;

function placeOf(
  world: World,
  sender: Person,
  to: NewMessage["to"],
): { readonly fields: Fields; readonly receivers: ReadonlySet<number> } {
  if ("stream" in to) {
    const stream = world.streams.get(to.stream);
    if (!stream)
      throw new Refusal(`Channel with ID '${to.stream}' does not exist`, "STREAM_DOES_NOT_EXIST", 400, {
        stream_id: to.stream,
      });
    const receivers = new Set(world.subscribers.get(to.stream));
    if (stream.invite_only && !receivers.has(sender.user_id))
      throw new Refusal(`Not authorized to send to channel '${stream.name}'`);
    const fields = { type: "stream", display_recipient: stream.name, subject: to.topic, stream_id: to.stream } as const;
    return { fields, receivers: new Set([...receivers].filter((id) => world.users.get(id)?.is_active)) };
  }
  const users = [...new Set([sender.user_id, ...to.users])].map((id) => {
    const user = world.users.get(id);
    if (!user?.is_active) throw new Refusal(`Invalid user ID ${id}`);
    return { id, full_name: user.full_name, email: user.email };
  });
  return {
    fields: { type: "private", display_recipient: users, subject: "" },
    receivers: new Set(users.map(({ id }) => id)),
  };
}

/** Subscribers, and everybody where the channel is public. */
export function canSee(world: World, user: Person, message: WireMessage): boolean {
  if (world.received.get(message.id)?.has(user.user_id)) return true;
  const stream = world.streams.get(message.stream_id ?? -1);
  return (
    stream !== undefined &&
    (!stream.invite_only || (world.subscribers.get(stream.stream_id)?.has(user.user_id) ?? false))
  );
}
