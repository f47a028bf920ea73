import {
  BotyardError,
  createServerClock,
  type Acting,
  type Host,
  type Http,
  type Room,
  type ServerClock,
} from "@botyard/sdk";
import { whoami } from "./api.ts";
import { checkUserId, serverOf } from "./ids.ts";
import { createMemory, type Memory, type RoomFacts } from "./memory.ts";
import { createUserMatch, ghostPrefixOf, serverNameOf } from "./namespaces.ts";
import type { Caller } from "./request.ts";
import type { Service, Settings } from "./settings.ts";
import type { WireCreateRoom } from "./wire.ts";

/** Who we are on the homeserver. */
export interface Identity {
  readonly serverName: string;
  /** User id of the sender, the bridge bot. */
  readonly sender: string;
  /** Whether the registration may act for a user. */
  readonly owns: (user: string) => boolean;
  /** Put before a handle to name a bot's user. */
  readonly ghostPrefix: string;
}

/** What the handlers of one connection share. */
export interface Context {
  readonly host: Host<Settings>;
  readonly service: Service;
  readonly memory: Memory;
  /** Asks the homeserver once where neither settings nor registration say which server it is. */
  identity(): Promise<Identity>;
  /** Calls in the name of a user; of the sender by default. */
  caller(user?: string, signal?: AbortSignal): Promise<Caller>;
  /** Origin of the homeserver. */
  readonly url: string;
  readonly serverClock: ServerClock;
  /** People who act with a token of their own, by user id. */
  readonly realUsers: Map<string, RealUser>;
  /** What a program of the library answers in our place; absent: the setting `queries` decides. */
  readonly answers: Answers;
  /** Requests with a wrong hs_token so far: tells a wrong token from a wrong address. */
  readonly refused: { count: number };
  /**
   * Told when the homeserver was surely not there for a moment: a restart loses what waited in its memory, and may be over
   * before the way is proven the next time.
   */
  readonly absence: { told: (sign: string) => void };
  /** When the last transaction was taken, in Unix milliseconds; undefined since the start. */
  readonly taken: { atMs: number | undefined };
  /** Works on one room at a time: what is read, changed and written would lose another's change. */
  serial<T>(room: string, work: () => Promise<T>): Promise<T>;
}

/** Answers to what a homeserver asks. All may throw: then there is no such thing. */
export interface Answers {
  /** True: the user is registered before the homeserver hears it. */
  user?: (userId: string) => boolean | Promise<boolean>;
  /** A room to make under this alias; true: the program has made it. */
  alias?: (alias: string) => boolean | WireCreateRoom | Promise<boolean | WireCreateRoom>;
  /** Metadata of a protocol, or users and locations that fit; undefined: not found. */
  thirdParty?: (query: ThirdPartyQuery) => unknown;
}

export interface ThirdPartyQuery {
  readonly kind: "protocol" | "user" | "location";
  /** Null: asked by user id or alias. */
  readonly protocol: string | null;
  readonly fields: Readonly<Record<string, string>>;
}

/** A person's account that we may use: a double puppet. */
export interface RealUser {
  readonly token: string;
  /** Where their account lives, if not on the connection's homeserver. */
  readonly http?: Http;
}

const serverKey = "server";

