import { isObject } from "../wire.ts";
import { hearersOf, mayInServer, personOf, serverAt, viewerOf } from "./access.ts";
import { addToServer, removeFromServer } from "./membership.ts";
import type { Permissions, SimChannel, SimServer, World } from "./model.ts";
import { Guard, invalid, missing, notFound, Refusal } from "./refusal.ts";
import { route, type Ask, type Route } from "./route.ts";
import { channelJson, memberJson, serverJson, userJson } from "./shapes.ts";

const defaultPermissions = 77_014_766_592;

/** A server with one channel, and its owner in it. */
export function makeServer(
  world: World,
  owner: string,
  name: string,
  description?: string,
): { server: SimServer; channel: SimChannel } {
  const server: SimServer = {
    _id: world.id(),
    owner,
    name,
    description,
    channels: [],
    roles: new Map(),
    default_permissions: world.options.defaultPermissions ?? defaultPermissions,
    members: new Map([[owner, { user: owner, joined_at: new Date(world.now()).toISOString(), roles: [] }]]),
    bans: new Map(),
  };
  world.servers.set(server._id, server);
  return { server, channel: makeChannel(world, server, "General") };
}

export function makeChannel(world: World, server: SimServer, name: string, description?: string): SimChannel {
  const channel: SimChannel = {
    _id: world.id(),
    channel_type: "TextChannel",
    server: server._id,
    name,
    description,
    recipients: [],
    waits: new Map(),
  };
  world.channels.set(channel._id, channel);
  world.messages.set(channel._id, []);
  server.channels.push(channel._id);
  return channel;
}

function tell(world: World, server: SimServer, frame: Record<string, unknown>): void {
  world.sent.emit([...server.members.keys()], { ...frame });
}

/** `{permissions: {allow, deny}}` as the server keeps it. */
export function overrideOf({ body }: Ask): Permissions {
  const { permissions } = body({ permissions: "object" });
  const { allow, deny } = isObject(permissions) ? permissions : {};
  if (typeof allow !== "number" || typeof deny !== "number") throw new Guard(422);
  return { a: allow, d: deny };
}

function editMember({ world, headers, at, body }: Ask): unknown {
  const viewer = viewerOf(world, headers);
  const json = body({ nickname: "string?", roles: "strings?", timeout: "string?", remove: "strings?" });
  const server = serverAt(world, at[0] ?? "", viewer.id);
  const member = server.members.get(at[1] ?? "");
  if (!member) throw notFound();
  const remove = json.remove ?? [];
  if (json.nickname !== undefined)
    mayInServer(world, server, viewer.id, member.user === viewer.id ? "ChangeNickname" : "ManageNicknames");
  if (json.roles !== undefined) {
    mayInServer(world, server, viewer.id, "AssignRoles");
    for (const id of json.roles) {
      const role = server.roles.get(id);
      if (!role || (role.owner !== undefined && role.owner !== member.user)) throw invalid();
    }
    member.roles = [...json.roles];
  }
  if (json.timeout !== undefined || remove.includes("Timeout")) mayInServer(world, server, viewer.id, "TimeoutMembers");
  if (json.nickname !== undefined) member.nickname = json.nickname;
  if (json.timeout !== undefined) member.timeout = json.timeout;
  if (remove.includes("Timeout")) delete member.timeout;
  if (remove.includes("Nickname")) delete member.nickname;
  const { remove: _, ...data } = json;
  tell(world, server, {
    type: "ServerMemberUpdate",
    id: { server: server._id, user: member.user },
    data,
    clear: remove,
  });
  return memberJson(server._id, member);
}

function editServer({ world, headers, at, body }: Ask): unknown {
  const viewer = viewerOf(world, headers);
  const json = body({ name: "string?", description: "string?", remove: "strings?" });
  const server = serverAt(world, at[0] ?? "", viewer.id);
  mayInServer(world, server, viewer.id, "ManageServer");
  const remove = json.remove ?? [];
  if (json.name !== undefined) server.name = json.name;
  if (json.description !== undefined) server.description = json.description;
  if (remove.includes("Description")) delete server.description;
  const { remove: _, ...data } = json;
  tell(world, server, { type: "ServerUpdate", id: server._id, data, clear: remove });
  return serverJson(server);
}

