import type { Fields } from "../wire.ts";
import { badBody, isAdmin, noPermission, refuse, type SimBot, type SimUser, type World } from "./model.ts";
import { admin, created, fieldsOf, flag, me, pageOf, param, text, userParam, type Ask, type Reply } from "./request.ts";
import { addUser, showUser } from "./accounts.ts";

function showBot(world: World, bot: SimBot): Fields {
  const user = world.users.get(bot.user_id);
  return {
    user_id: bot.user_id,
    username: user?.username ?? "",
    ...(user?.first_name ? { display_name: user.first_name } : {}),
    ...(bot.description === "" ? {} : { description: bot.description }),
    owner_id: bot.owner_id,
    ...(bot.last_icon_update > 0 ? { last_icon_update: bot.last_icon_update } : {}),
    create_at: bot.create_at,
    update_at: bot.update_at,
    delete_at: bot.delete_at,
  };
}

const nameRule = /^[a-z0-9._-]{1,64}$/;
const reserved = ["all", "channel", "matterbot", "system"];

function checkBot(world: World, kind: "bot" | "user", username: string, shown: string, description: string): void {
  if (!nameRule.test(username) || reserved.includes(username)) refuse(400, `model.${kind}.is_valid.username.app_error`);
  if ([...description].length > 1024) refuse(400, "model.bot.is_valid.description.app_error");
  if (username.endsWith(".")) refuse(400, "model.user.is_valid.email.app_error");
  // Before 6.0 the account was looked at first.
  const idOfShown = world.config.icons
    ? "model.user.is_valid.first_name.app_error"
    : "model.bot.is_valid.user_id.app_error";
  if ([...shown].length > 64) refuse(400, idOfShown);
}

const missing = (): never => refuse(404, "store.sql_bot.get.missing.app_error");

/** The bot of the path, for who may see it. */
function botOf(ask: Ask, deleted = true): SimBot {
  const user = me(ask);
  const bot = ask.world.bots.get(param(ask, "bot")) ?? missing();
  if (!isAdmin(user) && bot.owner_id !== user.id) missing();
  if (!isAdmin(user) && bot.owner_id === user.id && !mayMakeBots(ask.world, user)) missing();
  return bot.delete_at > 0 && !deleted ? missing() : bot;
}

/** An operator may give ordinary users the permission; the simulator knows it as a role. */
const mayMakeBots = (_: World, user: SimUser): boolean => isAdmin(user) || user.roles.includes("bot_maker");

export async function createBot(ask: Ask): Promise<Reply> {
  const { world } = ask;
  const user = me(ask);
  const body = await fieldsOf(ask);
  if (world.bots.has(user.id) || !mayMakeBots(world, user)) noPermission();
  if (!world.config.botCreation) refuse(403, "api.bot.create_disabled");
  const [username, shown, description] = [
    text(body, "username"),
    text(body, "display_name"),
    text(body, "description"),
  ];
  checkBot(world, "bot", username, shown, description);
  const account = addUser(world, { username, first_name: shown });
  const at = world.now();
  const bot: SimBot = {
    user_id: account.id,
    description,
    owner_id: user.id,
    create_at: at,
    update_at: at,
    delete_at: 0,
    icon: null,
    last_icon_update: 0,
  };
  world.bots.set(account.id, bot);
  // The server opens a direct message between bot and owner, with a notice.
  world.openDirect(account.id, user.id);
  return created(showBot(world, bot));
}

export const getBot = (ask: Ask): Reply => showBot(ask.world, botOf(ask, flag(ask, "include_deleted")));

export function listBots(ask: Ask): Reply {
  const { world } = ask;
  const user = me(ask);
  if (!mayMakeBots(world, user)) noPermission();
  const orphaned = (bot: SimBot): boolean => (world.users.get(bot.owner_id)?.delete_at ?? 0) > 0;
  const found = [...world.bots.values()].filter(
    (bot) =>
      (isAdmin(user) || bot.owner_id === user.id) &&
      (flag(ask, "include_deleted") || bot.delete_at === 0) &&
      (!flag(ask, "only_orphaned") || orphaned(bot)),
  );
  return pageOf(
    ask,
    found.toSorted((a, b) => a.create_at - b.create_at),
  ).map((bot) => showBot(world, bot));
}

