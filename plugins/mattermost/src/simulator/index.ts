import { addToken, addUser } from "./accounts.ts";
import { createFaults, type Faults } from "./faults.ts";
import { createHub, type Hub } from "./hub.ts";
import { listen, type Listener } from "./listen.ts";
import {
  createIds,
  Refusal,
  type Broadcast,
  type SimConfig,
  type SimToken,
  type SimUser,
  type World,
} from "./model.ts";
import { addChannel } from "./places.ts";
import { addTeam, joinTeam } from "./teams.ts";
import { addPost } from "./posts.ts";
import type { Ask, Handler } from "./request.ts";
import { openRoutes, routes } from "./routes.ts";

export interface SimulatorOptions {
  readonly config?: Partial<SimConfig>;
  readonly now?: () => number;
  /** Carries requests to integrations; default: nobody answers. */
  readonly callOut?: (request: Request) => Promise<Response>;
  readonly site?: string;
}

/** A server that answers like Mattermost 11.1, in memory: for tests and for the demonstration of faults. */
export interface Simulator {
  /** Answers one request; throws where a fault says that the server cannot be reached. */
  fetch(request: Request): Promise<Response>;
  /** WebSockets on the loopback; the caller closes it. */
  listen(): Promise<Listener>;
  readonly world: World;
  readonly hub: Hub;
  readonly faults: Faults;
  /** Killed and started again: sockets and what is kept in memory are gone. */
  restart(): void;
}

export { addChannel, addPost, addTeam, addToken, addUser, joinTeam };

/**
 * @example
 * const sim = createSimulator();
 * const { admin } = seed(sim);
 * const response = await sim.fetch(new Request("http://chat.test/api/v4/system/ping"));
 */
export function createSimulator(options: SimulatorOptions = {}): Simulator {
  const config: SimConfig = {
    botCreation: true,
    userTokens: true,
    disableBotsWithOwner: true,
    maxPostSize: 16_383,
    rate: null,
    icons: false,
    tokenLife: false,
    off: [],
    version: "11.1.0",
    ...options.config,
  };
  const now = options.now ?? Date.now;
  let last = 0;
  const newId = createIds();
  const world: World = {
    config,
    users: new Map(),
    bots: new Map(),
    tokens: new Map(),
    teams: new Map(),
    channels: new Map(),
    posts: new Map(),
    reactions: new Map(),
    files: new Map(),
    commands: new Map(),
    incoming: new Map(),
    outgoing: new Map(),
    answers: new Map(),
    pending: new Map(),
    // Two things never happen in one millisecond: the order of posts is their time.
    now: () => (last = Math.max(now(), last + 1)),
    newId,
    tell: (event, data, to) => hub.tell(event, data, to),
    callOut: options.callOut ?? (() => Promise.reject(new TypeError("connection refused"))),
    site: options.site ?? "http://chat.test",
    openDirect(left, right) {
      const creator = world.users.get(left);
      if (!creator) return;
      const name = [left, right].toSorted().join("__");
      const channel = addChannel(world, { team_id: "", name, display_name: "", type: "D" }, creator);
      for (const id of [left, right]) channel.members.set(id, { roles: "channel_user" });
    },
  };
  const valid = ({ token, user_id: id, session }: SimToken): boolean => {
    const kept = world.tokens.get(token);
    const user = world.users.get(id);
    if (kept?.expires_at && kept.expires_at <= now()) return false;
    if (!kept?.is_active || !user || user.delete_at > 0 || (world.bots.get(id)?.delete_at ?? 0) > 0) return false;
    return session || world.bots.has(id) || config.userTokens;
  };
  const login = (secret: string): SimToken | undefined => {
    const token = world.tokens.get(secret);
    if (!token || !valid(token)) return undefined;
    token.lastUsed = world.now();
    if (token.sessionId === "") token.sessionId = newId();
    return token;
  };
  const members = ({ user, channel, team }: Broadcast): ReadonlySet<string> | null => {
    if (user !== undefined) return new Set([user]);
    if (channel !== undefined) return new Set(world.channels.get(channel)?.members.keys() ?? []);
    return team === undefined ? null : (world.teams.get(team)?.members ?? new Set());
  };
  const hub: Hub = createHub(world, valid, members, login);
  const faults = createFaults();
  const limiter = createLimiter(world);
  const table = [...compile(routes, "/api/v4"), ...compile(openRoutes, "")];

  const secretOf = (request: Request): string | undefined =>
    /^(?:bearer|token) (\S+)$/i.exec(request.headers.get("authorization") ?? "")?.[1];

  async function serve(request: Request): Promise<Response> {
    const limits = limiter();
    if (limits?.refused)
      return new Response("limit exceeded\n", {
        status: 429,
        headers: { ...limits.headers, "retry-after": "1", "content-type": "text/plain; charset=utf-8" },
      });
    const url = new URL(request.url);
    const token = login(secretOf(request) ?? "") ?? null;
    const found = match(table, request.method, url.pathname);
    const answered = await answer(found, {
      world,
      request,
      url,
      params: found?.params ?? {},
      token,
      user: token ? (world.users.get(token.user_id) ?? null) : null,
    });
    for (const kept of world.tokens.values()) if (kept.sessionId !== "" && !valid(kept)) kept.sessionId = "";
    hub.refresh();
    for (const [name, value] of Object.entries(limits?.headers ?? {})) answered.headers.set(name, value);
    return answered;
  }

  return {
    world,
    hub,
    faults,
    async fetch(request) {
      const response = await faults.through(request, serve);
      response.headers.set("date", new Date(now()).toUTCString());
      return response;
    },
    listen: () =>
      listen((request, wire) => {
        faults.knocked();
        if (faults.refuseSockets()) return 503;
        if (limiter()?.refused) return 429;
        const token = login(secretOf(request) ?? "");
        const { searchParams } = new URL(request.url);
        if (searchParams.has("access_token")) return 401;
        const resuming = searchParams.has("connection_id") && !/^\d+$/.test(searchParams.get("sequence_number") ?? "");
        if (resuming) {
          setTimeout(() => wire.cut(), 0);
          return { hear: () => {}, gone: () => {} };
        }
        // Without a login it is cut after five seconds; tests do not wait that long.
        if (!token) setTimeout(() => hub.knows(wire) || wire.cut(), faults.loginCutMs());
        const hear = token ? hub.open(token, searchParams, wire) : hub.openAnonymous(wire);
        return { hear, gone: () => hub.closed(wire) };
      }),
    restart() {
      hub.restart();
      world.pending.clear();
    },
  };
}

