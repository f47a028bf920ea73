import { isFields, type Fields } from "../wire.ts";
import { outgoingFor } from "./outgoing.ts";
import { isAdmin, noPermission, refuse, type SimChannel, type SimPost, type SimUser, type World } from "./model.ts";
import { created, fieldsOf, flag, me, ok, param, text, type Ask, type Reply } from "./request.ts";

const actionFields = ["id", "type", "name", "style", "data_source", "options"] as const;

/** Integrations never leave the server. */
function showAttachments(attachments: unknown): unknown {
  if (!Array.isArray(attachments)) return attachments;
  return attachments.filter(isFields).map((one) => ({
    id: 0,
    ...Object.fromEntries(
      ["fallback", "color", "pretext", "author_name", "author_link", "author_icon", "title", "title_link", "text"].map(
        (name) => [name, one[name] ?? ""],
      ),
    ),
    fields: one["fields"] ?? null,
    ...Object.fromEntries(["image_url", "thumb_url", "footer", "footer_icon"].map((name) => [name, one[name] ?? ""])),
    ts: one["ts"] ?? null,
    ...(Array.isArray(one["actions"])
      ? {
          actions: one["actions"]
            .filter(isFields)
            .map((action) =>
              Object.fromEntries(
                actionFields.flatMap((name) => (action[name] === undefined ? [] : [[name, action[name]]])),
              ),
            ),
        }
      : {}),
  }));
}

export function showPost(world: World, post: SimPost, metadata = true): Fields {
  const { metadata: _, ...rest } = post;
  const files = post.file_ids.flatMap((id) => world.files.get(id) ?? []);
  const reactions = world.reactions.get(post.id) ?? [];
  const { attachments, ...props } = post.props;
  return {
    ...rest,
    props: attachments === undefined ? props : { attachments: showAttachments(attachments), ...props },
    original_id: "",
    hashtags: "",
    remote_id: "",
    reply_count: 0,
    last_reply_at: 0,
    participants: null,
    ...(metadata
      ? {
          metadata: {
            ...post.metadata,
            ...(attachments === undefined ? {} : { embeds: [{ type: "message_attachment" }] }),
            ...(files.length > 0 ? { files: files.map(({ bytes: __, ...info }) => info) } : {}),
            ...(reactions.length > 0 ? { reactions } : {}),
          },
        }
      : {}),
  };
}

export function addPost(world: World, channel: SimChannel, user: SimUser, wish: Partial<SimPost>): SimPost {
  const at = world.now();
  const post: SimPost = {
    id: world.newId(),
    create_at: at,
    update_at: at,
    edit_at: 0,
    delete_at: 0,
    is_pinned: false,
    user_id: user.id,
    channel_id: channel.id,
    root_id: "",
    message: "",
    type: "",
    props: {},
    file_ids: [],
    pending_post_id: "",
    ...wish,
  };
  world.posts.set(post.id, post);
  channel.last_post_at = at;
  tellPosted(world, channel, user, post);
  post.pending_post_id = "";
  return post;
}

function tellPosted(world: World, channel: SimChannel, user: SimUser, post: SimPost): void {
  const shown = JSON.stringify(showPost(world, post));
  for (const id of channel.members.keys()) {
    const name = world.users.get(id)?.username ?? "";
    const named = new RegExp(`@${name.replaceAll(".", "\\.")}(?![\\w-])`).test(post.message);
    const meant =
      post.user_id !== id &&
      (named || channel.type === "D" || channel.type === "G" || post.props["addedUserId"] === id);
    world.tell(
      "posted",
      {
        channel_display_name: channel.type === "D" ? `@${user.username}` : channel.display_name,
        channel_name: channel.name,
        channel_type: channel.type,
        ...(post.file_ids.length > 0 ? { otherFile: "true" } : {}),
        ...(meant ? { mentions: JSON.stringify([id]) } : {}),
        post: shown,
        sender_name: `@${user.username}`,
        set_online: true,
        team_id: channel.team_id,
      },
      { user: id, channel: channel.id },
    );
  }
}

export function systemPost(world: World, channel: SimChannel, user: SimUser, type: string, props: Fields): void {
  addPost(world, channel, user, { type, props, message: `${type} ${user.username}` });
}

export const memberChannel = (ask: Ask, id: string): SimChannel => {
  const user = me(ask);
  const channel = ask.world.channels.get(id) ?? noPermission();
  const all = user.roles.split(" ");
  if (channel.members.has(user.id) || isAdmin(user) || all.includes("system_post_all")) return channel;
  return all.includes("system_post_all_public") && channel.type === "O" ? channel : noPermission();
};

const tooLong = (world: World, message: string): void => {
  if ([...message].length > world.config.maxPostSize) refuse(400, "model.post.is_valid.message_length.app_error");
};

const pendingMs = 30_000;

