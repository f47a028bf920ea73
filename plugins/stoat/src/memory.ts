import { listOf, objectOf, textOf, type WireFrame, type WireMessage } from "./wire.ts";

/** Twice as many at most: forgetting one by one would cost more than the rest of a frame. */
const mostYoung = 5_000;

/** What is known of a message: enough to see in the history what became of it meanwhile. */
export interface Remembered {
  readonly channel: string;
  readonly author: string;
  /** Users by emoji; null: none. */
  reactions: Map<string, Set<string>> | null;
  /** Those of them that were there when it was met, and of which nobody knows whether they were told; null: none. */
  unsure: Map<string, Set<string>> | null;
  /** When a frame last changed it, by `Memory.tick`. */
  touched: number;
}

export interface ReactionChange {
  readonly emoji: string;
  readonly user: string;
  readonly added: boolean;
}

/**
 * The newest messages a bot has seen, while Botyard runs: whom an answer is for, which reactions are on them, and so
 * what of it changed while nobody listened.
 */
export interface Memory {
  author(message: string): string | undefined;
  get(message: string): Remembered | undefined;
  /** Of a channel, in no order. */
  idsOf(channel: string): readonly string[];
  /** A message as a frame shows it. */
  meet(message: Shown): void;
  /**
   * A message that a history shows and that was not known. What is on it was not told where the message itself was not,
   * but for what a frame told since.
   */
  adopt(message: Shown, fresh: boolean): readonly ReactionChange[];
  /** Keeps up with a frame; false where it repeats what is known already: servers tell a reaction again that is there. */
  note(frame: WireFrame): boolean;
  /** Counts frames: what is newer than a number taken before a question was changed while it was asked. */
  tick(): number;
  /**
   * What the history shows of a message's reactions and was not told, and from now on is known. Nothing of one that a
   * frame has changed since `asked`: the answer may be older than the frame.
   */
  compare(message: Pick<WireMessage, "_id" | "reactions">, asked: number): readonly ReactionChange[];
}

type Shown = Pick<WireMessage, "_id" | "channel" | "author" | "reactions">;

export function createMemory(): Memory {
  let young = new Map<string, Remembered>();
  let old = new Map<string, Remembered>();
  /** What frames told of reactions on messages nobody knows yet, the last word of each. */
  const strangers = new Map<string, Map<string, ReactionChange>>();
  let frames = 0;

  const get = (id: string): Remembered | undefined => young.get(id) ?? old.get(id);

  function put(id: string, known: Remembered): void {
    if (young.size >= mostYoung) {
      old = young;
      young = new Map();
    }
    young.set(id, known);
  }

  function forget(id: string): void {
    young.delete(id);
    old.delete(id);
  }

  function react(frame: WireFrame, added: boolean): boolean {
    const id = textOf(frame["id"]);
    const emoji = textOf(frame["emoji_id"]);
    const user = textOf(frame["user_id"]);
    if (id === undefined || emoji === undefined || user === undefined) return true;
    const known = get(id);
    if (!known) {
      if (strangers.size >= mostYoung) strangers.clear();
      const told = strangers.get(id) ?? new Map<string, ReactionChange>();
      strangers.set(id, told);
      told.set(`${emoji} ${user}`, { emoji, user, added });
      return true;
    }
    const users = known.reactions?.get(emoji);
    const unsure = known.unsure?.get(emoji)?.delete(user) === true;
    if ((users?.has(user) === true ? added : !added) && !unsure) return false;
    known.touched = frames;
    known.reactions ??= new Map();
    mark(known.reactions, { emoji, user, added });
    return true;
  }

  return {
    author: (id) => get(id)?.author,
    get,
    idsOf: (channel) => [...old, ...young].flatMap(([id, known]) => (known.channel === channel ? [id] : [])),
    meet({ _id, channel, author, reactions }) {
      put(_id, {
        channel,
        author,
        reactions: reactions ? usersByEmoji(reactions) : null,
        unsure: null,
        touched: frames,
      });
    },
    note(frame) {
      frames += 1;
      switch (frame.type) {
        case "MessageReact":
          return react(frame, true);
        case "MessageUnreact":
          return react(frame, false);
        case "MessageRemoveReaction": {
          const known = get(textOf(frame["id"]) ?? "");
          known?.reactions?.delete(textOf(frame["emoji_id"]) ?? "");
          if (known) known.touched = frames;
          return true;
        }
        case "MessageUpdate": {
          const { reactions } = objectOf(frame["data"]);
          const known = reactions === undefined ? undefined : get(textOf(frame["id"]) ?? "");
          if (known) {
            known.reactions = usersByEmoji(objectOf(reactions));
            known.touched = frames;
          }
          return true;
        }
        case "MessageDelete":
          forget(textOf(frame["id"]) ?? "");
          return true;
        case "BulkMessageDelete":
          for (const id of listOf(frame["ids"])) if (typeof id === "string") forget(id);
          return true;
        default:
          return true;
      }
    },
    tick: () => frames,
    adopt({ _id, channel, author, reactions = {} }, fresh) {
      // A frame told of it meanwhile: then frames tell of all that is on it.
      if (get(_id)) return [];
      const there = usersByEmoji(reactions);
      const told = strangers.get(_id) ?? new Map<string, ReactionChange>();
      strangers.delete(_id);
      const changes = changesOf(there, null, true).filter(({ emoji, user }) => !told.has(`${emoji} ${user}`));
      // An answer may run ahead of the frame that tells of the same reaction.
      const unsure = fresh ? null : new Map<string, Set<string>>();
      if (unsure) for (const change of changes) mark(unsure, change);
      for (const change of told.values()) mark(there, change);
      put(_id, { channel, author, reactions: there, unsure, touched: 0 });
      return fresh ? changes : [];
    },
    compare({ _id, reactions = {} }, asked) {
      const known = get(_id);
      if (!known || known.touched > asked) return [];
      const there = usersByEmoji(reactions);
      const changes = [
        ...changesOf(there, known.reactions, true),
        ...changesOf(known.reactions ?? new Map(), there, false),
      ];
      known.reactions = there;
      return changes;
    },
  };
}

function mark(reactions: Map<string, Set<string>>, { emoji, user, added }: ReactionChange): void {
  const users = reactions.get(emoji) ?? new Set();
  reactions.set(emoji, users);
  if (added) users.add(user);
  else users.delete(user);
}

type Users = ReadonlyMap<string, ReadonlySet<string>>;

/** Who is in the first and not in the second. */
function changesOf(first: Users, second: Users | null, added: boolean): ReactionChange[] {
  return [...first].flatMap(([emoji, users]) =>
    [...users].flatMap((user) => (second?.get(emoji)?.has(user) === true ? [] : [{ emoji, user, added }])),
  );
}

function usersByEmoji(reactions: Readonly<Record<string, unknown>>): Map<string, Set<string>> {
  return new Map(
    Object.entries(reactions).map(([emoji, users]) => [
      emoji,
      new Set(listOf(users).filter((user): user is string => typeof user === "string")),
    ]),
  );
}
