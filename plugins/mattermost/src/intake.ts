import type { EventDraft } from "@botyard/sdk";
import type { Context } from "./context.ts";
import { createDirectory, type Directory } from "./directory.ts";
import { channelOf, decodeEvent, postOf, roomOf, type FrameContext } from "./frames.ts";
import type { WireEvent, WirePost } from "./wire.ts";

/** The frames as they came, as one JSON array. */
export const rawOf = (batch: readonly WireEvent[]): string => `[${batch.map(({ text }) => text).join(",")}]`;

/** Name of a batch, with the socket's session: it is what tells apart facts that have no identity of their own. */
export const rawIdOf = (batch: readonly WireEvent[], connectionId: string): string =>
  `${connectionId}:${batch[0]?.seq ?? 0}-${batch.at(-1)?.seq ?? 0}`;

/** Session of the socket that a kept batch came on; undefined where it was not kept with it. */
export const socketOf = (rawId: string): string | undefined => /^([^:]+):\d+-\d+$/.exec(rawId)?.[1];

/** Whose socket it is. */
export interface Socket {
  readonly handle: string;
  /** Native id of the bot. */
  readonly self: string;
  readonly connectionId: string;
  /** Where the bot was added last, by this socket: the server says so twice. */
  readonly added: Added;
}

export interface Added {
  last?: { readonly team: string; readonly seq: number };
  /** Numbers of words that may be the second: the first was heard before the frames at hand, or never. */
  readonly unsure?: ReadonlySet<number>;
}

/** The second word comes within so many frames. */
export const saidAgainWithin = 4;

/** What a batch of one socket's frames tells, in order; names what it can first. */
export async function decode(
  context: Context,
  batch: readonly WireEvent[],
  socket: Socket,
  signal: AbortSignal,
): Promise<EventDraft[]> {
  const { directory, host } = context;
  const posts = batch.map((event) => postOf(event.data));
  nameFrom(batch, posts, directory);
  const unnamed = batch.flatMap((event, at) => {
    if (!needsRoom.has(event.event)) return [];
    const channel = channelOf(event, posts[at]);
    return channel !== undefined && directory.room(channel) === undefined ? [channel] : [];
  });
  if (unnamed.length > 0) await directory.learn({ ...(await context.bot(socket.handle, signal)) }, unnamed);
  return draftsOf(batch, posts, socket, { ...(await namesOf(context, directory)), now: host.clock.now() });
}

/**
 * Frames as they tell of themselves: nobody is asked and nothing learnt. What they do not name is called what it is
 * called today.
 */
export async function decodeFrames(
  context: Context,
  batch: readonly WireEvent[],
  socket: Socket,
  now: number,
): Promise<EventDraft[]> {
  const { directory } = context;
  const own = createDirectory();
  const posts = batch.map((event) => postOf(event.data));
  nameFrom(batch, posts, { ...own, team: directory.team });
  const names = {
    team: directory.team,
    room: (id: string) => own.room(id) ?? directory.room(id),
    user: (name: string) => own.user(name) ?? directory.user(name),
    author: (message: string) => own.author(message) ?? directory.author(message),
  };
  return draftsOf(batch, posts, socket, { ...(await namesOf(context, names)), now });
}

type Posts = readonly (WirePost | undefined)[];

/** What frames say themselves of rooms, authors and users. */
function nameFrom(
  batch: readonly WireEvent[],
  posts: Posts,
  names: Pick<Directory, "team" | "setRoom" | "setAuthor" | "setUser">,
): void {
  for (const [at, event] of batch.entries()) {
    const post = posts[at];
    if (event.event !== "posted" || post === undefined) continue;
    names.setRoom(roomOf(event, post, names.team));
    names.setAuthor(post.id, post.user_id);
    const sender = event.data["sender_name"];
    if (typeof sender === "string" && post.props?.["from_webhook"] !== "true")
      names.setUser(sender.replace(/^@/, ""), post.user_id);
  }
}

async function namesOf(
  { host }: Context,
  { team, room, user, author }: Pick<Directory, "team" | "room" | "user" | "author">,
): Promise<Pick<FrameContext, "names" | "teamName">> {
  const managed = new Map((await host.bots.list()).map(({ username, nativeId }) => [username, nativeId]));
  return { teamName: team, names: { room, user: (name) => managed.get(name) ?? user(name), author } };
}

function draftsOf(
  batch: readonly WireEvent[],
  posts: Posts,
  { self, connectionId, added }: Socket,
  given: Pick<FrameContext, "names" | "teamName" | "now">,
): EventDraft[] {
  const frame: FrameContext = { self, connectionId, ...given };
  return batch.flatMap((event, at) => {
    // The server says twice, one after the other, that the bot was added to a team.
    if (event.event === "added_to_team") {
      const before = added.last;
      const team = String(event.data["team_id"]);
      added.last = { team, seq: event.seq };
      if (added.unsure?.has(event.seq)) return [];
      if (before?.team === team && event.seq - before.seq <= saidAgainWithin) return [];
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
