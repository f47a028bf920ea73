import {
  canInChannel,
  channelAt,
  hearersOf,
  mayInChannel,
  mayInServer,
  personOf,
  serverAt,
  viewerOf,
} from "./access.ts";
import { removeFromGroup } from "./membership.ts";
import type { SimChannel, World } from "./model.ts";
import { isBot, missing, notFound, Refusal } from "./refusal.ts";
import { route, type Ask, type Route } from "./route.ts";
import { overrideOf } from "./servers.ts";
import { channelJson, userJson } from "./shapes.ts";

/** In a server the server's permissions decide, in a group anybody in it. */
function mayManage(world: World, channel: SimChannel, user: string, name: "ManageChannel" | "ManagePermissions"): void {
  if (channel.server === undefined) mayInChannel(world, channel, user, name);
  else mayInServer(world, serverAt(world, channel.server), user, name);
}

function tellChannel(world: World, channel: SimChannel, data: Record<string, unknown>, clear: readonly string[]): void {
  world.sent.emit(hearersOf(world, channel), { type: "ChannelUpdate", id: channel._id, data, clear });
}

/** Who loses or gains the sight of it hears of a deletion or creation. */
function changeDefault(world: World, channel: SimChannel, permissions: { a: number; d: number }): void {
  const before = new Set(hearersOf(world, channel));
  channel.default_permissions = permissions;
  const after = new Set(hearersOf(world, channel));
  world.sent.emit(
    [...after].filter((user) => before.has(user)),
    {
      type: "ChannelUpdate",
      id: channel._id,
      data: { default_permissions: permissions },
      clear: [],
    },
  );
  world.sent.emit(
    [...before].filter((user) => !after.has(user)),
    { type: "ChannelDelete", id: channel._id },
  );
  world.sent.emit(
    [...after].filter((user) => !before.has(user)),
    { type: "ChannelCreate", ...channelJson(channel) },
  );
}

function editChannel({ world, headers, at, body }: Ask): unknown {
  const { id } = viewerOf(world, headers);
  const json = body({ name: "string?", description: "string?", slowmode: "integer?", remove: "strings?" });
  const channel = channelAt(world, at[0] ?? "");
  mayManage(world, channel, id, "ManageChannel");
  const remove = json.remove ?? [];
  if (json.name !== undefined) channel.name = json.name;
  if (json.description !== undefined) channel.description = json.description;
  if (json.slowmode !== undefined) channel.slowmode = json.slowmode;
  if (remove.includes("Description")) delete channel.description;
  const { remove: _, ...data } = json;
  tellChannel(world, channel, data, remove);
  return channelJson(channel);
}

function closeChannel({ world, headers, at }: Ask): void {
  const { id } = viewerOf(world, headers);
  const channel = channelAt(world, at[0] ?? "");
  if (channel.channel_type === "Group") {
    if (!channel.recipients.includes(id)) throw missing("ViewChannel");
    return removeFromGroup(world, channel._id, id, { type: "user_left", id });
  }
  mayManage(world, channel, id, "ManageChannel");
  const hearers = hearersOf(world, channel);
  world.channels.delete(channel._id);
  const server = world.servers.get(channel.server ?? "");
  if (server) server.channels = server.channels.filter((one) => one !== channel._id);
  world.sent.emit(hearers, { type: "ChannelDelete", id: channel._id });
  return undefined;
}

