import type { Narrow } from "../api.ts";
import type { WireMessage, WireReaction } from "../wire.ts";
import { idPart, jsonOf, needed, textOf, type Call, type Calls } from "./call.ts";
import { emojiNames } from "./emoji.ts";
import { canSee, newId, post, publish, Refusal, type World } from "./model.ts";

const maxLength = 10_000;

function messageOf(call: Call): WireMessage & { readonly reactions: WireReaction[] } {
  const found = call.world.messages.get(idPart(call));
  if (!found || !canSee(call.world, call.user, found)) throw new Refusal("Invalid message(s)");
  return found;
}

function contentOf(call: Call): string {
  const content = needed(call, "content").trimEnd().replace(/^\n+/, "");
  if (content === "") throw new Refusal("Message must not be empty");
  return content.length > maxLength ? `${content.slice(0, maxLength - 20)}\n[message truncated]` : content;
}

function send(call: Call): object {
  const [queue, local] = [textOf(call, "queue_id"), textOf(call, "local_id")];
  const type = needed(call, "type");
  const to = jsonOf<number | readonly number[]>(call, "to", []);
  const target =
    typeof to === "number" && type !== "direct" ? { stream: to, topic: needed(call, "topic").slice(0, 60) } : null;
  if (!target && typeof to === "number") throw new Refusal("Invalid data type for recipients");
  const message = post(call.world, {
    sender: call.user,
    to: target ?? { users: to as readonly number[] },
    content: contentOf(call),
    echo: queue === undefined || local === undefined ? undefined : { queue, local },
  });
  return { id: message.id };
}

function fits(message: WireMessage, { operator, operand }: Narrow): boolean {
  if (operator === "channel") return message.stream_id === operand;
  if (operator === "topic") return message.type === "stream" && message.subject === operand;
  if (typeof message.display_recipient === "string") return false;
  const [have, want] = [message.display_recipient.map(({ id }) => id), operand as readonly number[]];
  return want.every((id) => have.includes(id)) && have.length === want.length;
}

/** A search in one channel sees what was said before the bot came; any other its own history. */
function history(call: Call): WireMessage[] {
  const { world, user } = call;
  const narrow = jsonOf<Narrow[]>(call, "narrow", []);
  const shared = narrow.some(({ operator }) => operator === "channel");
  return [...world.messages.values()].filter(
    (message) =>
      (shared ? canSee(world, user, message) : world.received.get(message.id)?.has(user.user_id)) &&
      narrow.every((one) => fits(message, one)),
  );
}

function window(call: Call) {
  const all = history(call);
  const anchor = textOf(call, "anchor") === "newest" ? Infinity : Number(textOf(call, "anchor"));
  const include = jsonOf(call, "include_anchor", true);
  const [before, after] = [Number(needed(call, "num_before")), Number(needed(call, "num_after"))];
  if (before + after > 5000) throw new Refusal("Too many messages requested (maximum 5000).");
  const at = all.filter(({ id }) => id === anchor && include);
  // `slice(-0)` would be all of them.
  const older = before === 0 ? [] : all.filter(({ id }) => id < anchor).slice(-before);
  const newer = all.filter(({ id }) => id > anchor).slice(0, after);
  // The server asks for no more than it answers: a full page says nothing of what is behind it.
  return {
    messages: [...older, ...at, ...newer],
    found_oldest: anchor === 0 || older.length < before,
    found_newest: anchor === Infinity || newer.length < after,
  };
}

function edit(call: Call): object {
  const { world, user } = call;
  const message = messageOf(call);
  if (message.sender_id !== user.user_id) throw new Refusal("You don't have permission to edit this message");
  const content = contentOf(call);
  const edit_timestamp = Math.floor(world.now() / 1000);
  world.messages.set(message.id, { ...message, content, last_edit_timestamp: edit_timestamp });
  publish(world, world.received.get(message.id) ?? [], () => ({
    type: "update_message",
    message_id: message.id,
    user_id: user.user_id,
    rendering_only: false,
    edit_timestamp,
    orig_content: message.content,
    content,
    ...(message.stream_id === undefined ? {} : { stream_id: message.stream_id }),
    ...(typeof message.display_recipient === "string" ? { stream_name: message.display_recipient } : {}),
  }));
  return {};
}

