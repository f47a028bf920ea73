import type { WireError, WireMember, WireRoom } from "../wire.ts";
import { calls, type Call } from "./calls.ts";
import { createWorld, cut, newId, post, publish, Refusal, type World } from "./model.ts";

/**
 * A stand-in for the server that speaks its protocol and keeps its state: for tests, and to break on purpose.
 *
 * @example
 * const simulator = createSimulator();
 * const room = simulator.addRoom("lobby");
 * simulator.say(room.room_id, simulator.addUser("alice", room.room_id), "hello");
 */
export interface Simulator {
  readonly adminKey: string;
  fetch(request: Request): Promise<Response>;
  addRoom(title: string): WireRoom;
  addUser(name: string, ...rooms: readonly string[]): WireMember;
  /** A person writes; returns the message's id. */
  say(room: string, author: WireMember, text: string): string;
  /** An update of a kind no client knows. */
  odd(): void;
  /** Texts of a room, oldest first. */
  transcript(room: string): readonly string[];
  /** The next message is posted, and the answer is lost on its way. */
  loseAnswer(): void;
  /** Requests that are waiting for an answer break off. */
  cut(): void;
}

export function createSimulator({ now = Date.now }: { readonly now?: () => number } = {}): Simulator {
  const world = createWorld(now);
  return {
    adminKey: world.adminKey,
    fetch: (request) => answer(world, request),
    addRoom(title) {
      const room = { room_id: newId("r"), title };
      world.rooms.set(room.room_id, room);
      world.members.set(room.room_id, new Set());
      return room;
    },
    addUser(name, ...rooms) {
      const user = { user_id: newId("u"), user_name: name, is_bot: false };
      world.users.set(user.user_id, user);
      for (const room of rooms) world.members.get(room)?.add(user.user_id);
      return user;
    },
    say: (room, author, text) => post(world, author, room, text, null).message_id,
    odd: () => publish(world, { kind: "wing_flap" }),
    transcript: (room) => world.updates.flatMap(({ message }) => (message?.room_id === room ? [message.body] : [])),
    loseAnswer() {
      world.losing = true;
    },
    cut: () => cut(world),
  };
}

async function answer(world: World, request: Request): Promise<Response> {
  try {
    const { pathname, searchParams } = new URL(request.url);
    const { run, by, parts } = route(`${request.method} ${pathname}`);
    const bot = who(world, request.headers.get("authorization"));
    if (by === "admin" && bot !== null) throw new Refusal(403, "admins_only");
    const text = await request.text();
    const body = text === "" ? {} : (JSON.parse(text) as Call["body"]);
    const done = await run({ world, bot, query: searchParams, body, signal: request.signal }, ...parts);
    if (world.losing && by === "bot") {
      world.losing = false;
      throw new TypeError("connection reset");
    }
    return Response.json(done);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const refusal: WireError = { error: error.message, text: `Refused: ${error.message}` };
    return Response.json(refusal, { status: error.status });
  }
}

function route(wanted: string): (typeof calls)[number] & { readonly parts: string[] } {
  for (const call of calls) {
    const match = new RegExp(`^${call.route.replaceAll("*", "([^/]+)")}$`).exec(wanted);
    if (match) return { ...call, parts: match.slice(1).map(decodeURIComponent) };
  }
  throw new Refusal(404, "no_such_call");
}

/** The bot of a key, or null for the admin. */
function who(world: World, authorization: string | null): Call["bot"] {
  const key = authorization?.replace(/^Key /, "") ?? "";
  if (key === world.adminKey) return null;
  const bot = world.bots.get(world.keys.get(key) ?? "");
  if (!bot) throw new Refusal(401, "key_unknown");
  return bot;
}
