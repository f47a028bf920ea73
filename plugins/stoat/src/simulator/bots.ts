import { bitsOf, permissionBits, type PermissionName } from "../rules.ts";
import { timeOf } from "../ulid.ts";
import { mayInServer, personOf, serverAt, serverPermissions, viewerOf, type Viewer } from "./access.ts";
import { makeUser } from "./accounts.ts";
import { addToGroup, addToServer, removeFromServer } from "./membership.ts";
import type { SimBot, World } from "./model.ts";
import { checkFormOfName, discriminatorFor, rewriteName } from "./names.ts";
import { editOAuth2, removeOAuth2 } from "./oauth2.ts";
import { checkLength, Guard, notFound, parseBody, Refusal } from "./refusal.ts";
import { route, type Ask, type Route } from "./route.ts";
import { botJson, userJson } from "./shapes.ts";

function owned(world: World, id: string, viewer: Viewer): SimBot {
  const bot = world.bots.get(id);
  if (!bot || bot.owner !== viewer.id) throw notFound();
  return bot;
}

function withUser(world: World, bot: SimBot, viewer: string): Record<string, unknown> {
  const user = world.users.get(bot._id);
  return { ...botJson(bot), user: user && userJson(world, user, viewer, true) };
}

function limitOf(world: World, owner: string): number {
  const { newUserHours = 72, bots = { whileNew: 2, later: 5 } } = world.options;
  const age = world.now() - (timeOf(owner) ?? 0);
  return age < newUserHours * 3_600_000 ? bots.whileNew : bots.later;
}

function create({ world, headers, text }: Ask): unknown {
  const { id, bot: asBot } = viewerOf(world, headers);
  if (asBot) personOf(world, headers);
  const name = parseBody(text, { name: "string" }).name;
  checkFormOfName("name", name);
  if ([...world.bots.values()].filter(({ owner }) => owner === id).length >= limitOf(world, id))
    throw new Refusal(400, "ReachedMaximumBots");
  rewriteName(name);
  const _id = world.id();
  makeUser(world, _id, name, id);
  const bot: SimBot = { _id, owner: id, token: world.token(), public: false, analytics: false };
  world.bots.set(_id, bot);
  return withUser(world, bot, id);
}

function edit({ world, headers, at, text }: Ask): unknown {
  const viewer = viewerOf(world, headers);
  const json = parseBody(text, {
    name: "string?",
    public: "boolean?",
    analytics: "boolean?",
    interactions_url: "string?",
    remove: "strings?",
    ...(world.options.oauth2 ? { oauth2: "object?" as const } : {}),
    ...(knowsRoles(world) ? { default_permissions: "integer?" as const } : {}),
  });
  const remove = json.remove ?? [];
  const known = ["Token", "InteractionsURL", ...(world.options.oauth2 ? ["Oauth2", "Oauth2Secret"] : [])];
  if (remove.some((one) => !known.includes(one))) throw new Guard(422);
  if (json.name !== undefined) checkFormOfName("name", json.name);
  checkLength("interactions_url", json.interactions_url, 1, 2048);
  const oauth2 = world.options.oauth2 ? editOAuth2(json.oauth2) : null;
  const bot = owned(world, at[0] ?? "", viewer);
  const user = world.users.get(bot._id);
  if (json.name !== undefined && user) {
    const username = rewriteName(json.name);
    // the name is changed before the rest is looked at
    user.discriminator = discriminatorFor(world, username, user.discriminator, user._id);
    user.username = username;
    tellUser(world, user._id, { username, discriminator: user.discriminator });
  }
  if (json.interactions_url !== undefined && remove.includes("InteractionsURL"))
    throw new Refusal(500, "DatabaseError", { operation: "update_one_by_id", collection: "bots" });
  if (json.public !== undefined) bot.public = json.public;
  if (json.analytics !== undefined) bot.analytics = json.analytics;
  if (json.interactions_url !== undefined) bot.interactions_url = json.interactions_url;
  if (remove.includes("InteractionsURL")) delete bot.interactions_url;
  oauth2?.(world, bot);
  removeOAuth2(world, bot, remove);
  if (remove.includes("Token")) {
    world.sent.logout(bot.token);
    bot.token = world.token();
  }
  return withUser(world, bot, viewer.id);
}

/** To everybody who shares a place with the user, and the user. */
export function tellUser(world: World, id: string, data: Record<string, unknown>, clear: readonly string[] = []): void {
  const hearers = new Set([id]);
  for (const { members } of world.servers.values())
    if (members.has(id)) for (const one of members.keys()) hearers.add(one);
  world.sent.emit(hearers, { type: "UserUpdate", id, data, clear, event_id: null });
}

