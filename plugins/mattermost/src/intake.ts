import type { EventDraft } from "@botyard/sdk";
import type { Context } from "./context.ts";
import { channelOf, decodeEvent, postOf, roomOf, type FrameContext } from "./frames.ts";
import type { WireEvent } from "./wire.ts";

/** The frames as they came, as one JSON array. */
export const rawOf = (batch: readonly WireEvent[]): string => `[${batch.map(({ text }) => text).join(",")}]`;

/** What a batch of one socket's frames tells, in order; names what it can first. `added` is the memory of that socket. */
export async function decode(
  context: Context,
  batch: readonly WireEvent[],
  handle: string,
  self: string,
  connectionId: string,
  signal: AbortSignal,
  added: Map<string, { readonly team: string; readonly seq: number }>,
): Promise<EventDraft[]> {
  const { directory, host } = context;
  const managed = new Map((await host.bots.list()).map(({ username, nativeId }) => [username, nativeId]));
  const unnamed: string[] = [];
  const posts = batch.map((event) => postOf(event.data));
  for (const [at, event] of batch.entries()) {
    const post = posts[at];
    if (event.event === "posted" && post !== undefined) {
      directory.setRoom(roomOf(event, post, directory.team));
      directory.setAuthor(post.id, post.user_id);
      const sender = event.data["sender_name"];
      if (typeof sender === "string" && post.props?.["from_webhook"] !== "true")
        directory.setUser(sender.replace(/^@/, ""), post.user_id);
      continue;
    }
    if (!needsRoom.has(event.event)) continue;
    const channel = channelOf(event, post);
    if (channel !== undefined && directory.room(channel) === undefined) unnamed.push(channel);
  }
  if (unnamed.length > 0) await directory.learn({ ...(await context.bot(handle, signal)) }, unnamed);
  const frame: FrameContext = {
    self,
    connectionId,
    now: host.clock.now(),
    teamName: directory.team,
    names: {
      room: directory.room,
      user: (name) => managed.get(name) ?? directory.user(name),
      author: directory.author,
    },
  };
  return batch.flatMap((event, at) => {
    // The server says twice, one after the other, that the bot was added to a team.
    if (event.event === "added_to_team") {
      const before = added.get(connectionId);
      const team = String(event.data["team_id"]);
      added.set(connectionId, { team, seq: event.seq });
      if (before?.team === team && event.seq - before.seq <= 4) return [];
    }
    return decodeEvent(event, frame, posts[at]) ?? [];
  });
}

const needsRoom = new Set([
  "reaction_added",
  "reaction_removed",
  "post_edited",
  "post_deleted",
  "direct_added",
  "group_added",
  "channel_created",
  "ephemeral_message",
]);
