import { isFields, type Fields } from "../wire.ts";
import { badBody, isAdmin, noPermission, type SimPost, type World } from "./model.ts";
import { created, fieldsOf, me, param, text, type Ask, type Reply } from "./request.ts";
import { memberChannel, showPost } from "./posts.ts";

const showList = (world: World, posts: readonly SimPost[], more: Fields = {}): Fields => ({
  order: posts.map(({ id }) => id),
  posts: Object.fromEntries(posts.map((post) => [post.id, showPost(world, post)])),
  next_post_id: "",
  prev_post_id: "",
  first_inaccessible_post_time: 0,
  ...more,
});

export function listPosts(ask: Ask): Reply {
  const { world } = ask;
  const id = param(ask, "channel");
  const channel = world.channels.get(id) ?? noPermission();
  if (!channel.members.has(me(ask).id) && !isAdmin(me(ask)) && channel.type !== "O") noPermission();
  const query = ask.url.searchParams;
  const all = [...world.posts.values()].filter((post) => post.channel_id === id).reverse();
  const since = query.get("since");
  if (since !== null)
    return showList(
      world,
      all.filter((post) => post.update_at > Number(since) || post.delete_at > Number(since)),
    );
  const live = all.filter((post) => post.delete_at === 0);
  const size = Math.min(Number(query.get("per_page") ?? 60) || 60, 200);
  const before = query.get("before");
  const after = query.get("after");
  const at = live.findIndex((post) => post.id === (before ?? after));
  const start =
    before !== null ? at + 1 : after !== null ? Math.max(0, at - size) : Number(query.get("page") ?? 0) * size;
  const found = live.slice(start, after === null ? start + size : at);
  return showList(world, found, {
    next_post_id: live[start - 1]?.id ?? "",
    prev_post_id: live[start + found.length]?.id ?? "",
  });
}

export function listPinned(ask: Ask): Reply {
  const channel = memberChannel(ask, param(ask, "channel"));
  const pinned = [...ask.world.posts.values()].filter(
    (post) => post.channel_id === channel.id && post.is_pinned && post.delete_at === 0,
  );
  return showList(ask.world, pinned.reverse());
}

export async function createEphemeral(ask: Ask): Promise<Reply> {
  const { world } = ask;
  const user = me(ask);
  const body = await fieldsOf(ask);
  if (!isAdmin(user)) noPermission();
  const post = isFields(body["post"]) ? body["post"] : badBody();
  const {
    original_id: _,
    hashtags: __,
    remote_id: ___,
    ...shown
  } = showPost(world, {
    id: world.newId(),
    create_at: world.now(),
    update_at: 0,
    edit_at: 0,
    delete_at: 0,
    is_pinned: false,
    user_id: user.id,
    channel_id: text(post, "channel_id"),
    root_id: "",
    message: text(post, "message"),
    type: "system_ephemeral",
    props: {},
    file_ids: [],
    pending_post_id: "",
  });
  const whole = { ...shown, original_id: "", hashtags: "", file_ids: null };
  world.tell(
    "ephemeral_message",
    { post: JSON.stringify(whole) },
    { user: text(body, "user_id"), channel: text(post, "channel_id") },
  );
  return created(whole);
}
