import { type Fields, type WireReaction } from "../wire.ts";
import { isSystemEmoji } from "../emoji.ts";
import { noPermission, refuse } from "./model.ts";
import { fieldsOf, me, ok, param, text, userParam, type Ask, type Reply } from "./request.ts";
import { postOf } from "./posts.ts";

export async function addReaction(ask: Ask): Promise<Reply> {
  const { world } = ask;
  const user = me(ask);
  const body = await fieldsOf(ask);
  if (body["user_id"] !== user.id) refuse(403, "api.reaction.save_reaction.user_id.app_error");
  const post = world.posts.get(text(body, "post_id")) ?? noPermission();
  if (!world.channels.get(post.channel_id)?.members.has(user.id)) noPermission();
  const name = text(body, "emoji_name");
  if (!isSystemEmoji(name)) refuse(404, "app.emoji.get_by_name.no_result");
  const all = world.reactions.get(post.id) ?? [];
  const there = all.find((one) => one.user_id === user.id && one.emoji_name === name);
  const at = world.now();
  const reaction: WireReaction & Fields = there
    ? { ...there }
    : {
        user_id: user.id,
        post_id: post.id,
        emoji_name: name,
        create_at: at,
        update_at: at,
        delete_at: 0,
        remote_id: "",
        channel_id: post.channel_id,
      };
  if (!there) {
    world.reactions.set(post.id, [...all, reaction]);
    post.update_at = at;
    world.tell("reaction_added", { reaction: JSON.stringify(reaction) }, { channel: post.channel_id });
  }
  return reaction;
}

export function removeReaction(ask: Ask): Reply {
  const { world } = ask;
  const user = me(ask);
  if (userParam(ask) !== user.id) noPermission();
  const post = postOf(ask);
  const name = param(ask, "name");
  const all = world.reactions.get(post.id) ?? [];
  const rest = all.filter((one) => one.user_id !== user.id || one.emoji_name !== name);
  if (rest.length < all.length) {
    world.reactions.set(post.id, rest);
    const reaction = {
      user_id: user.id,
      post_id: post.id,
      emoji_name: name,
      create_at: 0,
      update_at: world.now(),
      delete_at: 0,
      remote_id: "",
      channel_id: "",
    };
    world.tell("reaction_removed", { reaction: JSON.stringify(reaction) }, { channel: post.channel_id });
  }
  return ok;
}

export const listReactions = (ask: Ask): Reply => {
  const found = ask.world.reactions.get(postOf(ask).id) ?? [];
  return found.length === 0 ? null : found;
};

export async function typing(ask: Ask): Promise<Reply> {
  const user = me(ask);
  const body = await fieldsOf(ask);
  if (userParam(ask) !== user.id) noPermission();
  const id = text(body, "channel_id");
  if (!ask.world.channels.get(id)?.members.has(user.id)) noPermission();
  ask.world.tell("typing", { user_id: user.id, parent_id: text(body, "parent_id") }, { channel: id, omit: user.id });
  return ok;
}
