import {
  BotyardError,
  createServerClock,
  isBotyardError,
  type Acting,
  type BotTarget,
  type Call,
  type Host,
  type ServerClock,
} from "@botyard/sdk";
import * as api from "./api.ts";
import { discover, type Root } from "./discovery.ts";
import { connectGateway, type Gateway } from "./gateway.ts";
import type { AllHeard } from "./heard.ts";
import { createMemory, type Memory } from "./memory.ts";
import { createPlaces, type Places } from "./places.ts";
import { nobody, type Auth, type Caller } from "./request.ts";
import type { Settings } from "./settings.ts";

/** A bot's socket while it is open, and what it shows. */
export interface Link {
  readonly gateway: Gateway;
  readonly places: Places;
  /** When it began, by our clock, Unix milliseconds. */
  readonly since: number;
  /** Until when it certainly carried events, by our clock. */
  heardAt: number;
  proofs: number;
  /** Newest message seen in each channel. */
  readonly seen: Map<string, string>;
  /** Messages we sent and whose echo has not come: id → when. */
  readonly expected: Map<string, number>;
}

/** What the parts of an open session share. */
export interface Context {
  readonly host: Host<Settings>;
  /** What the instance says of itself; asked once, and again by each probe. */
  root(fresh?: boolean, signal?: AbortSignal): Promise<Root>;
  /** Whether the instance has OAuth2 settings; null until found out. */
  oauth2: boolean | null;
  readonly serverClock: ServerClock;
  readonly links: Map<string, Link>;
  /** By handle: what the sockets before this one had put on disk. */
  readonly heard: Map<string, AllHeard>;
  /** By the server's id of a bot. */
  memoryOf(id: string): Memory;
  /** Descriptions of bots by native id, and when they were read. */
  readonly abouts: Map<string, { readonly at: number; readonly description: string | null }>;
  /** Handles whose token is being replaced by us: a `Logout` then is no refusal. */
  readonly rotating: Set<string>;
  /** What a credential sees: of a bot's open socket, else asked for once. */
  placesOf(as: Acting | null, fresh?: boolean, signal?: AbortSignal): Promise<Places>;
  /** Servers, channels or who is in them have changed: what was asked for once is asked for again. */
  placesChanged(): void;
}

const placesLastMs = 10_000;

export function createContext(host: Host<Settings>): Context {
  let known: Promise<Root> | null = null;
  const serverClock = createServerClock(host.clock);
  const memories = new Map<string, Memory>();
  const glimpses = new Map<string, { readonly at: number; readonly places: Places }>();

  const context: Context = {
    host,
    oauth2: null,
    serverClock,
    links: new Map(),
    heard: new Map(),
    memoryOf(id) {
      const memory = memories.get(id) ?? createMemory();
      memories.set(id, memory);
      return memory;
    },
    abouts: new Map(),
    rotating: new Set(),
    root(fresh = false, signal) {
      if (known && !fresh) return known;
      const asked = discover(host, serverClock, signal);
      known = asked;
      asked.catch(() => {
        if (known === asked) known = null;
      });
      return asked;
    },
    async placesOf(as, fresh = false, signal) {
      const link = as?.kind === "bot" ? context.links.get(as.handle ?? "") : undefined;
      if (link) return link.places;
      const key = as === null ? "" : `${as.kind} ${as.id}`;
      const before = glimpses.get(key);
      if (before && !fresh && host.clock.now() - before.at < placesLastMs) return before.places;
      const places = await glimpse(context, await authOf(context, as), signal);
      glimpses.set(key, { at: host.clock.now(), places });
      return places;
    },
    placesChanged: () => glimpses.clear(),
  };
  return context;
}

/** There is no call that lists servers: a socket is opened for its `Ready` and closed again. */
async function glimpse(context: Context, auth: Auth, signal?: AbortSignal): Promise<Places> {
  if (auth.kind === "nobody") throw new BotyardError("unauthenticated", "Nobody is signed in.");
  const gateway = await openGateway(context, auth.token, signal);
  const places = createPlaces();
  places.load(gateway.ready);
  await gateway.end(null);
  return places;
}

/** `only`: the one part of `Ready` that is asked for. */
export async function openGateway(
  context: Context,
  token: string,
  signal?: AbortSignal,
  only?: "channels",
): Promise<Gateway> {
  const { host } = context;
  const { gateway } = await context.root(false, signal);
  return connectGateway({
    open: (url, ended) => host.socket(url, ended ? { signal: ended } : {}),
    url: only === undefined ? gateway : `${gateway}${gateway.includes("?") ? "&" : "?"}ready=${only}`,
    token,
    clock: host.clock,
    ...(signal ? { signal } : {}),
  });
}

/** The owner's session manages bots, credentials, rooms and members. Throws `unauthenticated` where there is none. */
export async function ownerAuth({ host }: Pick<Context, "host">): Promise<Auth> {
  const credential = await host.credentials.find({ kind: "owner-session" });
  if (credential) return { kind: "owner-session", token: credential.secret };
  throw new BotyardError("unauthenticated", "No session of the bots' owner is sealed.", {
    fix: logInLine(host.connection.id),
  });
}

function logInLine(connection: string): string {
  return `botyard credentials login ${connection} owner-session`;
}