function leaveOrDelete({ world, headers, at }: Ask): void {
  const { id } = viewerOf(world, headers);
  const server = serverAt(world, at[0] ?? "", id);
  if (server.owner !== id) return removeFromServer(world, server, id, "Leave");
  tell(world, server, { type: "ServerDelete", id: server._id });
  for (const channel of server.channels) world.channels.delete(channel);
  world.servers.delete(server._id);
  return undefined;
}

export const serverRoutes: readonly Route[] = [
  route("POST /servers/create", ({ world, headers, body }) => {
    const { id } = personOf(world, headers);
    const { name, description } = body({ name: "string", description: "string?" });
    const { server, channel } = makeServer(world, id, name, description);
    const channels = [channelJson(channel)];
    world.sent.emit([id], {
      type: "ServerCreate",
      id: server._id,
      server: serverJson(server),
      channels,
      emojis: [],
      voice_states: [],
    });
    return { server: serverJson(server), channels };
  }),
  route("GET /servers/*", ({ world, headers, at, url }) => {
    const { id } = viewerOf(world, headers);
    const server = serverAt(world, at[0] ?? "", id);
    if (url.searchParams.get("include_channels") !== "true") return serverJson(server);
    const channels = server.channels.flatMap((one) => world.channels.get(one) ?? []).map(channelJson);
    // one object with the key twice, as the server writes it
    const text = JSON.stringify(serverJson(server)).slice(0, -1);
    return new Response(`${text},"channels":${JSON.stringify(channels)}}`, {
      headers: { "content-type": "application/json" },
    });
  }),
  route("PATCH /servers/*", editServer),
  route("DELETE /servers/*", leaveOrDelete),
  route("GET /servers/*/members", ({ world, headers, at }) => {
    const { id } = viewerOf(world, headers);
    const server = serverAt(world, at[0] ?? "", id);
    const members = [...server.members.values()];
    return {
      members: members.map((one) => memberJson(server._id, one)),
      users: members.flatMap(({ user }) => world.users.get(user) ?? []).map((user) => userJson(world, user, id)),
    };
  }),
  route("GET /servers/*/members/*", ({ world, headers, at }) => {
    const server = serverAt(world, at[0] ?? "", viewerOf(world, headers).id);
    const member = server.members.get(at[1] ?? "");
    if (!member) throw notFound();
    return memberJson(server._id, member);
  }),
  route("PATCH /servers/*/members/*", editMember),
  route("DELETE /servers/*/members/*", ({ world, headers, at }) => {
    const { id } = viewerOf(world, headers);
    const server = serverAt(world, at[0] ?? "", id);
    mayInServer(world, server, id, "KickMembers");
    const [, user = ""] = at;
    if (!server.members.has(user)) throw notFound();
    if (user === id) throw invalid();
    removeFromServer(world, server, user, "Kick");
  }),
  route("GET /servers/*/bans", ({ world, headers, at }) => {
    const { id } = viewerOf(world, headers);
    const server = serverAt(world, at[0] ?? "", id);
    mayInServer(world, server, id, "BanMembers");
    const users = [...server.bans.keys()].flatMap((one) => world.users.get(one) ?? []);
    return {
      users: users.map(({ _id, username, discriminator }) => ({ _id, username, discriminator, avatar: null })),
      bans: [...server.bans].map(([user, reason]) => ({ _id: { server: server._id, user }, reason })),
    };
  }),
  route("PUT /servers/*/bans/*", ({ world, headers, at, body }) => {
    const { id } = viewerOf(world, headers);
    const { reason } = body({ reason: "string?" });
    const server = serverAt(world, at[0] ?? "", id);
    const [, user = ""] = at;
    mayInServer(world, server, id, "BanMembers");
    if (!world.users.has(user)) throw notFound();
    server.bans.set(user, reason ?? null);
    removeFromServer(world, server, user, "Ban");
    return { _id: { server: server._id, user }, reason: reason ?? null };
  }),
  route("DELETE /servers/*/bans/*", ({ world, headers, at }) => {
    const { id } = viewerOf(world, headers);
    const server = serverAt(world, at[0] ?? "", id);
    mayInServer(world, server, id, "BanMembers");
    if (!server.bans.delete(at[1] ?? "")) throw notFound();
  }),
  route("POST /servers/*/channels", ({ world, headers, at, body }) => {
    const { id } = viewerOf(world, headers);
    const json = body({ type: "string?", name: "string", description: "string?" });
    const server = serverAt(world, at[0] ?? "", id);
    mayInServer(world, server, id, "ManageChannel");
    const channel = makeChannel(world, server, json.name, json.description);
    tell(world, server, { type: "ServerUpdate", id: server._id, data: { channels: [...server.channels] }, clear: [] });
    world.sent.emit(hearersOf(world, channel), { type: "ChannelCreate", ...channelJson(channel) });
    return channelJson(channel);
  }),
  route("POST /servers/*/roles", ({ world, headers, at, body }) => {
    const { id } = viewerOf(world, headers);
    const { name } = body({ name: "string" });
    const server = serverAt(world, at[0] ?? "", id);
    mayInServer(world, server, id, "ManageRole");
    const role = { _id: world.id(), name, permissions: { a: 0, d: 0 }, rank: server.roles.size };
    server.roles.set(role._id, role);
    const data = { id: role._id, name: role.name, permissions: role.permissions, hoist: false, rank: role.rank };
    tell(world, server, { type: "ServerRoleUpdate", id: server._id, role_id: role._id, data, clear: [] });
    return { id: role._id, role };
  }),
  route("PATCH /servers/*/roles/*", ({ world, headers, at, body }) => {
    const { id } = viewerOf(world, headers);
    const { name } = body({ name: "string?" });
    const server = serverAt(world, at[0] ?? "", id);
    mayInServer(world, server, id, "ManageRole");
    const role = server.roles.get(at[1] ?? "");
    if (!role) throw notFound();
    if (name !== undefined) role.name = name;
    return { ...role };
  }),
  route("DELETE /servers/*/roles/*", ({ world, headers, at }) => {
    const { id } = viewerOf(world, headers);
    const server = serverAt(world, at[0] ?? "", id);
    mayInServer(world, server, id, "ManageRole");
    const role = server.roles.get(at[1] ?? "");
    if (!role) throw notFound();
    if (role.owner !== undefined) throw invalid();
    server.roles.delete(role._id);
  }),
  route("PUT /servers/*/permissions/*", (ask) => {
    const { world, headers, at } = ask;
    const { id } = viewerOf(world, headers);
    const permissions = overrideOf(ask);
    const server = serverAt(world, at[0] ?? "", id);
    mayInServer(world, server, id, "ManagePermissions");
    const role = server.roles.get(at[1] ?? "");
    if (!role) throw notFound();
    role.permissions = permissions;
    tell(world, server, {
      type: "ServerRoleUpdate",
      id: server._id,
      role_id: role._id,
      data: { permissions },
      clear: [],
    });
    return serverJson(server);
  }),
  route("GET /invites/*", ({ world, at }) => {
    const code = at[0] ?? "";
    const invite = world.invites.get(code);
    const server = world.servers.get(invite?.server ?? "");
    const channel = world.channels.get(invite?.channel ?? "");
    if (!invite || !server || !channel) throw notFound();
    return {
      type: "Server",
      code,
      server_id: server._id,
      server_name: server.name,
      channel_id: channel._id,
      channel_name: channel.name,
      user_name: world.users.get(invite.creator)?.username,
      member_count: server.members.size,
    };
  }),
  route("POST /invites/*", ({ world, headers, at }) => {
    const { id } = personOf(world, headers);
    const server = world.servers.get(world.invites.get(at[0] ?? "")?.server ?? "");
    if (!server) throw notFound();
    if (server.members.has(id)) throw new Refusal(409, "AlreadyInServer");
    if (server.bans.has(id)) throw new Refusal(403, "Banned");
    joinServer(world, server, id);
    const channels = server.channels.flatMap((one) => world.channels.get(one) ?? []).map(channelJson);
    return { type: "Server", channels, server: serverJson(server) };
  }),
];

/** By an invitation, as people do. */
export function joinServer(world: World, server: SimServer, user: string): void {
  if (server.bans.has(user)) throw missing("ViewChannel");
  addToServer(world, server, user);
}
