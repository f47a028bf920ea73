import type { WireBot } from "../wire.ts";
import { needManager } from "./access.ts";
import type { CallsOf, Context } from "./context.ts";
import { readSmall, streamBytes } from "./files.ts";
import { Refusal, findBot, findUser, toWireUser, type BotRow, type Model, type UserRow } from "./model.ts";
import { publishMember } from "./rooms.ts";

const maxIconBytes = 1_048_576;

function toWireBot(user: UserRow & { readonly bot: BotRow }): WireBot {
  return {
    bot_id: user.id,
    user_name: user.name,
    full_name: user.fullName,
    about: user.bot.about,
    active: user.bot.active,
    owner: user.bot.owner,
    badge: user.bot.badge,
    hook_url: user.bot.hookUrl,
  };
}

export interface NewBot {
  readonly id?: string;
  readonly name: string;
  readonly fullName: string | null;
  readonly about: string | null;
  readonly owner: string;
  readonly badge?: string | null;
  readonly hookUrl?: string | null;
  readonly active?: boolean;
  readonly token: string | null;
}

/** Names are in lower case here, whatever was asked for. */
export function addBot(model: Model, bot: NewBot): UserRow & { readonly bot: BotRow } {
  const name = freeName(model, bot.name, null);
  const row = {
    id: bot.id ?? model.id("b"),
    name,
    fullName: bot.fullName,
    bot: {
      about: bot.about,
      active: bot.active ?? true,
      owner: bot.owner,
      badge: bot.badge ?? null,
      hookUrl: bot.hookUrl ?? null,
      icon: null,
    },
  };
  model.users.set(row.id, row);
  if (bot.token !== null) giveToken(model, row.id, bot.token);
  return row;
}

function giveToken(model: Model, user: string, token = `tok-${crypto.randomUUID()}`): string {
  model.tokens.set(token, { token, user, off: false });
  return token;
}

function freeName(model: Model, wish: string, but: string | null): string {
  const name = wish.toLowerCase().replaceAll(/\s+/g, "-");
  if ([...model.users.values()].some((user) => user.name === name && user.id !== but)) {
    throw new Refusal(409, "name_taken", "the name is taken");
  }
  return name;
}

/** A bot that goes leaves all rooms. */
export function destroyBot(context: Context, id: string, by: UserRow): void {
  const { model } = context;
  const user = findBot(model, id);
  for (const room of model.rooms.values()) {
    if (!room.members.delete(user.id)) continue;
    publishMember(context, room, user, "left", by);
  }
  revokeTokens(model, user.id);
  user.bot.active = false;
  // messages keep their author; the name is free again
  user.name = `gone.${user.id}`;
}

function revokeTokens(model: Model, user: string): number {
  const tokens = [...model.tokens.values()].filter((row) => row.user === user);
  for (const { token } of tokens) model.tokens.delete(token);
  return tokens.length;
}

export function liveBots(model: Model): (UserRow & { readonly bot: BotRow })[] {
  return [...model.users.values()].filter(
    (user): user is UserRow & { readonly bot: BotRow } => user.bot !== null && !user.name.startsWith("gone."),
  );
}

