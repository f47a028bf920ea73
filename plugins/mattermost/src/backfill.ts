import { isBotyardError, type BotTarget, type EventDraft, type Gap, type GapOutcome } from "@botyard/sdk";
import * as api from "./api.ts";
import { channelsOf } from "./channels.ts";
import type { Context } from "./context.ts";
import { decodePost, decodeReaction, type Names } from "./decode.ts";
import type { Caller } from "./request.ts";
import { toEventRoom } from "./room-shape.ts";
import type { WireChannel, WirePost } from "./wire.ts";

/** The `Date` of an answer is rough, and known events are no new ones. */
const slackMs = 60_000;
/** A list of changes that is this long is not whole. */
const mostChanges = 1_000;
const mostPages = 100;
/** Of one question to the history, over about ten minutes. */
const mostTries = 15;
const longestWaitMs = 60_000;
const passing: ReadonlySet<string> = new Set(["unreachable", "timeout", "rate_limited", "upstream"]);

/** Reads what a gap may hide from the history of every room of its bots: messages, edits, deletions, reactions. */
export async function backfill(context: Context, gap: Gap, signal: AbortSignal): Promise<readonly GapOutcome[]> {
  const bots = (await context.host.bots.list()).filter(({ handle }) => gap.bots?.includes(handle) ?? true);
  const outcomes: GapOutcome[] = [];
  for (const bot of bots) outcomes.push(...(await fillBot(context, gap, bot, signal)));
  return outcomes;
}

/** The clocks of server and Botyard, for what was said while the first socket was opened. */
const firstSlackMs = 5_000;

/**
 * What was written between the making of a bot and the first `hello` of its socket: it may have been brought into a room
 * and spoken to already.
 */
export async function catchUp(context: Context, bot: BotTarget, since: number, signal: AbortSignal): Promise<void> {
  const on = await context.bot(bot.handle, signal);
  const from = since - firstSlackMs;
  for (const { id, name } of await api.myTeams(on)) context.directory.setTeam(id, name);
  for (const channel of await channelsOf(on, from)) {
    if ((channel.last_post_at ?? 0) < from) continue;
    context.directory.setRoom(toEventRoom(channel, context.directory.team(channel.team_id)));
    const { posts } = await changedSince(on, channel.id, from);
    const events = await draftsOf(context, posts, from);
    if (events.length > 0) await context.host.commit({ via: "backfill", bots: [bot.handle], events });
  }
}

async function fillBot(
  context: Context,
  gap: Gap,
  bot: BotTarget,
  signal: AbortSignal,
): Promise<readonly GapOutcome[]> {
  const on = await context.bot(bot.handle, signal);
  for (const { id, name } of await patiently(context, signal, () => api.myTeams(on)))
    context.directory.setTeam(id, name);
  const listed = await patiently(context, signal, () => channelsOf(on, startOf(context, gap)));
  const channels = new Map(listed.map((channel) => [channel.id, channel]));
  const outcomes: GapOutcome[] = [];
  for (const room of gap.rooms ?? []) {
    if (!channels.has(room))
      outcomes.push({ room, outcome: "lost", messages: 0, reason: `${bot.handle} is not in the room any more` });
  }
  for (const channel of channels.values()) {
    if (signal.aborted) throw signal.reason;
    if (gap.rooms && !gap.rooms.includes(channel.id)) continue;
    outcomes.push(await fillRoom(context, gap, bot, on, channel));
  }
  return outcomes;
}

/** By the server's clock, which the answer before this one told. */
const startOf = ({ serverClock }: Context, gap: Gap): number => serverClock.since(Date.parse(gap.from)) - slackMs;

async function fillRoom(
  context: Context,
  gap: Gap,
  bot: BotTarget,
  on: Caller,
  channel: WireChannel,
): Promise<GapOutcome> {
  const from = startOf(context, gap);
  context.directory.setRoom(toEventRoom(channel, context.directory.team(channel.team_id)));
  try {
    const signal = on.signal ?? context.host.signal;
    const { posts, whole } = await patiently(context, signal, () => changedSince(on, channel.id, from));
    const events = await draftsOf(context, posts, from);
    let messages = 0;
    if (events.length > 0) {
      const { fresh } = await context.host.commit({ via: "backfill", gap: gap.id, bots: [bot.handle], events });
      messages = Math.min(fresh, events.filter(({ type }) => type === "message.created").length);
    }
    if (whole) return { room: channel.id, outcome: "filled", messages };
    return {
      room: channel.id,
      outcome: "lost",
      messages,
      reason: `more than ${mostPages * api.pageSize} messages were missed`,
    };
  } catch (error) {
    if (on.signal?.aborted) throw error;
    const reason = isBotyardError(error) ? error.message : "its history could not be read";
    return { room: channel.id, outcome: "lost", messages: 0, reason };
  }
}

/** Asks again while what fails may pass: a history that cannot be read now is not lost yet. */
async function patiently<T>({ host }: Context, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (!isBotyardError(error) || !passing.has(error.code) || signal.aborted || tries >= mostTries) throw error;
      const wait = Math.max(error.details.retryAfterMs ?? 0, Math.min(longestWaitMs, 500 * 2 ** tries));
      await host.clock.sleep(wait, signal);
    }
  }
}

/** Posts that were written, changed or deleted since. */
async function changedSince(
  on: Caller,
  channel: string,
  since: number,
): Promise<{ posts: readonly WirePost[]; whole: boolean }> {
  const changed = await api.listPosts(on, channel, { since });
  const posts = new Map(Object.entries(changed.posts));
  if (changed.order.length < mostChanges) return { posts: [...posts.values()], whole: true };
  let before: string | undefined;
  for (let page = 0; page < mostPages; page += 1) {
    const list = await api.listPosts(on, channel, {
      per_page: api.pageSize,
      ...(before === undefined ? {} : { before }),
    });
    for (const [id, post] of Object.entries(list.posts)) posts.set(id, posts.get(id) ?? post);
    before = list.order.at(-1);
    const oldest = before === undefined ? undefined : list.posts[before];
    if (oldest === undefined || oldest.create_at < since || list.order.length < api.pageSize)
      return { posts: [...posts.values()], whole: true };
  }
  return { posts: [...posts.values()], whole: false };
}

/** Events of posts, oldest first. */
async function draftsOf(context: Context, posts: readonly WirePost[], from: number): Promise<EventDraft[]> {
  const { directory, host } = context;
  const managed = new Map((await host.bots.list()).map(({ username, nativeId }) => [username, nativeId]));
  const names: Names = {
    room: (id) => directory.room(id),
    user: (name) => managed.get(name) ?? directory.user(name),
    author: (message) => directory.author(message),
  };
  for (const post of posts) directory.setAuthor(post.id, post.user_id);
  const base = { event: "history", names, now: host.clock.now() };
  const drafts: EventDraft[] = [];
  for (const post of posts) {
    const gone = post.delete_at > 0;
    if (post.create_at >= from && !gone) drafts.push(decodePost("created", post, base));
    if (post.edit_at >= from && !gone) drafts.push(decodePost("updated", { ...post, update_at: post.edit_at }, base));
    if (gone && post.delete_at >= from) drafts.push(decodePost("deleted", post, base));
    const room = names.room(post.channel_id) ?? { id: post.channel_id };
    for (const reaction of gone ? [] : (post.metadata?.reactions ?? []))
      if (reaction.create_at >= from) drafts.push(decodeReaction(true, reaction, room, "history", post.user_id));
  }
  return drafts.toSorted((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
}
