import type { Event, Gap } from "../../packages/sdk/src/index.ts";

/** A message of a person. */
export interface Said {
  readonly id: string;
  readonly channel: string;
  readonly text: string;
  /** By the clock of the runtime, Unix milliseconds. */
  readonly at: number;
}

/** What was done to a gateway and on it. */
export interface GatewayFacts {
  readonly said: readonly Said[];
  /** Ids of messages. */
  readonly deleted: ReadonlySet<string>;
  /** `<message> <when>` */
  readonly edits: ReadonlySet<string>;
  /** `<message> <user> <emoji>`; each once, and none was taken back. */
  readonly reactions: ReadonlySet<string>;
  readonly cuts: readonly { readonly bot: string; readonly at: number; readonly how: string }[];
  /** The channel whose history may not be read. */
  readonly closed: string;
  readonly log: readonly Event[];
  readonly gaps: readonly Gap[];
}

type Count = (name: string, n?: number) => void;

/** Promises that were not kept: nothing lost whose history may be read, nothing doubled, a gap for each disconnect. */
export function checkGateway(facts: GatewayFacts, count: Count = () => {}): string[] {
  return [...checkMessages(facts, count), ...checkChanges(facts, count), ...checkGaps(facts, count)];
}

function checkMessages({ said, deleted, closed, log, gaps }: GatewayFacts, count: Count): string[] {
  const found: string[] = [];
  const times = new Map<string, number>();
  const created = log.filter(({ type }) => type === "message.created");
  for (const { message } of created) if (message) times.set(message.id, (times.get(message.id) ?? 0) + 1);
  count("messages said", said.length);
  count("messages found in the history", created.filter(({ backfilled }) => backfilled).length);
  for (const one of said) {
    const n = times.get(one.id) ?? 0;
    if (n > 1) found.push(`"${one.text}" is ${n} events`);
    if (n > 0 || deleted.has(one.id)) continue;
    if (one.channel !== closed) found.push(`"${one.text}" is not in the log, and its history may be read`);
    else if (gaps.some((gap) => gap.state === "lost" && gap.rooms?.includes(closed) === true && holds(gap, one.at)))
      count("messages in a gap that is said to be lost");
    else found.push(`"${one.text}" is not in the log, and no lost gap says so`);
  }
  return found;
}

/** What else happened is told at most once, and only what did happen. */
function checkChanges({ log, edits, deleted, reactions }: GatewayFacts, count: Count): string[] {
  const found: string[] = [];
  const told = new Map<string, number>();
  for (const { type, message, actor, reaction, backfilled } of log) {
    const id = message?.id ?? "";
    const real = { "message.updated": edits, "message.deleted": deleted, "reaction.added": reactions }[type as string];
    if (type === "reaction.removed") found.push(`a reaction on ${id} is told to be removed`);
    if (!real) continue;
    const what =
      type === "message.updated"
        ? `${id} ${message?.editedAt ?? ""}`
        : type === "message.deleted"
          ? id
          : `${id} ${actor?.id ?? ""} ${reaction?.emoji ?? ""}`;
    if (backfilled) count(`${type} found in the history`);
    if (!real.has(what)) found.push(`${type} ${what} never happened`);
    const n = (told.get(`${type} ${what}`) ?? 0) + 1;
    told.set(`${type} ${what}`, n);
    if (n > 1) found.push(`${type} ${what} is told ${n} times`);
  }
  return found;
}

function checkGaps({ said, cuts, gaps, closed }: GatewayFacts, count: Count): string[] {
  count("disconnects", cuts.length);
  count("gaps recorded", gaps.length);
  // Of a deaf socket it may have been proven that nobody had said anything yet: the gap begins before what was missed.
  const missedAt = ({ at, how }: { readonly at: number; readonly how: string }): number =>
    how === "deaf" ? Math.max(at, said.find((one) => one.at >= at)?.at ?? at) : at;
  const covers = (gap: Gap, cut: { readonly bot: string; readonly at: number; readonly how: string }): boolean =>
    gap.rooms === undefined &&
    (gap.bots?.includes(cut.bot) ?? true) &&
    Date.parse(gap.from) <= missedAt(cut) &&
    (gap.to === null || cut.at <= Date.parse(gap.to));
  const unsaid = cuts.flatMap(({ bot, at, how }) =>
    gaps.some((gap) => covers(gap, { bot, at, how }))
      ? []
      : [`the disconnect (${how}) of ${bot} at ${new Date(at).toISOString()} has no gap`],
  );
  const tooMuch = gaps.flatMap(({ id, rooms, state, reason }) =>
    state === "lost" && !(rooms?.length === 1 && rooms[0] === closed)
      ? [`${id} is lost (${reason ?? "no reason"}), although all but one channel may be read`]
      : [],
  );
  return [...unsaid, ...tooMuch];
}

function holds({ from, to }: Gap, at: number): boolean {
  return Date.parse(from) <= at && (to === null || at <= Date.parse(to));
}
