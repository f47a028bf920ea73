import { BotyardError, isBotyardError, type NativeBot } from "@botyard/sdk";
import * as api from "./api.ts";
import type { Context } from "./context.ts";
import { orUndefined, type Caller } from "./request.ts";
import type { BotNative } from "./settings.ts";
import type { WireBot, WireUser } from "./wire.ts";

const iso = (ms: number): string => new Date(ms).toISOString();

/** A bot out of both of its rows, and the row of its owner. Either of its own may be switched off. */
export function toNativeBot(bot: WireBot, users: ReadonlyMap<string, WireUser>): NativeBot {
  const own = users.get(bot.user_id);
  const owner = users.get(bot.owner_id);
  const native: BotNative = {
    owner:
      bot.owner_id === bot.user_id
        ? "self"
        : owner === undefined
          ? "unknown"
          : owner.delete_at > 0
            ? "deactivated"
            : "person",
    createdAt: iso(bot.create_at),
    updatedAt: iso(bot.update_at),
    botDisabled: bot.delete_at > 0,
    userDeactivated: own !== undefined && own.delete_at > 0,
  };
  return {
    nativeId: bot.user_id,
    username: bot.username,
    displayName: bot.display_name || null,
    description: bot.description || null,
    enabled: !native.botDisabled && !native.userDeactivated,
    owner: bot.owner_id,
    ...(owner === undefined ? {} : { ownerName: owner.username }),
    native: { ...native },
  };
}

/** The accounts of these bots and of their owners, in one call. */
export async function accountsOf(on: Caller, bots: readonly WireBot[]): Promise<ReadonlyMap<string, WireUser>> {
  const ids = [...new Set(bots.flatMap((bot) => [bot.user_id, bot.owner_id]))].filter((id) =>
    /^[a-z0-9]{26}$/.test(id),
  );
  if (ids.length === 0) return new Map();
  return new Map((await api.getUsers(on, ids)).map((user) => [user.id, user]));
}

export async function readBot(on: Caller, id: string): Promise<NativeBot> {
  const bot = await api.getBot(on, id);
  return toNativeBot(bot, await accountsOf(on, [bot]));
}

export async function withAccounts(on: Caller, bot: WireBot): Promise<NativeBot> {
  return toNativeBot(bot, await accountsOf(on, [bot]));
}

/** One that was just made: that its accounts cannot be read does not undo it. */
export async function asMade({ host }: Context, on: Caller, bot: WireBot): Promise<NativeBot> {
  return withAccounts(on, bot).catch((error: unknown) => {
    if (!isBotyardError(error)) throw error;
    host.log.warn("the account of a new bot could not be read", { error });
    return toNativeBot(bot, new Map());
  });
}

/**
 * Gives a bot that owns itself, as a converted account does, to the account of the admin token: disabling it as it is
 * would send the server into an endless loop.
 */
export async function leaveNoSelfOwner(
  context: Context,
  on: Caller,
  bot: string,
  signal: AbortSignal,
): Promise<WireBot> {
  const found = await api.getBot(on, bot);
  if (found.owner_id !== found.user_id) return found;
  return api.assignBot(on, bot, (await context.adminUser(signal)).id);
}

/** A person who can own bots. Throws `not_found`, `invalid`: the server checks neither. */
export async function checkOwner(on: Caller, owner: WireUser | undefined): Promise<WireUser> {
  const refuse = (detail: string): BotyardError =>
    new BotyardError("invalid", detail, { issues: [{ path: "owner", expected: "an active account of a person" }] });
  if (owner === undefined)
    throw new BotyardError("not_found", "Mattermost has no such user; it would store the bot without an owner");
  if (owner.delete_at > 0) throw refuse("this account is deactivated: its bots would be disabled with it");
  if (owner.is_bot === true || (await orUndefined(api.getBot(on, owner.id))) !== undefined)
    throw refuse("a bot cannot own bots");
  return owner;
}
