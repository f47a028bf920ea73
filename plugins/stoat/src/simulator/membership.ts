import { mayInChannel } from "./access.ts";
import type { SimMember, SimMessage, SimServer, World } from "./model.ts";
import { invalid, notFound, Refusal } from "./refusal.ts";
import { channelJson, memberJson, sentJson, serverJson } from "./shapes.ts";

/** The user hears of the server, its members of the user. */
export function addToServer(world: World, server: SimServer, user: string): void {
  const member: SimMember = { user, joined_at: new Date(world.now()).toISOString(), roles: [] };
  const before = [...server.members.keys()];
  server.members.set(user, member);
  const channels = server.channels.flatMap((id) => {
    const channel = world.channels.get(id);
    return channel ? [channelJson(channel)] : [];
  });
  world.sent.emit([user], {
    type: "ServerCreate",
    id: server._id,
    server: serverJson(server),
    channels,
    emojis: [],
    voice_states: [],
  });
  world.sent.emit(before, { type: "ServerMemberJoin", id: server._id, user, member: memberJson(server._id, member) });
}

export function removeFromServer(
  world: World,
  server: SimServer,
  user: string,
  reason: "Kick" | "Ban" | "Leave",
): void {
  const hearers = [...server.members.keys()];
  if (!server.members.delete(user)) return;
  world.sent.emit(hearers, { type: "ServerMemberLeave", id: server._id, user, reason });
  for (const role of server.roles.values()) {
    if (role.owner !== user) continue;
    server.roles.delete(role._id);
    world.sent.emit(hearers, { type: "ServerRoleDelete", id: server._id, role_id: role._id });
  }
}

export function addToGroup(world: World, id: string, user: string, by: string): void {
  const group = world.channels.get(id);
  if (!group) throw notFound();
  if (group.channel_type !== "Group") throw invalid();
  mayInChannel(world, group, by, "InviteOthers");
  const max = world.options.groupSize ?? 100;
  if (group.recipients.length >= max) throw new Refusal(403, "GroupTooLarge", { max });
  if (group.recipients.includes(user)) throw new Refusal(409, "AlreadyInGroup");
  const before = [...group.recipients];
  group.recipients.push(user);
  world.sent.emit(before, { type: "ChannelGroupJoin", id, user });
  world.sent.emit([user], { type: "ChannelCreate", ...channelJson(group) });
  systemMessage(world, id, { type: "user_added", id: user, by });
}

export function removeFromGroup(world: World, id: string, user: string, system: Record<string, unknown>): void {
  const group = world.channels.get(id);
  if (!group?.recipients.includes(user)) throw notFound();
  world.sent.emit([...group.recipients], { type: "ChannelGroupLeave", id, user });
  group.recipients = group.recipients.filter((one) => one !== user);
  systemMessage(world, id, system);
}

function systemMessage(world: World, channel: string, system: Record<string, unknown>): void {
  const author = "00000000000000000000000000";
  const message: SimMessage = {
    _id: world.id(),
    channel,
    author,
    system,
    attachments: [],
    mentions: [],
    replies: [],
    pinned: false,
    reactions: new Map(),
  };
  world.messages.get(channel)?.push(message);
  world.sent.emit(world.channels.get(channel)?.recipients ?? [], {
    type: "Message",
    ...sentJson(world, message, null),
  });
}
