import { channelAt, hearersOf, mayInChannel, viewerOf } from "./access.ts";
import { at, put, tellUpdate } from "./messages.ts";
import { hookAt, hookJson } from "./channels.ts";
import { invalid, notFound, Refusal } from "./refusal.ts";
import { route, type Ask, type Route } from "./route.ts";
import { messageJson } from "./shapes.ts";

/** What is put on messages, and by whom. */
function place(ask: Ask): {
  readonly viewer: ReturnType<typeof viewerOf>;
  readonly channel: ReturnType<typeof channelAt>;
  readonly message: ReturnType<typeof at>;
} {
  const viewer = viewerOf(ask.world, ask.headers);
  const channel = channelAt(ask.world, ask.at[0] ?? "");
  return { viewer, channel, message: at(ask.world, channel._id, ask.at[1] ?? "") };
}

function isEmoji(text: string): boolean {
  return /\p{Extended_Pictographic}/u.test(text);
}

export const markRoutes: readonly Route[] = [
  route("PUT /channels/*/messages/*/reactions/*", (ask) => {
    const { viewer, channel, message } = place(ask);
    const [, , emoji = ""] = ask.at;
    mayInChannel(ask.world, channel, viewer.id, "React");
    if (!isEmoji(emoji)) {
      if (!/^[0-9A-Z]{26}$/.test(emoji)) throw invalid();
      if (!ask.world.emojis.has(emoji)) throw notFound();
    }
    const users = message.reactions.get(emoji) ?? [];
    message.reactions.set(emoji, users.includes(viewer.id) ? users : [...users, viewer.id]);
    tellReaction(ask, "MessageReact", emoji);
  }),
  route("DELETE /channels/*/messages/*/reactions/*", (ask) => {
    const { viewer, channel, message } = place(ask);
    const [, , emoji = ""] = ask.at;
    const { searchParams: query } = ask.url;
    const other = query.get("user_id") ?? viewer.id;
    if (query.has("user_id") || query.get("remove_all") === "true")
      mayInChannel(ask.world, channel, viewer.id, "ManageMessages");
    const users = message.reactions.get(emoji) ?? [];
    if (!users.includes(other)) throw notFound();
    const left = users.filter((one) => one !== other);
    if (left.length > 0) message.reactions.set(emoji, left);
    else message.reactions.delete(emoji);
    tellReaction(ask, "MessageUnreact", emoji);
  }),
  route("DELETE /channels/*/messages/*/reactions", (ask) => {
    const { viewer, channel, message } = place(ask);
    mayInChannel(ask.world, channel, viewer.id, "ManageMessages");
    message.reactions.clear();
    tellUpdate(ask.world, channel, message, { reactions: {} });
  }),
  route("POST /channels/*/messages/*/pin", (ask) => {
    const { viewer, channel, message } = place(ask);
    mayInChannel(ask.world, channel, viewer.id, "ManageMessages");
    if (message.pinned) throw new Refusal(400, "AlreadyPinned");
    message.pinned = true;
    tellUpdate(ask.world, channel, message, { pinned: true });
  }),
  route("DELETE /channels/*/messages/*/pin", (ask) => {
    const { viewer, channel, message } = place(ask);
    mayInChannel(ask.world, channel, viewer.id, "ManageMessages");
    if (!message.pinned) throw new Refusal(400, "NotPinned");
    message.pinned = false;
    tellUpdate(ask.world, channel, message, {}, ["Pinned"]);
  }),
  route("PUT /custom/emoji/*", ({ world, headers, at: path, body }) => {
    const { id } = viewerOf(world, headers);
    const { name, parent } = body({ name: "string", parent: "object" });
    const [emoji = ""] = path;
    if (world.files.get(emoji)?.tag !== "emojis") throw notFound();
    world.emojis.set(emoji, name);
    return { _id: emoji, parent, creator_id: id, name };
  }),
];

function tellReaction({ world, headers, at: path }: Ask, type: string, emoji: string): void {
  const channel = channelAt(world, path[0] ?? "");
  const user_id = viewerOf(world, headers).id;
  world.sent.emit(hearersOf(world, channel), { type, id: path[1], channel_id: channel._id, user_id, emoji_id: emoji });
}

/** Mounted with `webhooks` only. */
export const webhookRoutes: readonly Route[] = [
  route("POST /webhooks/*/*", ({ world, at: path, body }) => {
    const hook = hookAt(world, path[0] ?? "", path[1] ?? "");
    const { content } = body({ content: "string?" });
    const channel = channelAt(world, hook.channel);
    const message = put(world, channel, hook.id, { content: content ?? "" }, world.id());
    const shown = { ...message, webhook: { name: hook.name, avatar: null } };
    const all = world.messages.get(channel._id);
    all?.splice(-1, 1, shown);
    return messageJson(shown);
  }),
  route("GET /webhooks/*/*", ({ world, at: path }) => hookJson(hookAt(world, path[0] ?? "", path[1] ?? ""))),
  route("DELETE /webhooks/*/*", ({ world, at: path }) => {
    world.webhooks.delete(hookAt(world, path[0] ?? "", path[1] ?? "").id);
  }),
];
