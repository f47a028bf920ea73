import type { WireBot, WireMember, WireMention, WireMessage, WireRoom, WireUpdate } from "../wire.ts";

/** Everything the server knows. */
export interface World {
  readonly adminKey: string;
  readonly now: () => number;
  readonly bots: Map<string, WireBot>;
  /** Bot by key. */
  readonly keys: Map<string, string>;
  readonly users: Map<string, WireMember>;
  readonly rooms: Map<string, WireRoom>;
  /** Ids of the members by room. */
  readonly members: Map<string, Set<string>>;
  /** By `<author> <post_key>`. */
  readonly posts: Map<string, WireMessage>;
  readonly updates: WireUpdate[];
  /** Told after each update, or that the connection broke. */
  readonly waiting: Set<(broken?: Error) => void>;
  losing: boolean;
}

/** A refusal; the HTTP side makes an answer of it. */
export class Refusal extends Error {
  readonly status: number;

  constructor(status: number, code: string) {
    super(code);
    this.status = status;
  }
}

export function createWorld(now: () => number): World {
  return {
    adminKey: `admin-${crypto.randomUUID()}`,
    now,
    bots: new Map(),
    keys: new Map(),
    users: new Map(),
    rooms: new Map(),
    members: new Map(),
    posts: new Map(),
    updates: [],
    waiting: new Set(),
    losing: false,
  };
}

let made = 0;

export function newId(kind: string): string {
  made += 1;
  return `${kind}${made}`;
}

export function roomOf(world: World, id: string): { readonly room: WireRoom; readonly members: Set<string> } {
  const room = world.rooms.get(id);
  const members = world.members.get(id);
  if (!room || !members) throw new Refusal(404, "no_such_room");
  return { room, members };
}

/** A message of a member; the same key of the same author again is the same message. */
export function post(world: World, author: WireMember, room: string, body: string, key: string | null): WireMessage {
  const { members } = roomOf(world, room);
  if (!members.has(author.user_id)) throw new Refusal(403, "not_a_member");
  const before = key === null ? undefined : world.posts.get(`${author.user_id} ${key}`);
  if (before) return before;
  const sent_at = new Date(world.now()).toISOString();
  const message: WireMessage = {
    message_id: newId("m"),
    room_id: room,
    author,
    body,
    mentions: mentionsIn(world, members, body),
    post_key: key,
    sent_at,
  };
  if (key !== null) world.posts.set(`${author.user_id} ${key}`, message);
  publish(world, { kind: "message", message });
  return message;
}

export function memberOf(world: World, id: string): WireMember | undefined {
  const bot = world.bots.get(id);
  return bot ? { user_id: bot.bot_id, user_name: bot.user_name, is_bot: true } : world.users.get(id);
}

function mentionsIn(world: World, members: ReadonlySet<string>, body: string): WireMention[] {
  return [...body.matchAll(/@([\w-]+)/g)].flatMap((match) => {
    const id = [...members].find((member) => memberOf(world, member)?.user_name === match[1]);
    return id === undefined ? [] : [{ user_id: id, at: match.index, len: match[0].length }];
  });
}

export function publish(world: World, update: Omit<WireUpdate, "seq">): void {
  world.updates.push({ seq: world.updates.length + 1, ...update });
  for (const tell of world.waiting) tell();
}

export function cut(world: World): void {
  for (const tell of world.waiting) tell(new TypeError("connection reset"));
}