export const channelRoutes: readonly Route[] = [
  route("POST /channels/create", ({ world, headers, body }) => {
    const { id } = personOf(world, headers);
    const json = body({ name: "string", description: "string?", users: "strings?" });
    const group: SimChannel = {
      _id: world.id(),
      channel_type: "Group",
      name: json.name,
      description: json.description,
      owner: id,
      recipients: [id, ...(json.users ?? [])],
      waits: new Map(),
    };
    world.channels.set(group._id, group);
    world.messages.set(group._id, []);
    world.sent.emit(group.recipients, { type: "ChannelCreate", ...channelJson(group) });
    return channelJson(group);
  }),
  route("GET /channels/*", ({ world, headers, at }) => {
    const { id } = viewerOf(world, headers);
    const channel = channelAt(world, at[0] ?? "");
    if (!canInChannel(world, channel, id, "ViewChannel")) throw missing("ViewChannel");
    return channelJson(channel);
  }),
  route("PATCH /channels/*", editChannel),
  route("DELETE /channels/*", closeChannel),
  route("GET /channels/*/members", ({ world, headers, at }) => {
    const { id } = viewerOf(world, headers);
    const channel = channelAt(world, at[0] ?? "");
    if (!canInChannel(world, channel, id, "ViewChannel")) throw missing("ViewChannel");
    return channel.recipients.flatMap((one) => world.users.get(one) ?? []).map((user) => userJson(world, user, null));
  }),
  route("DELETE /channels/*/recipients/*", ({ world, headers, at }) => {
    const { id } = viewerOf(world, headers);
    const channel = channelAt(world, at[0] ?? "");
    const [, user = ""] = at;
    if (channel.owner !== id) throw missing("ManageChannel");
    removeFromGroup(world, channel._id, user, { type: "user_remove", id: user, by: id });
  }),
  route("PUT /channels/*/permissions/default", (ask) => {
    const { world, headers, at } = ask;
    const { id } = viewerOf(world, headers);
    const permissions = overrideOf(ask);
    const channel = channelAt(world, at[0] ?? "");
    mayManage(world, channel, id, "ManagePermissions");
    changeDefault(world, channel, permissions);
    return channelJson(channel);
  }),
  route("POST /channels/*/invites", ({ world, headers, at }) => {
    const { id } = personOf(world, headers);
    const channel = channelAt(world, at[0] ?? "");
    mayInChannel(world, channel, id, "InviteOthers");
    const code = world.token().slice(0, 8);
    world.invites.set(code, { server: channel.server ?? "", channel: channel._id, creator: id });
    return { type: "Server", _id: code, server: channel.server, creator: id, channel: channel._id };
  }),
  route("PUT /channels/*/ack/*", ({ world, headers }) => {
    if (viewerOf(world, headers).bot) throw isBot();
  }),
  route("POST /channels/*/search", ({ world, headers }) => {
    if (viewerOf(world, headers).bot) throw isBot();
    return [];
  }),
  route("POST /channels/*/webhooks", ({ world, headers, at, body }) => {
    const { id } = viewerOf(world, headers);
    const { name } = body({ name: "string" });
    const channel = channelAt(world, at[0] ?? "");
    mayInChannel(world, channel, id, "ManageWebhooks");
    const hook = { id: world.id(), channel: channel._id, token: world.token(), name, creator: id };
    world.webhooks.set(hook.id, hook);
    world.sent.emit(hearersOf(world, channel), { type: "WebhookCreate", ...hookJson(hook), token: null });
    return hookJson(hook);
  }),
  route("GET /channels/*/webhooks", ({ world, headers, at }) => {
    const { id } = viewerOf(world, headers);
    const channel = channelAt(world, at[0] ?? "");
    mayInChannel(world, channel, id, "ManageWebhooks");
    return [...world.webhooks.values()].filter((hook) => hook.channel === channel._id).map(hookJson);
  }),
];

type Hook = World["webhooks"] extends Map<string, infer H> ? H : never;

export function hookJson({ id, name, creator, channel, token }: Hook): Record<string, unknown> {
  return { id, name, creator_id: creator, channel_id: channel, permissions: 876_609_536, token };
}

/** Mounted only where webhooks are switched on. */
export function hookAt(world: World, id: string, token: string): Hook {
  const hook = world.webhooks.get(id);
  if (!hook) throw notFound();
  if (hook.token !== token) throw new Refusal(401, "NotAuthenticated");
  return hook;
}
