import { createUserMatch } from "../namespaces.ts";
import type { Registration } from "../registration.ts";
import { addAccount } from "./accounts.ts";
import { synapse, type Dialect } from "./dialect.ts";
import { createFaults, type Faults } from "./faults.ts";
import { membersOf, Refusal, type SimService, type World } from "./model.ts";
import { createPing } from "./ping.ts";
import { createQueue, isInteresting, toService, type Push, type Queue } from "./push.ts";
import type { Answer, Handler } from "./request.ts";
import { routes } from "./routes.ts";

export interface HomeserverOptions {
  readonly serverName: string;
  /** One application service, or several in the order of the homeserver's configuration. */
  readonly registration: Registration | readonly Registration[];
  /** Ids of registrations with `io.element.msc4190`. */
  readonly msc4190?: readonly string[];
  /** Carries requests to application services; default: `fetch`. */
  readonly push?: Push;
  readonly clock?: { now(): number; sleep(ms: number): Promise<void> };
  readonly maxUploadBytes?: number;
  /** In what it differs from Synapse: `{ ...dendrite }`, `{ batchSend: true }`. */
  readonly dialect?: Partial<Dialect>;
  /** Default `M_BAD_STATE`, as on Synapse. */
  readonly bannedErrcode?: Dialect["bannedErrcode"];
}

