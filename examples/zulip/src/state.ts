import { BotyardError, type Acting, type Host, type ServerClock } from "@botyard/sdk";
import type { Api } from "./api.ts";
import type { Directory } from "./directory.ts";
import type { EmojiNames } from "./emoji.ts";
import type { Place } from "./places.ts";
import type { Caller } from "./request.ts";
import type { Settings } from "./settings.ts";

/** A message of ours that came back, by the key its send carried. */
export interface Echo {
  readonly message: number;
  readonly time: string;
}

/** What the parts of an open session share. */
export interface State {
  readonly host: Host<Settings>;
  readonly origin: string;
  readonly serverClock: ServerClock;
  readonly api: Api;
  readonly directory: Directory;
  readonly emoji: EmojiNames;
  /** Event queue by handle, while one is listened to: a send names it and comes back there with its key. */
  readonly queues: Map<string, string>;
  /** The last ones, by effect. */
  readonly echoes: Map<string, Echo>;
  /** Where the last messages were said: an event about one names its id only. */
  readonly places: Map<number, Place>;
}

const kept = 10_000;

/** Puts an entry into a map that keeps the newest only. */
export function remember<K, T>(map: Map<K, T>, key: K, value: T): void {
  map.delete(key);
  map.set(key, value);
  for (const oldest of map.keys()) {
    if (map.size <= kept) return;
    map.delete(oldest);
  }
}

/** The account that manages bots, channels and members. Throws `unauthenticated`. */
export async function admin({ host }: State, signal?: AbortSignal): Promise<Caller> {
  const found = await host.credentials.find({ kind: "admin-key" });
  if (found) return { secret: found.secret, bucket: "admin", signal };
  throw new BotyardError("unauthenticated", "No key of an administrator of Zulip is sealed.", {
    fix: `botyard credentials import ${host.connection.id} admin-key --secret -`,
  });
}

/** A bot, by handle. Throws `unauthenticated`. */
export async function asBot({ host }: State, handle: string, signal?: AbortSignal): Promise<Caller> {
  const found = await host.credentials.find({ kind: "bot-key", bot: handle });
  if (found) return { secret: found.secret, bucket: `bot/${handle}`, signal };
  throw new BotyardError("unauthenticated", `No key of ${handle} is sealed.`, {
    fix: `botyard credentials issue ${host.connection.id}/${handle}`,
  });
}

/** The bot that acts, and its id. Throws `unauthenticated`, `invalid`. */
export async function acting(
  state: State,
  as: Acting | null,
  signal: AbortSignal,
): Promise<{ readonly on: Caller; readonly id: number; readonly handle: string }> {
  if (as?.kind !== "bot" || as.handle === undefined)
    throw new BotyardError("invalid", "On Zulip only bots act: give `as`.");
  return { on: await asBot(state, as.handle, signal), id: Number(as.id), handle: as.handle };
}

/** A number of the server's; anything else names nothing there. Throws `not_found`. */
export function toId(text: string, what: string): number {
  if (/^[1-9]\d{0,15}$/.test(text)) return Number(text);
  throw new BotyardError("not_found", `There is no such ${what}.`);
}

/** Refusals that say nothing but 400 become what `reason` makes of them. */
export async function explained<T, R>(work: Promise<T>, reason: (error: BotyardError) => Promise<R>): Promise<T | R> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof BotyardError && error.code === "invalid") return reason(error);
    throw error;
  }
}

/** For calls that refuse with 400 for one reason only. */
export function missing(what: string): (error: BotyardError) => Promise<never> {
  return async (cause) => {
    throw new BotyardError("not_found", `There is no such ${what}.`, { cause, ...upstreamOf(cause) });
  };
}

const upstreamOf = ({ details: { upstream } }: BotyardError) => (upstream ? { upstream } : {});
