import { bytesOf } from "../rules.ts";
import { timeOf } from "../ulid.ts";
import { channelAt, hearersOf, mayInChannel, viewerOf } from "./access.ts";
import type { SimChannel, SimMessage, World } from "./model.ts";
import { checkLength, failed, Guard, invalid, notFound, parseBody, Refusal } from "./refusal.ts";
import { route, type Ask, type Route } from "./route.ts";
import { memberJson, messageJson, sentJson, userJson } from "./shapes.ts";

const mostKeys = 1000;
const maxBytes = 2000;

export function at(world: World, channel: string, id: string): SimMessage {
  const found = world.messages.get(channel)?.find(({ _id }) => _id === id);
  if (!found) throw notFound();
  return found;
}

/** Keys are used up before anything else is looked at, of all users in all channels. */
function useKey(world: World, key: string): boolean {
  if (world.keys.has(key)) return false;
  world.keys.add(key);
  if (world.keys.size > mostKeys) world.keys.delete([...world.keys][0] ?? "");
  return true;
}

interface Draft {
  readonly content?: string | undefined;
  readonly attachments: readonly string[];
  readonly embeds: readonly Readonly<Record<string, unknown>>[];
  readonly replies: readonly Readonly<Record<string, unknown>>[];
  readonly masquerade?: Readonly<Record<string, unknown>> | undefined;
  readonly interactions?: Readonly<Record<string, unknown>> | undefined;
  readonly flags?: number | undefined;
  readonly nonce?: string | undefined;
}

function parseDraft(text: string): Draft {
  const json = parseBody(text, {
    content: "string?",
    attachments: "strings?",
    embeds: "objects?",
    replies: "objects?",
    masquerade: "object?",
    interactions: "object?",
    flags: "integer?",
    nonce: "string?",
  });
  const replies = json.replies ?? [];
  if (replies.some(({ id, mention }) => typeof id !== "string" || typeof mention !== "boolean")) throw new Guard(422);
  const { attachments = [], embeds = [], ...rest } = json;
  return { ...rest, attachments, embeds, replies };
}