/** A homeserver that answers like Synapse 1.157, in memory: for tests and for the demonstration of faults. */
export interface Homeserver {
  readonly serverName: string;
  /** Answers one client-server request; throws where a fault says that the server cannot be reached. */
  fetch(request: Request): Promise<Response>;
  readonly faults: Faults;
  readonly world: World;
  /** By registration id. */
  queue(id: string): Queue;
  /** Waits until nothing is being delivered. */
  settled(): Promise<void>;
  /** Killed and started again: what waited in memory is lost, and repeats are no longer known. */
  restart(): void;
  /** The database is new: accounts, rooms and transaction ids begin again. */
  reset(): void;
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** Ids that look like the real ones and are the same in each run. */
function createIds(): (length: number) => string {
  let seed = 0x2545f491;
  const letter = (): string => {
    seed ^= seed << 13;
    seed ^= seed >>> 17;
    seed ^= seed << 5;
    return alphabet.charAt((seed >>> 0) % alphabet.length);
  };
  return (length) => Array.from({ length }, letter).join("");
}

/**
 * @example
 * const hs = createHomeserver({ serverName: "hs.test", registration, push: (request) => listener(request) });
 * const response = await hs.fetch(new Request("http://hs.test/_matrix/client/versions"));
 */
export function createHomeserver(options: HomeserverOptions): Homeserver {
  const { serverName, clock } = options;
  const registrations = Array.isArray(options.registration)
    ? (options.registration as readonly Registration[])
    : [options.registration as Registration];
  const push = options.push ?? ((request) => fetch(request));
  const services = registrations.map((registration): SimService => ({
    registration,
    msc4190: options.msc4190?.includes(registration.id) ?? false,
    interested: createUserMatch(registration, serverName),
  }));
  const dialect: Dialect = {
    ...synapse,
    ...options.dialect,
    ...(options.bannedErrcode === undefined ? {} : { bannedErrcode: options.bannedErrcode }),
  };
  let txnId = 0;
  const nextTxnId = (): number => {
    txnId = dialect.txnIds === "counter" ? txnId + 2 : Math.max(txnId + 1000, world.now() * 1_000_000);
    return txnId;
  };
  const queues = new Map<string, Queue>();
  const world: World = {
    serverName,
    services,
    accounts: new Map(),
    tokens: new Map(),
    rooms: new Map(),
    aliases: new Map(),
    media: new Map(),
    sent: new Map(),
    maxUploadBytes: options.maxUploadBytes ?? 2 * 1024 * 1024,
    typing: new Map(),
    presence: new Map(),
    accountData: new Map(),
    published: new Set(),
    protocols: new Map(),
    promised: new Set(),
    dialect,
    now: () => clock?.now() ?? Date.now(),
    stream: 0,
    nextId: createIds(),
    onEvent(room, event) {
      for (const service of services)
        if (isInteresting(service, room, event)) queues.get(service.registration.id)?.event(event);
    },
    onEdu({ edu, room, user }) {
      for (const service of services) {
        const ours = (id: string | undefined): boolean => id !== undefined && service.interested(id);
        const rooms = room === undefined ? [...world.rooms.values()] : [room];
        const seen = rooms.some((each) => {
          const joined = membersOf(each, "join");
          const about = user === undefined || joined.some(({ state_key: id }) => id === user);
          return about && joined.some(({ state_key: id }) => ours(id));
        });
        if (seen || ours(user)) queues.get(service.registration.id)?.ephemeral(edu);
      }
    },
    async ask(service, method, path, body) {
      try {
        return await push(toService(service, method, path, body, dialect.legacyPaths));
      } catch {
        return undefined;
      }
    },
  };
  // One counter for all registrations: ids grow and are not contiguous.
  for (const service of services) queues.set(service.registration.id, createQueue(world, service, push, nextTxnId));
  const ping = createPing(
    (service, body) => push(toService(service, "POST", "/ping", body)),
    (service) => void queues.get(service.registration.id)?.retry(),
  );
  const table = compile(dialect.ping ? [...routes, ["POST", "/_matrix/client/v1/appservice/{id}/ping", ping]] : routes);
  const sleep = (ms: number): Promise<void> => clock?.sleep(ms) ?? new Promise((resolve) => setTimeout(resolve, ms));
  const faults = createFaults(sleep);
  const queue = (id: string): Queue => {
    const found = queues.get(id);
    if (found === undefined) throw new Error(`no registration ${id}`);
    return found;
  };
  return {
    serverName,
    world,
    faults,
    queue,
    async fetch(request) {
      const response = await faults.through(request, (passed) => serve(world, table, passed));
      response.headers.set("date", new Date(world.now()).toUTCString());
      return response;
    },
    async settled() {
      for (const each of queues.values()) await each.settled();
    },
    restart() {
      world.sent.clear();
      for (const each of queues.values()) each.kill();
    },
    reset() {
      for (const map of [
        world.accounts,
        world.tokens,
        world.rooms,
        world.aliases,
        world.media,
        world.sent,
        world.accountData,
      ])
        map.clear();
      world.stream = 0;
      txnId = 0;
    },
  };
}

interface CompiledRoute {
  readonly method: string;
  readonly parts: readonly string[];
  readonly handler: Handler;
}

function compile(all: readonly (readonly [string, string, Handler])[]): readonly CompiledRoute[] {
  return all.map(([method, pattern, handler]) => ({ method, parts: pattern.split("/"), handler }));
}

function match(parts: readonly string[], path: readonly string[]): Record<string, string> | undefined {
  // An empty last part is an empty state key.
  const given = path.length === parts.length + 1 && path.at(-1) === "" ? path.slice(0, -1) : path;
  if (given.length !== parts.length) return undefined;
  const params: Record<string, string> = {};
  for (const [at, part] of parts.entries()) {
    const value = given[at] ?? "";
    if (part.startsWith("{")) params[part.slice(1, -1)] = decodeURIComponent(value);
    else if (part !== value) return undefined;
  }
  return params;
}

async function serve(world: World, table: readonly CompiledRoute[], request: Request): Promise<Response> {
  const url = new URL(request.url);
  const path = url.pathname.replace(/^\/_matrix\/client\/r0\//, "/_matrix/client/v3/").split("/");
  if (request.method === "OPTIONS") return new Response(null, { status: 204 });
  const found = table.flatMap((route) => {
    const params = match(route.parts, path);
    return params === undefined ? [] : [{ route, params }];
  });
  const hit = found.find(({ route }) => route.method === request.method);
  if (hit === undefined)
    return Response.json(
      { errcode: "M_UNRECOGNIZED", error: "Unrecognized request" },
      { status: found.length === 0 ? 404 : 405 },
    );
  try {
    const answer: Answer = await hit.route.handler({
      world,
      request,
      url,
      params: hit.params,
      query: url.searchParams,
    });
    return answer instanceof Response ? answer : Response.json(answer);
  } catch (thrown) {
    if (thrown instanceof Refusal)
      return Response.json(thrown.body, { status: thrown.status, headers: thrown.headers });
    throw thrown;
  }
}

export { dendrite, legacy, type Dialect } from "./dialect.ts";

/** Makes the account of a human, with a token: `{ user_id, access_token }` of a registration without the dialogue. */
export function addHuman(hs: Homeserver, name: string): { readonly id: string; readonly token: string } {
  const id = `@${name}:${hs.serverName}`;
  addAccount(hs.world, id, `pw-${name}`);
  const token = `syt_${hs.world.nextId(32)}`;
  hs.world.tokens.set(token, { user: id, device: hs.world.nextId(10) });
  return { id, token };
}
