import type { WireBot, WireNewBot, WireUpdates } from "../wire.ts";
import { memberOf, newId, post, Refusal, roomOf, type World } from "./model.ts";

/** Who calls: null is the admin. */
export interface Call {
  readonly world: World;
  readonly bot: WireBot | null;
  readonly query: URLSearchParams;
  readonly body: Readonly<Record<string, unknown>>;
  readonly signal: AbortSignal;
}

type Answer = object | Promise<object>;

/** Every call of the server: method, path, who may make it, what it does. */
export const calls: readonly {
  readonly route: string;
  readonly by: "admin" | "bot";
  readonly run: (call: Call, ...parts: string[]) => Answer;
}[] = [
  { route: "GET /api/server", by: "admin", run: () => ({ server_name: "Pigeon", version: "1.0.0" }) },
  { route: "GET /api/bots", by: "admin", run: ({ world }) => ({ bots: [...world.bots.values()] }) },
  { route: "POST /api/bots", by: "admin", run: createBot },
  { route: "DELETE /api/bots/*", by: "admin", run: deleteBot },
  { route: "GET /api/rooms", by: "admin", run: ({ world }) => ({ rooms: [...world.rooms.values()] }) },
  { route: "GET /api/rooms/*/members", by: "admin", run: listMembers },
  { route: "PUT /api/rooms/*/members/*", by: "admin", run: join },
  { route: "DELETE /api/rooms/*/members/*", by: "admin", run: leave },
  { route: "POST /api/rooms/*/messages", by: "bot", run: send },
  { route: "GET /api/updates", by: "admin", run: updates },
];

function createBot({ world, body }: Call): WireNewBot {
  const user_name = text(body["user_name"]);
  if (user_name === null || user_name === "") throw new Refusal(400, "user_name_missing");
  if ([...world.bots.values()].some((bot) => bot.user_name === user_name)) throw new Refusal(409, "user_name_taken");
  const bot = { bot_id: newId("b"), user_name, full_name: text(body["full_name"]), about: text(body["about"]) };
  const bot_key = `key-${crypto.randomUUID()}`;
  world.bots.set(bot.bot_id, bot);
  world.keys.set(bot_key, bot.bot_id);
  return { ...bot, bot_key };
}

function deleteBot({ world }: Call, id = ""): object {
  if (!world.bots.delete(id)) throw new Refusal(404, "no_such_bot");
  for (const [key, bot] of world.keys) if (bot === id) world.keys.delete(key);
  for (const members of world.members.values()) members.delete(id);
  return {};
}

function listMembers({ world }: Call, room = ""): object {
  const { members } = roomOf(world, room);
  return { members: [...members].flatMap((id) => memberOf(world, id) ?? []) };
}

function join({ world }: Call, room = "", user = ""): object {
  const { members } = roomOf(world, room);
  if (!memberOf(world, user)) throw new Refusal(404, "no_such_user");
  const joined = !members.has(user);
  members.add(user);
  return { joined };
}

function leave({ world }: Call, room = "", user = ""): object {
  return { left: roomOf(world, room).members.delete(user) };
}

function send({ world, bot, body }: Call, room = ""): object {
  const author = bot && memberOf(world, bot.bot_id);
  const said = text(body["body"]);
  if (!author) throw new Refusal(401, "key_unknown");
  if (said === null) throw new Refusal(400, "body_missing");
  if ([...said].length > 4000) throw new Refusal(413, "body_too_long");
  return post(world, author, room, said, text(body["post_key"]));
}

/** Answers at once when there is something, else when there is, at the latest after `wait` milliseconds. */
async function updates({ world, query, signal }: Call): Promise<WireUpdates> {
  const from = query.get("after") === "now" ? world.updates.length : Number(query.get("after"));
  if (world.updates.length <= from) await news(world, Number(query.get("wait")), signal);
  return { updates: world.updates.slice(from, from + 100), last: Math.min(world.updates.length, from + 100) };
}

function news(world: World, waitMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (broken?: Error): void => {
      clearTimeout(timer);
      world.waiting.delete(done);
      signal.removeEventListener("abort", aborted);
      if (broken) reject(broken);
      else resolve();
    };
    const aborted = (): void => done();
    const timer = setTimeout(done, waitMs);
    world.waiting.add(done);
    signal.addEventListener("abort", aborted);
  });
}

function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