function remove(call: Call): object {
  const { world, user } = call;
  const message = messageOf(call);
  if (message.sender_id !== user.user_id && !user.is_admin)
    throw new Refusal("You don't have permission to delete this message");
  const receivers = world.received.get(message.id) ?? [];
  world.messages.delete(message.id);
  publish(world, receivers, () => ({
    type: "delete_message",
    message_ids: [message.id],
    message_type: message.type,
    ...(message.stream_id === undefined ? {} : { stream_id: message.stream_id, topic: message.subject }),
  }));
  return {};
}

function react(call: Call, op: "add" | "remove"): object {
  const { world, user } = call;
  const message = messageOf(call);
  const emoji_name = needed(call, "emoji_name");
  const emoji_code = textOf(call, "emoji_code") ?? "";
  const names = emojiNames[emoji_code];
  if (!names) throw new Refusal("Invalid emoji code.");
  if (!names.includes(emoji_name)) throw new Refusal("Invalid emoji name.");
  const at = message.reactions.findIndex((one) => one.user_id === user.user_id && one.emoji_code === emoji_code);
  if (op === "add" && at >= 0) throw new Refusal("Reaction already exists.", "REACTION_ALREADY_EXISTS");
  if (op === "remove" && at < 0) throw new Refusal("Reaction doesn't exist.", "REACTION_DOES_NOT_EXIST");
  const reaction: WireReaction = { emoji_name, emoji_code, reaction_type: "unicode_emoji", user_id: user.user_id };
  if (op === "add") message.reactions.push(reaction);
  else message.reactions.splice(at, 1);
  publish(world, world.received.get(message.id) ?? [], () => ({
    type: "reaction",
    op,
    message_id: message.id,
    ...reaction,
  }));
  return {};
}

function typing(call: Call): object {
  const { world, user } = call;
  const op = needed(call, "op") === "stop" ? ("stop" as const) : ("start" as const);
  const sender = { user_id: user.user_id };
  if (needed(call, "type") === "direct") {
    const to = jsonOf<number[]>(call, "to", []);
    if (to.length === 0) throw new Refusal("Empty 'to' list");
    const recipients = [...new Set([...to, user.user_id])].map((user_id) => ({ user_id }));
    publish(world, to, () => ({ type: "typing", op, message_type: "direct", sender, recipients }));
    return {};
  }
  const stream_id = Number(needed(call, "stream_id"));
  const topic = needed(call, "topic");
  if (!world.streams.has(stream_id)) throw new Refusal("Invalid channel ID");
  const others = [...(world.subscribers.get(stream_id) ?? [])].filter((id) => id !== user.user_id);
  publish(world, others, () => ({ type: "typing", op, message_type: "stream", sender, stream_id, topic }));
  return {};
}

function markRead(call: Call): object {
  const { messages: found, found_oldest, found_newest } = window(call);
  const read = call.world.read.get(call.user.user_id) ?? new Set();
  call.world.read.set(call.user.user_id, read);
  const fresh = found.filter(({ id }) => !read.has(id));
  for (const { id } of fresh) read.add(id);
  const [first_processed_id = null, last_processed_id = null] = [found[0]?.id, found.at(-1)?.id];
  const counts = { processed_count: found.length, updated_count: fresh.length };
  return { ...counts, first_processed_id, last_processed_id, found_oldest, found_newest };
}

export const messages: Calls = {
  "POST /messages": send,
  "GET /messages": window,
  "GET /messages/*": (call) => ({ message: messageOf(call) }),
  "PATCH /messages/*": edit,
  "DELETE /messages/*": remove,
  "POST /messages/*/reactions": (call) => react(call, "add"),
  "DELETE /messages/*/reactions": (call) => react(call, "remove"),
  "POST /messages/flags/narrow": markRead,
  "POST /typing": typing,
};

/** A message of a kind no client knows, for every queue. */
export function odd(world: World): void {
  publish(world, world.users.keys(), () => ({ type: `zulip_future_${newId()}` }) as never);
}