export async function botAuth(
  { host }: Pick<Context, "host">,
  handle: string,
  given?: Acting["credential"],
): Promise<Auth> {
  const credential =
    given?.kind === "bot-token" ? given : await host.credentials.find({ kind: "bot-token", bot: handle });
  if (credential) return { kind: "bot-token", token: credential.secret };
  const { id } = host.connection;
  throw new BotyardError("unauthenticated", `No token of the bot ${id}/${handle} is sealed.`, {
    fix: `botyard credentials issue ${id}/${handle}`,
  });
}

/** A bot acts with its own token, and nobody else can: there is no acting as other users on Stoat. */
export async function authOf(context: Pick<Context, "host">, as: Acting | null): Promise<Auth> {
  if (as === null) return ownerAuth(context);
  if (as.kind === "bot") return botAuth(context, as.handle ?? as.id, as.credential);
  throw new BotyardError("unsupported", "On Stoat only bots act, each with its own token.", {
    issues: [{ path: "as", expected: "a bot's handle" }],
  });
}

export async function callerOf(context: Context, auth: Auth, signal?: AbortSignal): Promise<Caller> {
  const { api: base } = await context.root(false, signal);
  return {
    http: context.serverClock.watch(context.host.http(base)),
    auth,
    signal,
    changed: context.placesChanged,
  };
}

/** Makes a call in the bot's name. Throws `invalid` where nobody is named. */
export async function acting<T>(
  context: Context,
  call: Pick<Call, "as" | "signal">,
  run: (on: Caller) => Promise<T>,
): Promise<T> {
  if (call.as === null) throw new BotyardError("invalid", "The call has to be made in a bot's name: give `as`.");
  return managing(context, call, run);
}

/** Makes a call in the bot's name where one is given, else as the owner. */
export async function managing<T>(
  context: Context,
  call: Pick<Call, "as" | "signal">,
  run: (on: Caller) => Promise<T>,
): Promise<T> {
  const auth = await authOf(context, call.as);
  const on = await callerOf(context, auth, call.signal);
  try {
    return await run(on);
  } catch (error) {
    if (!isBotyardError(error) || error.code !== "unauthenticated") throw error;
    throw await told(context, auth, call.as?.kind === "bot" ? (call.as.handle ?? null) : null, error, call.signal);
  }
}

/** As the owner, whoever the call names. */
export function owning<T>(context: Context, call: Pick<Call, "signal">, run: (on: Caller) => Promise<T>): Promise<T> {
  return managing(context, { as: null, signal: call.signal }, run);
}

/**
 * A refused credential, with its kind and what mends it; reported, so that the state says so too. Both kinds look alike:
 * one more call finds a token that is of the other kind.
 */
export async function told(
  context: Context,
  auth: Auth,
  handle: string | null,
  error: BotyardError,
  signal?: AbortSignal,
): Promise<BotyardError> {
  const { host } = context;
  const { id } = host.connection;
  const swapped = await isOtherKind(context, auth, signal);
  const owner = auth.kind === "owner-session";
  const fix = owner ? logInLine(id) : `botyard credentials issue ${id}/${handle ?? "<bot>"}`;
  const reason = swapped
    ? `What is sealed as ${auth.kind} is a ${owner ? "bot's token" : "session of a person"}: each is refused in the other's place.`
    : `Stoat refuses the ${auth.kind}: it was revoked, reset or is not known.`;
  const credential = await host.credentials.find(
    owner ? { kind: "owner-session" } : { kind: "bot-token", ...(handle === null ? {} : { bot: handle }) },
  );
  const report = { state: "auth_required", reason, remedy: fix } as const;
  // A token that has been replaced meanwhile says nothing of the new one.
  const same = auth.kind !== "nobody" && credential?.secret === auth.token;
  if (same && credential) host.report({ kind: "credential", credential: credential.id }, report);
  if (same && !owner && handle !== null) host.report({ kind: "bot", bot: handle }, report);
  return new BotyardError("unauthenticated", reason, { ...error.details, fix, cause: error });
}

async function isOtherKind(context: Context, auth: Auth, signal?: AbortSignal): Promise<boolean> {
  if (auth.kind === "nobody") return false;
  const kind = auth.kind === "owner-session" ? "bot-token" : "owner-session";
  return api.me(await callerOf(context, { kind, token: auth.token }, signal)).then(
    () => true,
    () => false,
  );
}

export async function anonymous(context: Context, signal?: AbortSignal): Promise<Caller> {
  return callerOf(context, nobody, signal);
}

/** Managed bots by the server's id, and back. */
export async function idsByHandle({ host }: Pick<Context, "host">): Promise<ReadonlyMap<string, string>> {
  const bots = await host.bots.list();
  return new Map(bots.flatMap(({ nativeId, handle }) => (nativeId === null ? [] : [[handle, nativeId] as const])));
}

export function nativeIdOf({ bot }: Pick<Call, "bot">): string {
  if (bot?.nativeId) return bot.nativeId;
  throw new BotyardError("not_found", "The bot has no id on the server.");
}

export function botOf({ bot }: Pick<Call, "bot">): BotTarget {
  if (bot) return bot;
  throw new BotyardError("invalid", "The call names no bot.");
}
