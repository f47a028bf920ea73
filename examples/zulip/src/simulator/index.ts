import type { WireMessage, WireStream } from "../wire.ts";
import type { Call, Calls } from "./call.ts";
import { files, serveStatic } from "./files.ts";
import { messages, odd } from "./messages.ts";
import { addStream, addUser, createWorld, post, Refusal, type NewMessage, type Person, type World } from "./model.ts";
import { cut, expire, queues } from "./queues.ts";
import { streams } from "./streams.ts";
import { users } from "./users.ts";

/**
 * A Zulip that keeps its state and speaks the REST API over `fetch`: for tests, and to break on purpose.
 *
 * @example
 * const zulip = createSimulator();
 * const general = zulip.addChannel("general");
 * const alice = zulip.addPerson("Alice", general);
 * zulip.say(alice, { stream: general.stream_id, topic: "lobby" }, "hello");
 */
export interface Simulator {
  readonly world: World;
  /** `email:key` of an administrator. */
  readonly adminKey: string;
  fetch(request: Request): Promise<Response>;
  addChannel(name: string): WireStream;
  addPerson(name: string, ...channels: readonly WireStream[]): Person;
  say(author: Person, to: NewMessage["to"], content: string): WireMessage;
  /** Texts of a topic, or of a whole channel, oldest first. */
  transcript(stream: number, topic?: string): readonly string[];
  /** The next message is sent, and the answer is lost on its way. */
  loseAnswer(): void;
  /** So many requests are refused with 429. */
  rateLimit(requests: number): void;
  /** Requests that are waiting for events break off. */
  cut(): void;
  /** Every event queue is gone, as after ten minutes without a request. */
  expireQueues(): void;
  /** An event of a type no client knows. */
  odd(): void;
}

const calls: Calls = { ...users, ...streams, ...messages, ...queues, ...files };
const routes = Object.entries(calls)
  // What is written out goes before what is left open.
  .toSorted(([a], [b]) => a.split("*").length - b.split("*").length)
  .map(([route, run]) => {
    const pattern = route.replaceAll(/\*\*?/g, (stars) => (stars === "*" ? "([^/]+)" : "(.+)"));
    return { pattern: new RegExp(`^${pattern}$`), run };
  });

export function createSimulator({ now = Date.now }: { readonly now?: () => number } = {}): Simulator {
  const world = createWorld(now);
  const admin = addUser(world, { name: "Iago", email: "iago@chat.example.org", admin: true });
  return {
    world,
    adminKey: `${admin.email}:${admin.key}`,
    fetch: (request) => answer(world, request),
    addChannel: (name) => addStream(world, name),
    addPerson(name, ...channels) {
      const person = addUser(world, { name });
      for (const { stream_id } of channels) world.subscribers.get(stream_id)?.add(person.user_id);
      return person;
    },
    say: (sender, to, content) => post(world, { sender, to, content }),
    transcript: (stream, topic) =>
      [...world.messages.values()]
        .filter(({ stream_id, subject }) => stream_id === stream && (topic === undefined || subject === topic))
        .map(({ content }) => content),
    loseAnswer: () => void (world.faults.loseAnswer += 1),
    rateLimit: (requests) => void (world.faults.rateLimit = requests),
    cut: () => cut(world),
    expireQueues: () => expire(world),
    odd: () => odd(world),
  };
}

async function answer(world: World, request: Request): Promise<Response> {
  const { pathname, searchParams } = new URL(request.url);
  if (!pathname.startsWith("/api/v1/")) return serveStatic(world, pathname) ?? new Response(null, { status: 404 });
  const wanted = `${request.method} ${pathname.slice("/api/v1".length)}`;
  const limit = { "x-ratelimit-limit": "200", "x-ratelimit-remaining": "199" };
  const date = new Date(world.now()).toUTCString();
  const headers = { ...limit, date, "x-ratelimit-reset": String(Math.ceil(world.now() / 1000) + 1) };
  try {
    if (wanted === "GET /server_settings") return success(serverSettings, headers);
    const user = who(world, request.headers.get("authorization"));
    if (world.faults.rateLimit > 0) {
      world.faults.rateLimit -= 1;
      throw new Refusal("API usage exceeded rate limit", "RATE_LIMIT_HIT", 429, { "retry-after": 0.01 });
    }
    const route = routes.find(({ pattern }) => pattern.test(wanted));
    if (!route) throw new Refusal("No such endpoint", "BAD_REQUEST", 404);
    const call: Call = {
      world,
      user,
      parts: route.pattern.exec(wanted)?.slice(1) ?? [],
      form: request.method === "GET" ? searchParams : await formOf(request),
      signal: request.signal,
    };
    const done = await route.run(call);
    if (wanted === "POST /messages" && world.faults.loseAnswer > 0) {
      world.faults.loseAnswer -= 1;
      throw new TypeError("connection reset");
    }
    return success(done, headers);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { status, code, message, more } = error;
    const wait = status === 429 ? { "retry-after": "0.01" } : {};
    return Response.json(
      { result: "error", msg: message, code, ...more },
      { status, headers: { ...headers, ...wait } },
    );
  }
}

const serverSettings = {
  zulip_version: "11.0",
  zulip_merge_base: "11.0",
  zulip_feature_level: 421,
  realm_name: "Example",
  realm_url: "https://chat.example.org",
};

const success = (value: object, headers: Readonly<Record<string, string>>): Response =>
  Response.json({ result: "success", msg: "", ...value }, { headers });

async function formOf(request: Request): Promise<Call["form"]> {
  const type = request.headers.get("content-type") ?? "";
  if (type.startsWith("multipart/form-data")) return request.formData();
  return new URLSearchParams(await request.text());
}

/** Who signs in with an email and a key. */
function who(world: World, authorization: string | null): Person {
  const [, encoded = ""] = /^Basic (.+)$/.exec(authorization ?? "") ?? [];
  const [email, key] = atob(encoded).split(":");
  const user = [...world.users.values()].find((one) => one.email === email);
  if (!user) throw new Refusal("Invalid API key", "INVALID_API_KEY", 401);
  if (!/^\w{32}$/.test(key ?? "")) throw new Refusal("Malformed API key", "INVALID_API_KEY", 401);
  if (user.key !== key) throw new Refusal("Invalid API key", "INVALID_API_KEY", 401);
  if (!user.is_active) throw new Refusal("Account is deactivated", "USER_DEACTIVATED", 401);
  return user;
}
