import type { Fields } from "../wire.ts";
import { badBody, isAdmin, noPermission, refuse, type SimToken, type SimUser, type World } from "./model.ts";
import {
  admin,
  bodyOf,
  created,
  fieldsOf,
  idsOf,
  me,
  ok,
  pageOf,
  param,
  text,
  userParam,
  type Ask,
  type Reply,
} from "./request.ts";

const notify = {
  channel: "true",
  comments: "never",
  desktop: "mention",
  desktop_sound: "true",
  desktop_threads: "all",
  email: "true",
  email_threads: "all",
  first_name: "false",
  mention_keys: "",
  push: "mention",
  push_status: "online",
  push_threads: "all",
};
const timezone = { automaticTimezone: "", manualTimezone: "", useAutomaticTimezone: "true" };

/** A user as others see it, or, `whole`, as itself and administrators do. */
export function showUser(world: World, user: SimUser, whole: boolean, own = whole): Fields {
  const bot = world.bots.get(user.id);
  return {
    id: user.id,
    create_at: user.create_at,
    update_at: user.update_at,
    delete_at: user.delete_at,
    username: user.username,
    auth_service: "",
    ...(whole ? {} : { auth_data: "" }),
    email: user.email,
    nickname: user.nickname,
    first_name: user.first_name,
    last_name: "",
    position: "",
    roles: user.roles,
    ...(whole ? { notify_props: notify } : {}),
    ...(own ? { last_password_update: user.create_at } : {}),
    ...(user.customStatus === null ? {} : { props: { customStatus: user.customStatus } }),
    ...(user.image ? { last_picture_update: user.update_at } : {}),
    locale: "en",
    timezone,
    ...(bot ? {} : { remote_id: "" }),
    ...(bot ? { is_bot: true, ...(bot.description === "" ? {} : { bot_description: bot.description }) } : {}),
    disable_welcome_email: false,
  };
}

export function addUser(world: World, wish: Partial<SimUser> & { readonly username: string }): SimUser {
  for (const other of world.users.values())
    if (other.username === wish.username) refuse(400, "app.user.save.username_exists.app_error");
  const at = world.now();
  const user: SimUser = {
    id: world.newId(),
    email: `${wish.username}@localhost`,
    password: null,
    roles: "system_user",
    first_name: "",
    nickname: "",
    create_at: at,
    update_at: at,
    delete_at: 0,
    status: "offline",
    customStatus: null,
    image: null,
    ...wish,
  };
  world.users.set(user.id, user);
  return user;
}

export function addToken(world: World, user: string, description: string, session = false): SimToken {
  const at = world.now();
  const token: SimToken = {
    id: world.newId(),
    token: world.newId(),
    user_id: user,
    description,
    is_active: true,
    session,
    created: at,
    lastUsed: at,
    sessionId: "",
  };
  world.tokens.set(token.token, token);
  return token;
}

export async function createUser(ask: Ask): Promise<Reply> {
  const { world } = ask;
  const body = await fieldsOf(ask);
  const first = world.users.size === 0;
  const user = addUser(world, {
    username: text(body, "username"),
    email: text(body, "email"),
    password: text(body, "password"),
    roles: first ? "system_admin system_user" : "system_user",
  });
  return created(showUser(world, user, true));
}

export async function login(ask: Ask): Promise<Reply> {
  const { world } = ask;
  const body = await bodyOf(ask).catch(() => ({}) as Fields);
  const { login_id: name, password } = body as { readonly login_id?: string; readonly password?: string };
  if (typeof password !== "string" || password === "") refuse(400, "api.user.login.blank_pwd.app_error");
  const user = [...world.users.values()].find((one) => one.username === name || one.email === name);
  if (user && world.bots.has(user.id)) refuse(401, "api.user.login.bot_login_forbidden.app_error");
  if (!user || user.password !== password) return refuse(401, "api.user.login.invalid_credentials_email_username");
  const session = addToken(world, user.id, "", true);
  return Response.json(showUser(world, user, true), { headers: { token: session.token } });
}

export function getUser(ask: Ask): Reply {
  const { world } = ask;
  const self = me(ask);
  const user = world.users.get(userParam(ask)) ?? refuse(404, "app.user.missing_account.const");
  return showUser(world, user, user.id === self.id || isAdmin(self), user.id === self.id);
}

export function getUserByName(ask: Ask): Reply {
  const { world } = ask;
  const self = me(ask);
  const user = [...world.users.values()].find((one) => one.username === param(ask, "name"));
  return showUser(world, user ?? refuse(404, "app.user.missing_account.const"), isAdmin(self), false);
}

export async function usersByIds(ask: Ask): Promise<Reply> {
  const self = me(ask);
  const wanted = new Set(await idsOf(ask));
  return [...ask.world.users.values()]
    .filter(({ id }) => wanted.has(id))
    .map((user) => showUser(ask.world, user, isAdmin(self), false));
}

