import { BotyardError, type BotTarget, type NativeBot } from "@botyard/sdk";
import * as api from "./api.ts";
import type { Caller } from "./api.ts";
import type { BotNative } from "./settings.ts";
import { urlHash } from "./signature.ts";
import { administrator, hookUrl, type State } from "./state.ts";
import { featuresOf, type WireBot } from "./wire.ts";

export const stateNames = ["disabled", "enabled", "no-setup"] as const;
export type StateName = (typeof stateNames)[number];

export const numberOfState = (name: StateName): 0 | 1 | 2 => stateNames.indexOf(name) as 0 | 1 | 2;

export const stateName = (state: number | null): StateName | null =>
  state === null ? null : (stateNames[state] ?? null);

/** What a bot is when it is on: one that only occ brings into rooms stays so. */
export const onState = (bot: { readonly state: number | null } | undefined): "enabled" | "no-setup" =>
  bot?.state === numberOfState("no-setup") ? "no-setup" : "enabled";

function roomsOf(state: State, handle: string | null): BotNative["rooms"] {
  return handle === null ? [] : [...state.memory.rooms(handle)].map(([id, { name }]) => ({ id, name }));
}

/** A bot as the server lists it. */
export function toNative(state: State, handle: string | null, bot: WireBot): NativeBot {
  const native: BotNative = {
    id: bot.id,
    url: bot.url,
    url_hash: bot.url_hash,
    state: stateName(bot.state),
    features: featuresOf(bot.features),
    error_count: bot.error_count,
    last_error_date: bot.last_error_date === 0 ? null : new Date(bot.last_error_date * 1000).toISOString(),
    last_error_message: bot.last_error_message,
    rooms: roomsOf(state, handle),
  };
  return {
    nativeId: `bots/bot-${bot.url_hash}`,
    username: `bot-${bot.url_hash}`,
    displayName: bot.name,
    description: bot.description === "" ? null : bot.description,
    enabled: bot.state !== 0,
    native: { ...native },
  };
}

/** A managed bot as far as it is known without an administrator. */
export function remembered(state: State, bot: BotTarget, nativeId: string | null = bot.nativeId): NativeBot {
  const facts = state.memory.bot(bot.handle);
  const native: BotNative = {
    id: facts.id,
    url: facts.url,
    url_hash: nativeId === null ? null : nativeId.replace("bots/bot-", ""),
    state: stateName(facts.state),
    features: facts.features === null ? null : featuresOf(facts.features),
    error_count: null,
    last_error_date: null,
    last_error_message: null,
    rooms: roomsOf(state, bot.handle),
  };
  return {
    nativeId,
    username: nativeId?.replace("bots/", "") ?? bot.username,
    displayName: bot.displayName,
    description: bot.description,
    enabled: facts.state !== 0,
    native: { ...native },
  };
}

export const isAuthor = (bot: Pick<WireBot, "url_hash">, nativeId: string | null): boolean =>
  nativeId === `bots/bot-${bot.url_hash}`;

/** The server's list, where an administrator's app password is there and is one; null without. */
export async function serverBots(state: State, signal?: AbortSignal): Promise<readonly WireBot[] | null> {
  const admin = await administrator(state, signal);
  if (admin === null) return null;
  try {
    const found = await api.adminBots(admin);
    await remember(state, found);
    return found;
  } catch (error) {
    if (error instanceof BotyardError && error.code === "forbidden") return null;
    throw error;
  }
}

/** Keeps what the server says of managed bots, for the time when nobody may ask. */
async function remember(state: State, found: readonly WireBot[]): Promise<void> {
  for (const bot of state.bots.values()) {
    const one = found.find((candidate) => isAuthor(candidate, bot.nativeId));
    if (one)
      await state.memory.keepBot(bot.handle, { id: one.id, url: one.url, state: one.state, features: one.features });
  }
}

/** Where a managed bot is installed, as far as we know. */
export function urlOf(state: State, bot: BotTarget): string {
  return state.memory.bot(bot.handle).url ?? hookUrl(state, bot.handle, bot.generation);
}

/** Which of our own addresses of a bot that is; null for somebody else's. */
export function generationOf(state: State, handle: string, url: string): number | null {
  const base = hookUrl(state, handle, 1).slice(0, -1);
  const found = url.startsWith(base) ? /^[1-9]\d{0,8}$/.exec(url.slice(base.length)) : null;
  return found ? Number(found[0]) : null;
}

/** A bot among the server's, by the address of an installation. */
export const byUrl = (bots: readonly WireBot[], url: string): WireBot | undefined =>
  bots.find((bot) => bot.url_hash === urlHash(url));

/** Who may manage bots in rooms: the administrator or moderator first, then the accounts. */
export async function moderators(
  state: State,
  readers: readonly Caller[],
  signal: AbortSignal,
): Promise<readonly Caller[]> {
  const admin = await administrator(state, signal);
  return [...(admin ? [admin] : []), ...readers];
}