function checkForm({ embeds, masquerade, content }: Draft): void {
  for (const [index, embed] of embeds.entries()) {
    checkLength(`embeds[${index}].title`, embed["title"], 1, 100);
    checkLength(`embeds[${index}].description`, embed["description"], 1, 2000);
  }
  checkLength("masquerade.name", masquerade?.["name"], 1, 32);
  checkLength("masquerade.avatar", masquerade?.["avatar"], 1, 256);
  const colour = masquerade?.["colour"];
  if (typeof colour === "string" && !/^[a-z#(][\w\s#%,.()-]*$/i.test(colour)) throw failed("masquerade.colour");
  checkSize(content, embeds);
}

function checkSize(content: string | undefined, embeds: readonly Readonly<Record<string, unknown>>[]): void {
  const size =
    bytesOf(content ?? "") +
    embeds.reduce((sum, { description }) => sum + (typeof description === "string" ? bytesOf(description) : 0), 0);
  if (size > maxBytes) throw new Refusal(422, "PayloadTooLarge");
}

function send({ world, headers, at: path, text }: Ask): unknown {
  const viewer = viewerOf(world, headers);
  const key = headers.get("idempotency-key");
  if (key !== null && (key.length > 64 || key === "")) throw new Guard(400);
  if (key !== null && !useKey(world, key)) throw new Guard(409);
  const draft = parseDraft(text);
  checkForm(draft);
  const channel = channelAt(world, path[0] ?? "");
  mayInChannel(world, channel, viewer.id, "SendMessage");
  if (draft.nonce !== undefined && !useKey(world, draft.nonce)) throw invalid();
  holdBack(world, channel, viewer.id);
  checkDraft(world, channel, viewer, draft);
  const message = put(world, channel, viewer.id, draft, draft.nonce ?? key ?? world.id());
  return sentJson(world, message, null);
}

/** Slow mode counts also what is then refused. */
function holdBack(world: World, channel: SimChannel, user: string): void {
  if (!channel.slowmode || channel.server === undefined || world.servers.get(channel.server)?.owner === user) return;
  const until = channel.waits.get(user) ?? 0;
  if (until > world.now())
    throw new Refusal(429, "InSlowmode", { retry_after: Math.ceil((until - world.now()) / 1000) });
  channel.waits.set(user, world.now() + channel.slowmode * 1000);
}

function checkDraft(
  world: World,
  channel: SimChannel,
  viewer: { readonly id: string; readonly bot: boolean },
  draft: Draft,
): void {
  const { content = "", attachments, embeds, replies, masquerade, interactions, flags } = draft;
  const may = (name: Parameters<typeof mayInChannel>[3]): void => mayInChannel(world, channel, viewer.id, name);
  if (flags !== undefined && flags > 7) throw new Refusal(400, "InvalidProperty");
  if (flags !== undefined && flags >= 4) {
    if (!viewer.bot) throw new Refusal(400, "IsNotBot");
    may("MentionEveryone");
  }
  if (content === "" && attachments.length === 0 && embeds.length === 0) throw new Refusal(422, "EmptyMessage");
  if (/@everyone/.test(content)) may("MentionEveryone");
  if (masquerade) {
    may("Masquerade");
    if (masquerade["colour"] !== undefined) may("ManageRole");
  }
  if (interactions) {
    const { reactions, restrict_reactions } = interactions;
    if (restrict_reactions === true && (!Array.isArray(reactions) || reactions.length === 0))
      throw new Refusal(400, "InvalidProperty");
  }
  const limits = [
    ["TooManyEmbeds", embeds.length],
    ["TooManyReplies", replies.length],
    ["TooManyAttachments", attachments.length],
  ] as const;
  for (const [type, count] of limits) if (count > 5) throw new Refusal(400, type, { max: 5 });
  for (const { id, fail_if_not_exists } of replies)
    if (fail_if_not_exists !== false) at(world, channel._id, typeof id === "string" ? id : "");
  for (const id of attachments) {
    const file = world.files.get(id);
    if (!file || file.used || file.tag !== "attachments") throw notFound();
  }
}

/** Posts what has been checked: also what tests let people say. */
export function put(
  world: World,
  channel: SimChannel,
  author: string,
  draft: Partial<Draft>,
  nonce?: string,
): SimMessage {
  const { content, attachments = [], embeds = [], replies = [], masquerade, interactions, flags } = draft;
  const files = attachments.flatMap((id) => world.files.get(id) ?? []);
  for (const file of files) file.used = true;
  const answered = replies.flatMap(({ id, mention }) => {
    const found = world.messages.get(channel._id)?.find(({ _id }) => _id === id);
    return found ? [{ message: found, mention: mention === true }] : [];
  });
  const named = [...(content ?? "").matchAll(/<@([0-9A-Z]{26})>/g)].flatMap(([, id = ""]) =>
    world.users.has(id) ? [id] : [],
  );
  const told = answered.flatMap(({ message, mention }) => (mention ? [message.author] : []));
  const everyone = /@everyone/.test(content ?? "") ? 4 : 0;
  const message: SimMessage = {
    _id: world.id(),
    nonce,
    channel: channel._id,
    author,
    content,
    attachments: files,
    embeds: embeds.length > 0 ? embeds.map((embed) => ({ type: "Text", ...embed })) : undefined,
    mentions: [...new Set([...named, ...told])],
    replies: answered.map(({ message: { _id } }) => _id),
    masquerade,
    interactions,
    // the lowest bit is taken and forgotten
    flags: (flags ?? everyone) >= 2 ? (flags ?? everyone) : undefined,
    pinned: false,
    reactions: new Map(),
  };
  world.messages.get(channel._id)?.push(message);
  channel.last_message_id = message._id;
  world.sent.emit(hearersOf(world, channel), { type: "Message", ...sentJson(world, message, null) });
  return message;
}

function edit({ world, headers, at: path, text }: Ask): unknown {
  const viewer = viewerOf(world, headers);
  const json = parseBody(text, { content: "string?", embeds: "objects?" });
  checkLength("content", json.content, 1, 1_000_000);
  const embeds = json.embeds as Draft["embeds"] | undefined;
  checkSize(json.content, embeds ?? []);
  const channel = channelAt(world, path[0] ?? "");
  mayInChannel(world, channel, viewer.id, "SendMessage");
  const message = at(world, channel._id, path[1] ?? "");
  if (message.author !== viewer.id) throw new Refusal(403, "CannotEditMessage");
  if (json.content !== undefined) message.content = json.content;
  if (embeds) message.embeds = embeds.map((embed) => ({ type: "Text", ...embed }));
  else message.embeds ??= [];
  message.edited = new Date(world.now()).toISOString();
  const data = {
    ...(json.content === undefined ? {} : { content: message.content }),
    edited: message.edited,
    embeds: message.embeds,
  };
  tellUpdate(world, channel, message, data);
  return messageJson(message);
}

export function tellUpdate(
  world: World,
  channel: SimChannel,
  message: SimMessage,
  data: Record<string, unknown>,
  clear: readonly string[] = [],
): void {
  world.sent.emit(hearersOf(world, channel), {
    type: "MessageUpdate",
    id: message._id,
    channel: channel._id,
    data,
    clear,
  });
}

export function drop(world: World, channel: SimChannel, ids: readonly string[]): void {
  const left = (world.messages.get(channel._id) ?? []).filter(({ _id }) => !ids.includes(_id));
  world.messages.set(channel._id, left);
}

function remove({ world, headers, at: path }: Ask): void {
  const { id } = viewerOf(world, headers);
  if ((headers.get("x-audit-log-reason")?.length ?? 0) > 512) throw new Guard(400);
  const channel = channelAt(world, path[0] ?? "");
  const message = at(world, channel._id, path[1] ?? "");
  if (message.author !== id) mayInChannel(world, channel, id, "ManageMessages");
  drop(world, channel, [message._id]);
  world.sent.emit(hearersOf(world, channel), { type: "MessageDelete", id: message._id, channel: channel._id });
}

function removeMany({ world, headers, at: path, body }: Ask): void {
  const { id } = viewerOf(world, headers);
  const ids = body({ ids: "strings" })["ids"] as string[];
  if (ids.length < 1 || ids.length > 100) throw failed("ids");
  if (ids.some((one) => (timeOf(one) ?? 0) < world.now() - 7 * 86_400_000)) throw invalid();
  const channel = channelAt(world, path[0] ?? "");
  mayInChannel(world, channel, id, "ManageMessages");
  drop(world, channel, ids);
  world.sent.emit(hearersOf(world, channel), { type: "BulkMessageDelete", channel: channel._id, ids });
}

function list({ world, headers, at: path, url }: Ask): unknown {
  const { id } = viewerOf(world, headers);
  const { searchParams: query } = url;
  const limit = Number(query.get("limit") ?? 50);
  if (!Number.isInteger(limit) || limit < 1 || limit > 100) throw failed("limit");
  const channel = channelAt(world, path[0] ?? "");
  mayInChannel(world, channel, id, "ReadMessageHistory");
  const all = world.messages.get(channel._id) ?? [];
  const found = query.has("nearby") ? around(all, query.get("nearby") ?? "", limit) : rangeOf(all, query, limit);
  if (query.get("include_users") !== "true") return found.map(messageJson);
  const users = [...new Set(found.map(({ author }) => author))].flatMap((one) => world.users.get(one) ?? []);
  const server = world.servers.get(channel.server ?? "");
  const members = users.flatMap(({ _id }) => server?.members.get(_id) ?? []);
  return {
    messages: found.map(messageJson),
    users: users.map((user) => userJson(world, user, null)),
    ...(server ? { members: members.map((one) => memberJson(server._id, one)) } : {}),
  };
}

/** Without `sort=Oldest` the newest of the range, whatever `after` says. */
function rangeOf(all: readonly SimMessage[], query: URLSearchParams, limit: number): SimMessage[] {
  const [before, after] = [query.get("before"), query.get("after")];
  const range = all.filter(({ _id }) => (before === null || _id < before) && (after === null || _id > after));
  return query.get("sort") === "Oldest" ? range.slice(0, limit) : range.slice(-limit).reverse();
}

function around(all: readonly SimMessage[], id: string, limit: number): SimMessage[] {
  const half = Math.floor(limit / 2);
  const older = all.filter(({ _id }) => _id < id).slice(-half);
  const newer = all.filter(({ _id }) => _id >= id).slice(0, half + 1);
  return [...older, ...newer].reverse();
}

export const messageRoutes: readonly Route[] = [
  route("POST /channels/*/messages", send),
  route("GET /channels/*/messages", list),
  route("DELETE /channels/*/messages/bulk", removeMany),
  route("GET /channels/*/messages/*", ({ world, headers, at: path }) => {
    const { id } = viewerOf(world, headers);
    const channel = channelAt(world, path[0] ?? "");
    mayInChannel(world, channel, id, "ViewChannel");
    return messageJson(at(world, channel._id, path[1] ?? ""));
  }),
  route("PATCH /channels/*/messages/*", edit),
  route("DELETE /channels/*/messages/*", remove),
];