interface Route {
  readonly method: string;
  readonly parts: readonly string[];
  readonly handler: Handler;
}

const compile = (all: readonly (readonly [string, string, Handler])[], prefix: string): readonly Route[] =>
  all.map(([method, pattern, handler]) => ({ method, parts: (prefix + pattern).split("/"), handler }));

function match(
  table: readonly Route[],
  method: string,
  pathname: string,
): { readonly route: Route; readonly params: Record<string, string> } | null {
  const path = pathname.split("/").map((part) => decodeURIComponent(part));
  for (const route of table) {
    if (route.method !== method || route.parts.length !== path.length) continue;
    const params: Record<string, string> = {};
    const fits = route.parts.every((part, at) => {
      const value = path[at] ?? "";
      if (!part.startsWith("{")) return part === value;
      const name = part.slice(1, -1);
      params[name] = value;
      return (/name/i.test(name) ? /^[A-Za-z0-9_.+-]+$/ : /^[A-Za-z0-9]+$/).test(value);
    });
    if (fits) return { route, params };
  }
  return null;
}

const free = new Set(["name", "channelName", "action", "answer", "hook"]);

async function answer(found: ReturnType<typeof match>, ask: Ask): Promise<Response> {
  const error = (status: number, id: string, known = true): Response =>
    Response.json(
      {
        id,
        message: "A sentence in the language of the request.",
        detailed_error: known ? "" : "There doesn't appear to be an api call for the url.",
        ...(known ? { request_id: ask.world.newId() } : {}),
        status_code: status,
      },
      { status },
    );
  if (!found) return error(404, "api.context.404.app_error", false);
  try {
    if (ask.url.searchParams.has("access_token")) return error(401, "api.context.token_provided.app_error");
    const wrong = Object.entries(found.params).some(
      ([name, value]) => !free.has(name) && value.length !== 26 && !(name === "user" && value === "me"),
    );
    if (wrong && ask.user) return error(400, "api.context.invalid_url_param.app_error");
    const reply = await found.route.handler(ask);
    return reply instanceof Response ? reply : Response.json(reply);
  } catch (thrown) {
    if (thrown instanceof Refusal) return error(thrown.status, thrown.id, thrown.id !== "api.context.404.app_error");
    throw thrown;
  }
}

/** One budget for the address; null where the limiter is off. */
function createLimiter(
  world: World,
): () => { readonly refused: boolean; readonly headers: Record<string, string> } | null {
  let used = 0;
  let at = 0;
  return () => {
    const { rate } = world.config;
    if (rate === null) return null;
    const time = world.now();
    used = Math.max(0, used - ((time - at) / 1000) * rate.perSecond);
    at = time;
    const limit = rate.burst + 1;
    const refused = used + 1 > limit;
    if (!refused) used += 1;
    return {
      refused,
      headers: {
        "x-ratelimit-limit": String(limit),
        "x-ratelimit-remaining": String(Math.floor(limit - used)),
        "x-ratelimit-reset": String(Math.ceil(used / rate.perSecond)),
      },
    };
  };
}

/** A server with an administrator and a token, as a new operator has it. */
export function seed(sim: Simulator, name = "ops-admin"): { readonly admin: SimUser; readonly token: string } {
  const admin = addUser(sim.world, { username: name, roles: "system_admin system_user", password: "Secret 2026" });
  return { admin, token: addToken(sim.world, admin.id, "botyard").token };
}