export async function patchBot(ask: Ask): Promise<Reply> {
  const { world } = ask;
  const body = await fieldsOf(ask);
  const bot = botOf(ask);
  const account = world.users.get(bot.user_id);
  if (!account) return missing();
  const read = (name: string, before: string): string => (typeof body[name] === "string" ? text(body, name) : before);
  const username = read("username", account.username);
  const shown = read("display_name", account.first_name);
  const description = read("description", bot.description);
  checkBot(world, "user", username, shown, description);
  for (const other of world.users.values())
    if (other !== account && other.username === username) refuse(400, "app.user.save.username_exists.app_error");
  if (username === account.username && shown === account.first_name && description === bot.description)
    return showBot(world, bot);
  account.username = username;
  account.first_name = shown;
  bot.description = description;
  bot.update_at = world.now();
  return showBot(world, bot);
}

export async function switchBot(ask: Ask, on: boolean): Promise<Reply> {
  const { world } = ask;
  const bot = botOf(ask);
  const account = world.users.get(bot.user_id);
  // As the real server: with the default configuration this never answers.
  if (!on && bot.owner_id === bot.user_id && world.config.disableBotsWithOwner) await new Promise<never>(() => {});
  const at = world.now();
  if (on !== (bot.delete_at === 0)) {
    bot.delete_at = on ? 0 : at;
    bot.update_at = at;
  }
  if (account) account.delete_at = on ? 0 : at;
  return showBot(world, bot);
}

export function assignBot(ask: Ask): Reply {
  const { world } = ask;
  const bot = botOf(ask);
  const owner = userParam(ask);
  if (world.bots.has(owner)) noPermission();
  bot.owner_id = owner;
  bot.update_at = world.now();
  return showBot(world, bot);
}

export async function botToUser(ask: Ask): Promise<Reply> {
  const { world } = ask;
  const body = await fieldsOf(ask);
  const bot = ask.world.bots.get(param(ask, "bot")) ?? missing();
  admin(ask);
  if (bot.delete_at > 0) missing();
  const password = text(body, "password");
  if (password === "") badBody();
  const account = world.users.get(bot.user_id) ?? missing();
  const email = text(body, "email");
  for (const other of world.users.values())
    if (email !== "" && other !== account && other.email === email) refuse(400, "app.user.save.email_exists.app_error");
  if (password.length < 8) refuse(400, "model.user.is_valid.pwd_min_length.app_error");
  account.password = password;
  if (email !== "") account.email = email;
  if (text(body, "username") !== "") account.username = text(body, "username");
  if (text(body, "first_name") !== "") account.first_name = text(body, "first_name");
  if (flag(ask, "set_system_admin")) account.roles = "system_user system_admin";
  world.bots.delete(account.id);
  return showUser(world, account, true, false);
}

export function userToBot(ask: Ask): Reply {
  const { world } = ask;
  admin(ask);
  const account = world.users.get(userParam(ask)) ?? refuse(404, "app.user.missing_account.const");
  if (world.bots.has(account.id)) refuse(500, "app.bot.createbot.internal_error");
  for (const [secret, token] of world.tokens)
    if (token.user_id === account.id && token.session) world.tokens.delete(secret);
  const at = world.now();
  const bot: SimBot = {
    user_id: account.id,
    description: "",
    owner_id: account.id,
    create_at: at,
    update_at: at,
    delete_at: 0,
    icon: null,
    last_icon_update: 0,
  };
  account.password = null;
  world.bots.set(account.id, bot);
  // Named in this answer only.
  return { ...showBot(world, bot), display_name: account.first_name || account.username };
}