export const botCalls = (context: Context): CallsOf<"bot"> & CallsOf<"icon"> & CallsOf<"token"> => {
  const { model } = context;
  const needCalls = (): void => {
    if (model.policy.install === "console") {
      throw new Refusal(403, "console_only", "bots are installed at the console of the server");
    }
  };
  return {
    "bot.list": (caller) => {
      needManager(model, caller);
      return { bots: liveBots(model).map(toWireBot) };
    },
    "bot.create": (caller, args) => {
      const owner = needManager(model, caller);
      needCalls();
      const token = `tok-${crypto.randomUUID()}`;
      const { user_name: name, full_name: fullName, about, badge } = args;
      return { bot: toWireBot(addBot(model, { name, fullName, about, badge, owner: owner.id, token })), token };
    },
    "bot.change": (caller, args) => {
      needManager(model, caller);
      needCalls();
      const user = findBot(model, args.bot_id);
      if (args.user_name !== undefined) user.name = freeName(model, args.user_name, user.id);
      if (args.full_name !== undefined) user.fullName = args.full_name;
      if (args.about !== undefined) user.bot.about = args.about;
      if (args.active !== undefined) user.bot.active = args.active;
      return { bot: toWireBot(user) };
    },
    "bot.assign": (caller, { bot_id, owner_id }) => {
      needManager(model, caller);
      needCalls();
      const user = findBot(model, bot_id);
      const owner = findUser(model, owner_id);
      if (owner.bot) throw new Refusal(400, "no_person", "a bot owns no bots");
      user.bot.owner = owner.id;
      return { bot: toWireBot(user) };
    },
    "bot.retire": (caller, { bot_id, password }) => {
      needManager(model, caller);
      needCalls();
      const { id, name, fullName } = findBot(model, bot_id);
      if (password.length < 8) throw new Refusal(400, "short_password", "a password has at least 8 characters");
      revokeTokens(model, id);
      const user: UserRow = { id, name, fullName, bot: null };
      model.users.set(id, user);
      model.passwords.set(id, password);
      return { user: toWireUser(user) };
    },
    "bot.recruit": (caller, { user_id }) => {
      const owner = needManager(model, caller);
      needCalls();
      const { id, name, fullName, bot: before } = findUser(model, user_id);
      if (before) throw new Refusal(409, "bot_already", "the user is a bot already");
      if (id === owner.id) throw new Refusal(400, "own_account", "nobody turns their own account into a bot");
      const bot: BotRow = { about: null, active: true, owner: owner.id, badge: null, hookUrl: null, icon: null };
      const user = { id, name, fullName, bot };
      model.users.set(id, user);
      model.passwords.delete(id);
      return { bot: toWireBot(user), token: giveToken(model, id) };
    },
    "bot.destroy": (caller, { bot_id }) => {
      const by = needManager(model, caller);
      needCalls();
      destroyBot(context, bot_id, by);
      return {};
    },
    "icon.put": async (caller, { bot_id, mime, body }) => {
      needManager(model, caller);
      needCalls();
      const { bot } = findBot(model, bot_id);
      if (!mime.startsWith("image/")) throw new Refusal(400, "no_image", "an icon is an image");
      const bytes = await readSmall(body, maxIconBytes);
      bot.icon = { mime, bytes };
      return { mime, bytes: bytes.byteLength };
    },
    "icon.get": (caller, { bot_id }) => {
      needManager(model, caller);
      const { icon } = findBot(model, bot_id).bot;
      if (!icon) throw new Refusal(404, "no_icon", "the bot has no icon");
      return { mime: icon.mime, bytes: icon.bytes.byteLength, body: streamBytes(icon.bytes) };
    },
    "icon.drop": (caller, { bot_id }) => {
      needManager(model, caller);
      findBot(model, bot_id).bot.icon = null;
      return {};
    },
    "token.issue": (caller, { bot_id, replace }) => {
      needManager(model, caller);
      needCalls();
      const user = findBot(model, bot_id);
      if (replace) revokeTokens(model, user.id);
      return { token: giveToken(model, user.id) };
    },
    "token.switch": (caller, { bot_id, on }) => {
      needManager(model, caller);
      needCalls();
      const { id } = findBot(model, bot_id);
      const rows = [...model.tokens.values()].filter(({ user }) => user === id);
      if (rows.length === 0) throw new Refusal(404, "no_token", "the bot has no token");
      for (const row of rows) row.off = !on;
      return {};
    },
    "token.revoke": (caller, { bot_id }) => {
      needManager(model, caller);
      needCalls();
      return { revoked: revokeTokens(model, findBot(model, bot_id).id) };
    },
  };
};
