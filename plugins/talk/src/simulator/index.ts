import { isObject, type Json } from "../wire.ts";
import { botRoutes } from "./bots.ts";
import { chatRoutes, post } from "./chat.ts";
import {
  noOcsHeader,
  noRoute,
  notLoggedIn,
  toResponse,
  wrongMethod,
  wrongPassword,
  type Form,
  type Reply,
} from "./envelope.ts";
import { takeFault } from "./faults.ts";
import { addAttendee, makeRoom, userActor, type Room, type User, type World } from "./model.ts";
import { runLine, runOcc, type OccResult } from "./occ.ts";
import { otherRoutes, plainRoutes } from "./others.ts";
import type { Push, Server } from "./push.ts";
import { reactionRoutes } from "./reactions.ts";
import { created, roomRoutes } from "./rooms.ts";
import type { Route, Visit } from "./routes.ts";

export interface NextcloudOptions {
  /** Default `https://cloud.test`. */
  readonly url?: string;
  /** Default `21.1.0`. */
  readonly talk?: string;
  /** Where webhooks go; default: nobody answers. */
  readonly push?: Push;
  /** Unix milliseconds. */
  readonly now?: () => number;
}

/** A Nextcloud with Talk in memory, at the wire: what it answers is held to recordings of a real one. */
export interface Nextcloud {
  readonly world: World;
  fetch(request: Request): Promise<Response>;
  /** Runs a line as the operator pastes it; `&&` and quotes are understood. */
  occ(line: string): Promise<OccResult>;
  /** The same by words, without a shell. */
  occWords(words: readonly string[]): Promise<OccResult>;
  /** A room with these people, the first its owner. */
  room(name: string, people: readonly User[], type?: number): Room;
  /** Writes as a person; answers the message's id. */
  say(room: Room, user: User, text: string, replyTo?: number): Promise<number>;
}

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

export function createNextcloud(options: NextcloudOptions = {}): Nextcloud {
  const url = (options.url ?? "https://cloud.test").replace(/\/+$/, "");
  const world: World = {
    url,
    backend: url,
    talk: options.talk ?? "21.1.0",
    users: new Map(),
    rooms: new Map(),
    bots: [],
    attempts: [],
    roomAttempts: 0,
    logins: new Map(),
    faults: [],
    next: { message: 1, room: 1, bot: 1, attendee: 1, file: 100, poll: 1, share: 1 },
    tokens: [],
    maintenance: false,
    maxLength: 32_000,
    now: options.now ?? Date.now,
    random: (length) => Array.from({ length }, () => letters[Math.floor(Math.random() * letters.length)]).join(""),
  };
  const server: Server = {
    world,
    push: options.push ?? (async () => Promise.reject(new TypeError("connection refused"))),
  };

  return {
    world,
    async fetch(request) {
      const path = new URL(request.url).pathname;
      const before = takeFault(world.faults, "status", path);
      if (before) return new Response(before.body ?? "", { status: before.status });
      const response = await answer(server, request);
      if (takeFault(world.faults, "lose-answer", path)) throw new TypeError("connection reset");
      response.headers.set("date", new Date(world.now()).toUTCString());
      const but = takeFault(world.faults, "done-but", path);
      return but ? new Response(null, { status: but.status }) : response;
    },
    occ: (line) => runLine(server, line),
    occWords: (words) => runOcc(server, words),
    room(name, people, type = 2) {
      const made = makeRoom(world, type, name);
      for (const [at, user] of people.entries()) addAttendee(world, made, userActor(user), at === 0 ? 1 : 3);
      const [owner] = people;
      if (owner) created(world, made, userActor(owner));
      return made;
    },
    async say(room, user, text, replyTo) {
      const posting = { text, replyTo: replyTo ?? null, referenceId: "", silent: false };
      return (await post({ server, world }, room, userActor(user), posting)).id;
    },
  };
}

const ocsRoutes: readonly Route[] = [...otherRoutes, ...botRoutes, ...roomRoutes, ...chatRoutes, ...reactionRoutes];

async function answer(server: Server, request: Request): Promise<Response> {
  const { world } = server;
  const address = new URL(request.url);
  const ocs = /^\/ocs\/(v[12])\.php(\/.*)$/.exec(address.pathname);
  const version = ocs?.[1] === "v1" ? "v1" : "v2";
  const json = (request.headers.get("accept") ?? "").includes("json") || address.searchParams.get("format") === "json";
  const form: Form = { version, json };
  if (world.maintenance && address.pathname !== "/status.php")
    return new Response("<html><body>Nextcloud is in maintenance mode</body></html>", {
      status: 503,
      headers: {
        "content-type": "text/html; charset=utf-8",
        "x-nextcloud-maintenance-mode": "1",
        "retry-after": "120",
      },
    });
  const user = login(world, request.headers.get("authorization"));
  if (user === "wrong") return toResponse(wrongPassword, form);
  if (ocs && request.headers.get("ocs-apirequest") !== "true") return toResponse(noOcsHeader, form);
  return toResponse(
    await run(server, request, user, ocs?.[2] ?? address.pathname, ocs ? ocsRoutes : plainRoutes),
    form,
  );
}

async function run(
  server: Server,
  request: Request,
  user: User | null,
  path: string,
  routes: readonly Route[],
): Promise<Reply> {
  const fitting = routes.flatMap((route) => {
    const match = route.path.exec(path);
    return match ? [{ route, params: match.slice(1) }] : [];
  });
  const found = fitting.find(({ route }) => route.method === request.method);
  if (!found) return fitting.length > 0 ? wrongMethod : noRoute;
  if (found.route.login === "user" && !user) return notLoggedIn;
  const query = new URL(request.url).searchParams;
  const bytes = new Uint8Array(await request.arrayBuffer());
  const visit: Visit = {
    server,
    world: server.world,
    user,
    actor: user && userActor(user),
    params: found.params,
    query,
    body: readBody(request.headers.get("content-type") ?? "", bytes, query),
    headers: request.headers,
    bytes,
  };
  return found.route.run(visit);
}

/** Parameters come as JSON, as a form or in the query. */
function readBody(type: string, bytes: Uint8Array, query: URLSearchParams): Json | null {
  const asked = Object.fromEntries(query);
  if (bytes.byteLength === 0) return asked;
  const text = new TextDecoder().decode(bytes);
  if (type.includes("x-www-form-urlencoded")) return { ...asked, ...Object.fromEntries(new URLSearchParams(text)) };
  if (!type.includes("json")) return asked;
  try {
    const body: unknown = JSON.parse(text);
    return isObject(body) ? { ...asked, ...body } : null;
  } catch {
    return null;
  }
}

function login(world: World, header: string | null): User | null | "wrong" {
  if (header === null) return null;
  const text = Buffer.from(header.replace(/^Basic /i, ""), "base64").toString("utf8");
  const at = text.indexOf(":");
  const user = world.users.get(text.slice(0, at));
  const password = text.slice(at + 1);
  return user && (user.password === password || user.appPasswords.has(password)) ? user : "wrong";
}

export { addUser, type Room, type User, type World } from "./model.ts";
export type { OccResult } from "./occ.ts";
