import type { Fields } from "../wire.ts";
import { systemPost } from "./posts.ts";
import { isAdmin, noPermission, refuse, type SimChannel } from "./model.ts";
import { bodyOf, created, fieldsOf, me, ok, pageOf, param, text, userParam, type Ask, type Reply } from "./request.ts";
import { channelOf } from "./places.ts";

const showMember = (channel: SimChannel, user: string): Fields => {
  const roles = channel.members.get(user)?.roles ?? "channel_user";
  return {
    channel_id: channel.id,
    user_id: user,
    roles,
    last_viewed_at: -1,
    msg_count: 0,
    mention_count: 0,
    mention_count_root: 0,
    urgent_mention_count: 0,
    msg_count_root: 0,
    notify_props: {
      channel_auto_follow_threads: "off",
      desktop: "default",
      email: "default",
      ignore_channel_mentions: "default",
      mark_unread: "all",
      push: "default",
    },
    last_update_at: -1,
    scheme_guest: false,
    scheme_user: true,
    scheme_admin: roles.includes("channel_admin"),
    explicit_roles: "",
  };
};

const noMember = (): never => refuse(404, "app.channel.get_member.missing.app_error");

export function getMember(ask: Ask): Reply {
  const channel = channelOf(ask);
  const id = userParam(ask);
  return channel.members.has(id) ? showMember(channel, id) : noMember();
}

export const listMembers = (ask: Ask): Reply => {
  const channel = channelOf(ask);
  return pageOf(ask, [...channel.members.keys()]).map((user) => showMember(channel, user));
};

export async function addMember(ask: Ask): Promise<Reply> {
  const { world } = ask;
  const self = me(ask);
  const body = (await bodyOf(ask)) as Fields;
  const channel = world.channels.get(param(ask, "channel")) ?? refuse(404, "app.channel.get.existing.app_error");
  if (channel.type === "D" || channel.type === "G") refuse(400, "api.channel.add_user_to_channel.type.app_error");
  const join = (id: string): void => {
    const user = world.users.get(id) ?? refuse(404, "app.user.missing_account.const");
    if (!world.teams.get(channel.team_id)?.members.has(id)) refuse(404, "app.team.get_member.missing.app_error");
    if (channel.type === "P" && !channel.members.has(self.id) && !isAdmin(self)) noPermission();
    if (channel.members.has(id)) return;
    channel.members.set(id, { roles: "channel_user" });
    world.tell("user_added", { team_id: channel.team_id, user_id: id }, { user: id, channel: channel.id });
    world.tell("user_added", { team_id: channel.team_id, user_id: id }, { channel: channel.id, omit: id });
    const about = { userId: self.id, username: self.username, addedUserId: id, addedUsername: user.username };
    systemPost(
      world,
      channel,
      self,
      id === self.id ? "system_join_channel" : "system_add_to_channel",
      id === self.id ? { username: self.username } : about,
    );
  };
  if (Array.isArray(body["user_ids"])) {
    const done: Fields[] = [];
    let failure: unknown;
    for (const id of body["user_ids"] as string[]) {
      try {
        join(id);
        done.push(showMember(channel, id));
      } catch (error) {
        failure = error;
      }
    }
    if (done.length === 0) throw failure;
    return created(done);
  }
  const id = text(body, "user_id");
  join(id);
  return created(showMember(channel, id));
}

export function removeMember(ask: Ask): Reply {
  const { world } = ask;
  const self = me(ask);
  const channel = world.channels.get(param(ask, "channel")) ?? refuse(404, "app.channel.get.existing.app_error");
  const id = userParam(ask);
  if (!channel.members.has(self.id) && !isAdmin(self)) noPermission();
  if (!channel.members.delete(id)) noMember();
  world.tell("user_removed", { channel_id: channel.id, remover_id: self.id }, { user: id });
  world.tell("user_removed", { user_id: id, remover_id: self.id }, { channel: channel.id });
  const name = world.users.get(id)?.username ?? "";
  if (id === self.id) systemPost(world, channel, self, "system_leave_channel", { username: name });
  else systemPost(world, channel, self, "system_remove_from_channel", { removedUserId: id, removedUsername: name });
  return ok;
}

export async function setMemberRoles(ask: Ask): Promise<Reply> {
  const roles = text(await fieldsOf(ask), "roles");
  const channel = channelOf(ask);
  const member = channel.members.get(userParam(ask)) ?? noMember();
  member.roles = roles;
  return ok;
}

export async function viewChannel(ask: Ask): Promise<Reply> {
  const user = me(ask);
  const id = text(await fieldsOf(ask), "channel_id");
  const channel = ask.world.channels.get(id);
  if (!channel?.members.has(user.id)) noPermission();
  ask.world.tell("multiple_channels_viewed", { channel_times: { [id]: ask.world.now() } }, { user: user.id });
  return { status: "OK", last_viewed_at_times: { [id]: channel?.last_post_at ?? 0 } };
}
