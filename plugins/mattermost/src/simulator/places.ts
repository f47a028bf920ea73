import type { Fields } from "../wire.ts";
import { systemPost } from "./posts.ts";
import { badBody, isAdmin, noPermission, refuse, type SimChannel, type SimUser, type World } from "./model.ts";
import { created, fieldsOf, idsOf, me, ok, param, text, type Ask, type Reply } from "./request.ts";

export function showChannel(channel: SimChannel): Fields {
  const { members: _, ...rest } = channel;
  return {
    ...rest,
    total_msg_count: 0,
    extra_update_at: 0,
    scheme_id: null,
    props: null,
    group_constrained: null,
    shared: channel.type === "D" || channel.type === "G" ? false : null,
    total_msg_count_root: 0,
    policy_id: null,
    last_root_post_at: 0,
    banner_info: null,
    policy_enforced: false,
    default_category_name: "",
  };
}

export function addChannel(
  world: World,
  wish: Pick<SimChannel, "team_id" | "name" | "display_name" | "type"> &
    Partial<Pick<SimChannel, "header" | "purpose">>,
  creator: SimUser,
): SimChannel {
  const at = world.now();
  const channel: SimChannel = {
    id: world.newId(),
    create_at: at,
    update_at: at,
    delete_at: 0,
    header: "",
    purpose: "",
    last_post_at: 0,
    creator_id: wish.type === "G" ? "" : creator.id,
    members: new Map(),
    ...wish,
  };
  world.channels.set(channel.id, channel);
  return channel;
}

export async function createChannel(ask: Ask): Promise<Reply> {
  const { world } = ask;
  const user = me(ask);
  const body = await fieldsOf(ask);
  const team = world.teams.get(text(body, "team_id")) ?? noPermission();
  if (!team.members.has(user.id) && !isAdmin(user)) noPermission();
  for (const channel of world.channels.values())
    if (channel.team_id === team.id && channel.name === body["name"])
      refuse(400, "store.sql_channel.save_channel.exists.app_error");
  const channel = addChannel(
    world,
    {
      team_id: team.id,
      name: text(body, "name"),
      display_name: text(body, "display_name"),
      type: body["type"] === "P" ? "P" : "O",
      header: text(body, "header"),
      purpose: text(body, "purpose"),
    },
    user,
  );
  channel.members.set(user.id, { roles: "channel_user channel_admin" });
  if (world.bots.has(user.id)) systemPost(world, channel, user, "system_join_channel", { username: user.username });
  world.tell("channel_created", { channel_id: channel.id, team_id: team.id }, { user: user.id });
  return created(showChannel(channel));
}

/** The channel of the path, for who may see it. */
export function channelOf(ask: Ask): SimChannel {
  const user = me(ask);
  const channel = ask.world.channels.get(param(ask, "channel")) ?? refuse(404, "app.channel.get.existing.app_error");
  const open = channel.type === "O" && ask.world.teams.get(channel.team_id)?.members.has(user.id) === true;
  return channel.members.has(user.id) || open || isAdmin(user) ? channel : noPermission();
}

export const getChannel = (ask: Ask): Reply => showChannel(channelOf(ask));

export function channelByName(ask: Ask): Reply {
  const user = me(ask);
  const team = [...ask.world.teams.values()].find(
    ({ name, id }) => name === param(ask, "name") || id === param(ask, "team"),
  );
  if (!team) return refuse(404, "app.team.get_by_name.missing.app_error");
  const wanted = param(ask, "channelName");
  const found = [...ask.world.channels.values()].find(({ team_id, name }) => team_id === team.id && name === wanted);
  if (!found) return refuse(404, "app.channel.get_by_name.missing.app_error");
  if (found.type === "P" && !found.members.has(user.id) && !isAdmin(user))
    refuse(404, "app.channel.get_by_name.missing.app_error");
  return showChannel(found);
}

export async function patchChannel(ask: Ask): Promise<Reply> {
  const { world } = ask;
  const body = await fieldsOf(ask);
  const channel = channelOf(ask);
  const user = me(ask);
  if (!channel.members.has(user.id) && !isAdmin(user)) noPermission();
  const before = { ...channel };
  for (const name of ["name", "display_name", "header", "purpose"] as const)
    if (typeof body[name] === "string") channel[name] = body[name];
  channel.update_at = world.now();
  world.tell("channel_updated", { channel: JSON.stringify(showChannel(channel)) }, { channel: channel.id });
  if (before.display_name !== channel.display_name)
    systemPost(world, channel, user, "system_displayname_change", {
      username: user.username,
      old_displayname: before.display_name,
      new_displayname: channel.display_name,
    });
  if (before.header !== channel.header)
    systemPost(world, channel, user, "system_header_change", {
      username: user.username,
      old_header: before.header,
      new_header: channel.header,
    });
  if (before.purpose !== channel.purpose)
    systemPost(world, channel, user, "system_purpose_change", {
      username: user.username,
      old_purpose: before.purpose,
      new_purpose: channel.purpose,
    });
  return showChannel(channel);
}

export function archiveChannel(ask: Ask): Reply {
  const { world } = ask;
  const channel = channelOf(ask);
  const user = me(ask);
  systemPost(world, channel, user, "system_channel_deleted", { username: user.username });
  channel.delete_at = world.now();
  world.tell("channel_deleted", { channel_id: channel.id, delete_at: channel.delete_at }, { channel: channel.id });
  return ok;
}

export async function openDirect(ask: Ask): Promise<Reply> {
  const { world } = ask;
  const user = me(ask);
  const ids = await idsOf(ask);
  if (ids.length !== 2) badBody();
  if (!ids.includes(user.id) && !isAdmin(user)) noPermission();
  if (!ids.every((id) => world.users.has(id))) refuse(400, "api.channel.create_direct_channel.invalid_user.app_error");
  const name = ids.toSorted().join("__");
  const there = [...world.channels.values()].find((channel) => channel.name === name);
  const channel = there ?? addChannel(world, { team_id: "", name, display_name: "", type: "D" }, user);
  for (const id of ids) channel.members.set(id, { roles: "channel_user" });
  const other = ids.find((id) => id !== user.id) ?? user.id;
  if (!there) world.tell("direct_added", { creator_id: user.id, teammate_id: other }, { channel: channel.id });
  return created(showChannel(channel));
}

export async function openGroup(ask: Ask): Promise<Reply> {
  const { world } = ask;
  const user = me(ask);
  const ids = [...new Set([...(await idsOf(ask)), user.id])].toSorted();
  if (ids.length < 3 || ids.length > 8) refuse(400, "api.channel.create_group.bad_size.app_error");
  const names = ids.map((id) => world.users.get(id)?.username ?? badBody()).toSorted();
  const name = ids.join("").slice(0, 40);
  const there = [...world.channels.values()].find((channel) => channel.name === name);
  const channel = there ?? addChannel(world, { team_id: "", name, display_name: names.join(", "), type: "G" }, user);
  for (const id of ids) {
    channel.members.set(id, { roles: "channel_user" });
    if (!there) world.tell("group_added", { teammate_ids: JSON.stringify(ids) }, { user: id, channel: channel.id });
  }
  return created(showChannel(channel));
}
