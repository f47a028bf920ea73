import { BotyardError, type Acting, type Host, type Room } from "@botyard/sdk";
import { whoami } from "./api.ts";
import { checkUserId, serverOf } from "./ids.ts";
import { createMemory, type Memory, type RoomFacts } from "./memory.ts";
import { createUserMatch, ghostPrefixOf, serverNameOf } from "./namespaces.ts";
import type { Caller } from "./request.ts";
import type { Service, Settings } from "./settings.ts";

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
}

const serverKey = "server";

export function createContext(host: Host<Settings>): Context {
  const { service } = host.connection.settings;
  const url = host.connection.url ?? "";
  const http = host.http(url);
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
    memory: createMemory(host.store),
    identity() {
      known ??= identify().catch((error: unknown) => {
        known = undefined;
        throw error;
      });
      return known;
    },
    async caller(user, signal = host.signal) {
      const userId = user ?? (await context.identity()).sender;
      return { http, token: await token(), userId, signal, limit: (state) => host.limit(state) };
    },
  };
  return context;
}

/** The user a call acts as: a bot's, a ghost of the namespace, or the sender. Throws `forbidden` for anybody else. */
export async function actorOf(context: Context, as: Acting | null): Promise<string> {
  const { sender, owns } = await context.identity();
  if (as === null) return sender;
  if (as.kind === "account")
    throw new BotyardError("unsupported", "acting as a person's account with a puppet token is not supported yet", {
      instead: "--as user:@ghost:server",
    });
  const wrong = checkUserId(as.id);
  if (wrong !== undefined)
    throw new BotyardError("invalid", wrong, { issues: [{ path: "as", expected: "user:@name:server" }] });
  if (owns(as.id)) return as.id;
  throw new BotyardError("forbidden", `${as.id} is outside the users namespace of the registration`);
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