function remove({ world, headers, at }: Ask): void {
  const bot = owned(world, at[0] ?? "", viewerOf(world, headers));
  const user = world.users.get(bot._id);
  world.bots.delete(bot._id);
  if (user) {
    Object.assign(user, { username: `Deleted User ${bot._id}`, discriminator: "0000", flags: 2 });
    delete user.avatar;
    delete user.status;
    tellUser(world, bot._id, { username: user.username, discriminator: "0000", flags: 2 }, ["Avatar", "StatusText"]);
  }
  // An open socket of it stays open. Since 0.16 its memberships end.
  if (knowsRoles(world)) for (const server of world.servers.values()) removeFromServer(world, server, bot._id, "Leave");
}

function knowsRoles({ options }: World): boolean {
  return (options.version ?? "0.15.1") >= "0.16";
}

function invite({ world, headers, at, text, url }: Ask): void {
  const viewer = personOf(world, headers);
  const json = parseBody(text, { server: "string?", group: "string?" });
  if (json.server === undefined && json.group === undefined) throw new Guard(422);
  const bot = world.bots.get(at[0] ?? "");
  if (!bot) throw notFound();
  if (!bot.public && bot.owner !== viewer.id) throw new Refusal(403, "BotIsPrivate");
  if (json.server === undefined) return addToGroup(world, json.group ?? "", bot._id, viewer.id);
  const server = serverAt(world, json.server);
  mayInServer(world, server, viewer.id, "ManageServer");
  if (server.members.has(bot._id)) throw new Refusal(409, "AlreadyInServer");
  if (server.bans.has(bot._id)) throw new Refusal(403, "Banned");
  addToServer(world, server, bot._id);
  const wanted = url.searchParams.get("permissions");
  if (knowsRoles(world) && wanted !== null && /^\d+$/.test(wanted))
    giveRole(world, server._id, bot, viewer, Number(wanted));
  return undefined;
}

/** The bot has joined before this is checked. */
function giveRole(world: World, id: string, bot: SimBot, viewer: Viewer, bits: number): void {
  const server = serverAt(world, id);
  mayInServer(world, server, viewer.id, "ManageRole");
  const mine = BigInt(serverPermissions(world, server, viewer.id));
  for (const name of Object.keys(permissionBits) as PermissionName[]) {
    const bit = BigInt(bitsOf([name]));
    if ((BigInt(bits) & bit) !== 0n && (mine & bit) === 0n) mayInServer(world, server, viewer.id, name);
  }
  const _id = world.id();
  const name = world.users.get(bot._id)?.username ?? "bot";
  server.roles.set(_id, { _id, name, permissions: { a: bits, d: 0 }, rank: server.roles.size, owner: bot._id });
  server.members.get(bot._id)?.roles.push(_id);
  const hearers = server.members.keys();
  world.sent.emit([...hearers], {
    type: "ServerRoleUpdate",
    id,
    role_id: _id,
    data: { id: _id, name, permissions: { a: 0, d: 0 }, hoist: false, rank: 0 },
    clear: [],
  });
}

export const botRoutes: readonly Route[] = [
  route("POST /bots/create", create),
  route("GET /bots/@me", ({ world, headers }) => {
    const { id } = viewerOf(world, headers);
    const bots = [...world.bots.values()].filter(({ owner }) => owner === id).sort((a, b) => (a._id < b._id ? -1 : 1));
    const users = bots.flatMap(({ _id }) => world.users.get(_id) ?? []);
    return { bots: bots.map(botJson), users: users.map((user) => userJson(world, user, id, true)) };
  }),
  route("GET /bots/*", ({ world, headers, at }) => {
    const viewer = personOf(world, headers);
    const bot = owned(world, at[0] ?? "", viewer);
    const user = world.users.get(bot._id);
    return { bot: botJson(bot), user: user && userJson(world, user, viewer.id) };
  }),
  route("PATCH /bots/*", edit),
  route("DELETE /bots/*", remove),
  route("GET /bots/*/invite", ({ world, headers, at }) => {
    const signed = headers.has("x-bot-token") || headers.has("x-session-token");
    const viewer = signed ? viewerOf(world, headers).id : null;
    const bot = world.bots.get(at[0] ?? "");
    const user = bot && world.users.get(bot._id);
    if (!bot || !user || (!bot.public && bot.owner !== viewer)) throw notFound();
    return {
      _id: bot._id,
      username: user.username,
      ...(user.avatar ? { avatar: user.avatar._id } : {}),
      ...(user.content ? { description: user.content } : {}),
    };
  }),
  route("POST /bots/*/invite", invite),
];