export function listUsers(ask: Ask): Reply {
  const self = me(ask);
  const sorted = [...ask.world.users.values()].toSorted((a, b) => (a.username < b.username ? -1 : 1));
  return pageOf(ask, sorted).map((user) => showUser(ask.world, user, isAdmin(self), false));
}

export async function searchUsers(ask: Ask): Promise<Reply> {
  const self = me(ask);
  const term = text(await fieldsOf(ask), "term");
  if (term === "") badBody();
  const found = [...ask.world.users.values()].filter(({ username }) => username.includes(term));
  return found.map((user) => showUser(ask.world, user, isAdmin(self), false));
}

function switchAccount(world: World, user: SimUser, active: boolean): void {
  const at = world.now();
  user.delete_at = active ? 0 : at;
  if (active || !world.config.disableBotsWithOwner) return;
  for (const bot of world.bots.values())
    if (bot.owner_id === user.id && bot.user_id !== user.id) {
      bot.delete_at = at;
      const account = world.users.get(bot.user_id);
      if (account) account.delete_at = at;
    }
}

export async function setActive(ask: Ask): Promise<Reply> {
  const { world } = ask;
  admin(ask);
  const { active } = await fieldsOf(ask);
  if (typeof active !== "boolean") return badBody();
  switchAccount(world, world.users.get(userParam(ask)) ?? refuse(404, "app.user.missing_account.const"), active);
  return ok;
}

/** Deactivates; of a bot, its account only. */
export function deleteUser(ask: Ask): Reply {
  admin(ask);
  if (ask.url.searchParams.get("permanent") === "true") refuse(401, "api.user.delete_user.not_enabled.app_error");
  switchAccount(ask.world, ask.world.users.get(userParam(ask)) ?? refuse(404, "app.user.missing_account.const"), false);
  return ok;
}

export async function setRoles(ask: Ask): Promise<Reply> {
  const roles = text(await fieldsOf(ask), "roles");
  if (!roles.split(" ").includes("system_user")) badBody();
  admin(ask);
  const known = [
    "system_user",
    "system_admin",
    "system_post_all",
    "system_post_all_public",
    "system_user_access_token",
    "bot_maker",
  ];
  if (!roles.split(" ").every((role) => known.includes(role))) refuse(400, "app.role.check_roles_exist.role_not_found");
  const user = ask.world.users.get(userParam(ask)) ?? refuse(404, "app.user.missing_account.const");
  user.roles = roles;
  ask.world.tell("user_role_updated", { user_id: user.id, roles }, { user: user.id });
  return ok;
}

/** What the probe looks for; the real lists are longer. */
const permissions: Readonly<Record<string, readonly string[]>> = {
  system_admin: [
    "create_bot",
    "read_bots",
    "read_others_bots",
    "manage_bots",
    "manage_others_bots",
    "assign_bot",
    "create_user_access_token",
    "read_user_access_token",
    "revoke_user_access_token",
    "manage_system",
  ],
  system_user: ["create_direct_channel", "list_public_teams"],
};

export async function rolesByNames(ask: Ask): Promise<Reply> {
  me(ask);
  const at = ask.world.now();
  return (await idsOf(ask)).map((name) => ({
    id: ask.world.newId(),
    name,
    display_name: `authentication.roles.${name}.name`,
    description: `authentication.roles.${name}.description`,
    create_at: at,
    update_at: at,
    delete_at: 0,
    permissions: permissions[name] ?? [],
    scheme_managed: true,
    built_in: true,
  }));
}

export const getStatus = (ask: Ask): Reply => {
  me(ask);
  const id = userParam(ask);
  return showStatus(ask.world.users.get(id) ?? refuse(404, "app.user.missing_account.const"), ask.world.now());
};

const showStatus = (user: SimUser, at: number): Fields => ({
  user_id: user.id,
  status: user.status,
  manual: user.status !== "online",
  last_activity_at: at,
  active_channel: "",
  dnd_end_time: 0,
});

export async function setStatus(ask: Ask): Promise<Reply> {
  const self = me(ask);
  const body = await fieldsOf(ask);
  const id = userParam(ask);
  const status = text(body, "status");
  if (body["user_id"] !== id || !["online", "away", "dnd", "offline"].includes(status)) badBody();
  if (id !== self.id && !isAdmin(self)) noPermission();
  const user = ask.world.users.get(id) ?? refuse(404, "app.user.missing_account.const");
  user.status = status;
  ask.world.tell("status_change", { user_id: id, status }, { user: id });
  return showStatus(user, ask.world.now());
}

/** Only one's own. */
async function customStatus(ask: Ask, value: string): Promise<Reply> {
  const self = me(ask);
  if (userParam(ask) !== self.id) noPermission();
  self.customStatus = value;
  return ok;
}

export async function setCustomStatus(ask: Ask): Promise<Reply> {
  const body = await fieldsOf(ask);
  return customStatus(ask, JSON.stringify({ emoji: text(body, "emoji"), text: text(body, "text"), duration: "" }));
}

export const clearCustomStatus = (ask: Ask): Promise<Reply> => customStatus(ask, "");