export async function createPost(ask: Ask): Promise<Reply> {
  const { world } = ask;
  const user = me(ask);
  const body = await fieldsOf(ask);
  const key = text(body, "pending_post_id");
  const before = key === "" ? undefined : world.pending.get(key);
  if (before && world.now() - before.at < pendingMs) {
    if (before.post === null) return refuse(500, "api.post.deduplicate_create_post.pending");
    return created(showPost(world, before.post, false));
  }
  const channel = memberChannel(ask, text(body, "channel_id"));
  const type = text(body, "type");
  if (type !== "" && !type.startsWith("custom_")) refuse(400, "api.context.invalid_param.app_error");
  if (channel.delete_at > 0) refuse(400, "api.post.create_post.can_not_post_to_deleted.error");
  const metadata = isFields(body["metadata"]) ? body["metadata"] : {};
  if (isFields(metadata["priority"]) && metadata["priority"]["requested_ack"] === true)
    refuse(501, "license_error.feature_unavailable");
  const root = text(body, "root_id");
  if (root !== "") {
    const found = world.posts.get(root);
    if (!found || found.delete_at > 0 || found.root_id !== "")
      return refuse(400, "api.post.create_post.root_id.app_error");
    if (found.channel_id !== channel.id) refuse(400, "api.post.create_post.channel_root_id.app_error");
  }
  const message = text(body, "message");
  tooLong(world, message);
  const wanted = Array.isArray(body["file_ids"]) ? (body["file_ids"] as string[]) : [];
  if (wanted.length > 10) refuse(400, "model.post.is_valid.file_ids.app_error");
  const files = wanted.filter((id) => world.files.get(id)?.post_id === "" && world.files.get(id)?.user_id === user.id);
  const post = addPost(world, channel, user, {
    message,
    type,
    root_id: root,
    pending_post_id: key,
    file_ids: files,
    props: {
      ...(isFields(body["props"]) ? body["props"] : {}),
      ...(world.bots.has(user.id) ? { from_bot: "true" } : {}),
    },
    ...(isFields(metadata["priority"])
      ? {
          metadata: {
            priority: { ...metadata["priority"], requested_ack: null, persistent_notifications: null },
          } as NonNullable<SimPost["metadata"]>,
        }
      : {}),
  });
  for (const id of files) {
    const file = world.files.get(id);
    if (file) file.post_id = post.id;
  }
  if (key !== "") world.pending.set(key, { at: world.now(), post });
  void outgoingFor(world, channel, user, post);
  const shown = { ...showPost(world, post), pending_post_id: key };
  return created(wanted.length > 0 && files.length === 0 ? { ...shown, file_ids: null } : shown);
}

/** A live post in a channel the asker may read. */
export function postOf(ask: Ask, hidden: () => never = noPermission): SimPost {
  const user = me(ask);
  const post = ask.world.posts.get(param(ask, "post")) ?? hidden();
  const channel = ask.world.channels.get(post.channel_id);
  const open = channel?.type === "O" && ask.world.teams.get(channel.team_id)?.members.has(user.id) === true;
  if (!channel?.members.has(user.id) && !open && !isAdmin(user)) noPermission();
  return post;
}

const gone = (): never => refuse(404, "app.post.get.app_error");

export function getPost(ask: Ask): Reply {
  const post = postOf(ask, gone);
  if (post.delete_at > 0 && !(flag(ask, "include_deleted") && isAdmin(me(ask)))) gone();
  return showPost(ask.world, post);
}

export async function patchPost(ask: Ask): Promise<Reply> {
  const { world } = ask;
  const body = await fieldsOf(ask);
  const user = me(ask);
  const post = postOf(ask);
  if (post.user_id !== user.id) noPermission();
  const at = world.now();
  if (typeof body["message"] === "string") {
    tooLong(world, body["message"]);
    if (body["message"] !== post.message) post.edit_at = at;
    post.message = body["message"];
  }
  if (isFields(body["props"])) {
    post.props = body["props"];
  }
  post.update_at = at;
  const shown = showPost(world, post);
  world.tell("post_edited", { post: JSON.stringify(shown) }, { channel: post.channel_id });
  return shown;
}

export function deletePost(ask: Ask): Reply {
  const { world } = ask;
  const user = me(ask);
  const post = postOf(ask, gone);
  if (post.delete_at > 0) gone();
  if (post.user_id !== user.id && !isAdmin(user)) noPermission();
  world.tell("post_deleted", { post: JSON.stringify(showPost(world, post, false)) }, { channel: post.channel_id });
  post.delete_at = world.now();
  post.update_at = post.delete_at;
  post.message = "";
  post.props = { ...post.props, deleteBy: user.id };
  return ok;
}

export function pinPost(ask: Ask, pinned: boolean): Reply {
  const post = postOf(ask);
  post.is_pinned = pinned;
  post.update_at = ask.world.now();
  ask.world.tell("post_edited", { post: JSON.stringify(showPost(ask.world, post)) }, { channel: post.channel_id });
  return ok;
}
