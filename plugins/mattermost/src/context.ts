import {
  BotyardError,
  createServerClock,
  type Acting,
  type Call,
  type Host,
  type OpenedCredential,
  type ServerClock,
} from "@botyard/sdk";
import * as api from "./api.ts";
import { createDirectory, type Directory } from "./directory.ts";
import { isId } from "./ids.ts";
import type { Caller } from "./request.ts";
import { defaultMaxRunes } from "./capabilities.ts";
import type { Settings } from "./settings.ts";
import type { WireUser } from "./wire.ts";

/** What the server was found to have. Unknown until the first probe. */
export interface Features {
  icons: boolean;
  rotate: boolean;
  maxRunes: number;
  maxFileBytes: number | null;
}

/** What the handlers of one connection share. */
export interface Context {
  readonly host: Host<Settings>;
  /** Without a trailing slash: `https://chat.example.org`. */
  readonly url: string;
  readonly serverClock: ServerClock;
  readonly directory: Directory;
  readonly features: Features;
  /** Calls with the admin token. Throws `unauthenticated` where none is kept. */
  admin(signal?: AbortSignal): Promise<Caller>;
  /** Calls as a bot, with its own token. Throws `unauthenticated`. */
  bot(handle: string, signal?: AbortSignal): Promise<Caller>;
  botToken(handle: string): Promise<OpenedCredential | null>;
  anonymous(signal?: AbortSignal): Caller;
  /** Who the admin token belongs to; asked once. */
  adminUser(signal: AbortSignal): Promise<WireUser>;
  /** Tells a bot's socket to look whether it still hears; by handle. */
  readonly wake: Map<string, () => void>;
  /** Looks whether a bot whose token was refused may try again; by handle. */
  readonly recheck: Map<string, () => Promise<void>>;
  /** Opens a second socket with the newest token before the old one goes; resolves when it hears. By handle. */
  readonly switchTo: Map<string, () => Promise<void>>;
}

export const issueLine = (host: Host<Settings>, handle: string): string =>
  `botyard credentials issue ${host.connection.id}/${handle}`;

export function createContext(host: Host<Settings>): Context {
  const site = new URL(host.connection.url ?? "");
  const serverClock = createServerClock(host.clock);
  const http = serverClock.watch(host.http(site.origin));
  const base = site.pathname.replace(/\/+$/, "");
  let known: { readonly token: string; readonly user: Promise<WireUser> } | undefined;

  const caller = (token: string | undefined, signal = host.signal): Caller => ({
    http,
    base,
    signal,
    patient: true,
    ...(token === undefined ? {} : { token }),
  });

  const context: Context = {
    host,
    url: site.origin + base,
    serverClock,
    directory: createDirectory(),
    features: { icons: false, rotate: false, maxRunes: defaultMaxRunes, maxFileBytes: null },
    wake: new Map(),
    recheck: new Map(),
    switchTo: new Map(),
    anonymous: (signal) => caller(undefined, signal),
    async admin(signal) {
      const found = await host.credentials.find({ kind: "admin-token" });
      if (found) return caller(found.secret, signal);
      throw new BotyardError("unauthenticated", "no admin token is kept for this connection", {
        fix: `botyard credentials import ${host.connection.id} admin-token --secret -`,
      });
    },
    botToken: (handle) => host.credentials.find({ kind: "bot-token", bot: handle }),
    async bot(handle, signal) {
      const found = await context.botToken(handle);
      if (found) return caller(found.secret, signal);
      throw new BotyardError("unauthenticated", `no token is kept for ${handle}`, { fix: issueLine(host, handle) });
    },
    async adminUser(signal) {
      const on = await context.admin(signal);
      if (known?.token !== on.token) {
        const user = api.getUser(on, "me");
        known = { token: on.token ?? "", user };
        user.catch(() => (known = undefined));
      }
      return known?.user ?? api.getUser(on, "me");
    },
  };
  return context;
}

/** Calls in the name of who acts: the bot with its own token, else the admin. */
export async function callerOf(context: Context, call: Pick<Call, "as" | "signal">): Promise<Caller> {
  return call.as === null ? context.admin(call.signal) : (await actorOf(context, call.as, call.signal)).on;
}

export interface Actor {
  readonly on: Caller;
  readonly id: string;
  readonly handle: string;
}

/** The bot that acts. Throws `unsupported` for anybody else: Mattermost lets nobody act as another user. */
export async function actorOf(context: Context, as: Acting | null, signal: AbortSignal): Promise<Actor> {
  if (as?.kind !== "bot" || as.handle === undefined)
    throw new BotyardError("unsupported", "Mattermost lets nobody act as another user; only as a managed bot", {
      instead: "--as <bot>",
    });
  return { on: await context.bot(as.handle, signal), id: as.id, handle: as.handle };
}

/** Native id of the bot a call is about. */
export function botIdOf(call: Call): string {
  const id = call.bot?.nativeId;
  if (typeof id === "string" && isId(id)) return id;
  throw new BotyardError("not_found", `Mattermost has no bot ${call.bot?.handle ?? ""}`);
}

/** The id behind an id, a username or `@username`. Throws `not_found`. */
export async function userIdOf(on: Caller, user: string): Promise<string> {
  return (await findUser(on, user)).id;
}

export async function findUser(on: Caller, user: string): Promise<WireUser> {
  if (isId(user)) return api.getUser(on, user);
  const name = user.startsWith("@") ? user.slice(1) : user;
  if (/^[a-z0-9._-]{1,64}$/.test(name)) return api.getUserByName(on, name);
  throw noSuch("user");
}

/** Ids of another form do not reach the server: it would answer as if the endpoint did not exist. */
export function checkId(what: string, id: string): string {
  if (isId(id)) return id;
  throw noSuch(what);
}

export function noSuch(what: string): BotyardError {
  return new BotyardError("not_found", `there is no such ${what} that is visible here`, { effect: "none" });
}