export function createContext(host: Host<Settings>): Context {
  const { service } = host.connection.settings;
  const url = host.connection.url ?? "";
  const serverClock = createServerClock(host.clock);
  const http = serverClock.watch(host.http(url));
  let known: Promise<Identity> | undefined;

  async function token(): Promise<string> {
    const found = await host.credentials.find({ kind: "as-token" });
    if (found !== null) return found.secret;
    throw new BotyardError("unauthenticated", "no as_token is kept for this connection", {
      fix: `botyard credentials import ${host.connection.id} as-token --secret -`,
    });
  }

  async function findServerName(): Promise<string> {
    const fixed = host.connection.settings.serverName ?? serverNameOf(service);
    if (fixed !== undefined) return fixed;
    const stored = await host.store.get(serverKey);
    if (typeof stored === "string") return stored;
    const { user_id: user } = await whoami({ http, token: await token(), signal: host.signal });
    const server = serverOf(user);
    if (server === undefined) throw new BotyardError("upstream", "the homeserver named a user without a server");
    await host.store.put({ [serverKey]: server });
    return server;
  }

  async function identify(): Promise<Identity> {
    const serverName = await findServerName();
    return {
      serverName,
      sender: `@${service.sender}:${serverName}`,
      owns: createUserMatch({ users: service.users, senderLocalpart: service.sender }, serverName),
      ghostPrefix: host.connection.settings.ghostPrefix ?? ghostPrefixOf(service) ?? "",
    };
  }

  const context: Context = {
    host,
    service,
    url,
    serverClock,
    memory: createMemory(host.store),
    realUsers: new Map(),
    answers: {},
    refused: { count: 0 },
    absence: { told: () => {} },
    taken: { atMs: undefined },
    serial: createSerial(),
    identity() {
      known ??= identify().catch((error: unknown) => {
        known = undefined;
        throw error;
      });
      return known;
    },
    async caller(user, signal = host.signal) {
      const userId = user ?? (await context.identity()).sender;
      const limit: Caller["limit"] = (state) => host.limit(state);
      const absent = (): void => context.absence.told("a call of ours found nobody at its address");
      const real = context.realUsers.get(userId);
      if (real !== undefined) return { http: real.http ?? http, token: real.token, userId, own: true, signal, limit };
      return { http, token: await token(), userId, signal, limit, absent };
    },
  };
  return context;
}

/** Who a person's token belongs to, asked once; from then on calls as that user use it. */
async function puppet(context: Context, account: Acting): Promise<string> {
  const { credential } = account;
  if (credential === null)
    throw new BotyardError("unauthenticated", `no puppet-token of the account "${account.id}" is kept`, {
      fix: `botyard credentials import ${context.host.connection.id} puppet-token --account ${account.id} --secret -`,
    });
  const known = [...context.realUsers].find(([, { token }]) => token === credential.secret);
  if (known !== undefined) return known[0];
  const http = context.host.http(context.url);
  const { user_id: user } = await whoami({ http, token: credential.secret, signal: context.host.signal });
  context.realUsers.set(user, { token: credential.secret });
  return user;
}

/** The user a call acts as: a bot's, a ghost of the namespace, the sender, or a person by their own token. Throws `forbidden` for anybody else. */
export async function actorOf(context: Context, as: Acting | null): Promise<string> {
  const { sender, owns } = await context.identity();
  if (as === null) return sender;
  if (as.kind === "account") return puppet(context, as);
  const wrong = checkUserId(as.id);
  if (wrong !== undefined)
    throw new BotyardError("invalid", wrong, { issues: [{ path: "as", expected: "user:@name:server" }] });
  if (owns(as.id)) return as.id;
  throw new BotyardError("forbidden", `${as.id} is outside the users namespace of the registration`);
}

/** Runs pieces of work with the same name one after the other. */
function createSerial(): Context["serial"] {
  const last = new Map<string, Promise<unknown>>();
  return (name, work) => {
    const done = (last.get(name) ?? Promise.resolve()).then(work, work);
    const kept = done.then(
      () => {},
      () => {},
    );
    last.set(name, kept);
    void kept.then(() => {
      if (last.get(name) === kept) last.delete(name);
    });
    return done;
  };
}

/** A room as the neutral shape. */
export function toRoom(id: string, facts: RoomFacts, members?: number): Room {
  const kind =
    facts.space === true ? "space" : facts.direct === true ? "direct" : facts.public === true ? "channel" : "group";
  return {
    id,
    kind,
    name: facts.name ?? null,
    ...(facts.alias === undefined ? {} : { handle: facts.alias }),
    ...(facts.topic === undefined ? {} : { topic: facts.topic }),
    ...(members === undefined ? {} : { members }),
  };
}
