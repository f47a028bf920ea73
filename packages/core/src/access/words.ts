import type { Grant } from "@botyard/sdk";
import { allowsOperation, isAdmin } from "./grants.ts";

/** A grant as people say it. */
export interface GrantWords {
  /** `read events of these 2 rooms`, `send and reply there as chat/helper, at most 20 calls a minute` */
  readonly may: readonly string[];
  /** `direct messages`, `other rooms`, `files` */
  readonly mayNot: readonly string[];
}

interface Topic {
  /** After "may". */
  readonly may: string;
  /** After "may not". */
  readonly not: string;
  /** All of them, or it is not the topic that is granted but some operations. */
  readonly names: readonly string[];
}

const topic = (may: string, not: string, ...names: string[]): Topic => ({ may, not, names });

const reading = [
  topic("events", "events", "events.list", "events.get", "events.stream"),
  topic("messages", "history", "messages.list", "messages.get"),
  topic(
    "the lists of rooms, bots and members",
    "lists of rooms and members",
    "rooms.list",
    "bots.list",
    "members.list",
  ),
];

const acting = [
  topic("send", "messages", "messages.send"),
  topic("reply", "replies", "messages.reply"),
  topic("edit", "edits", "messages.update"),
  topic("delete", "deletions", "messages.delete"),
  topic("react", "reactions", "reactions.add", "reactions.remove"),
  topic("upload files", "files", "files.upload"),
  topic("notify everybody (@channel, @all)", "@channel/@all", "act.mention-room"),
];

const keeping = [
  topic("consumers", "consumers", "consumers.put", "consumers.events", "consumers.ack"),
  topic("rooms and members", "rooms and members", "rooms.create", "rooms.add-bot", "members.invite"),
  topic("bots", "bots", "bots.create", "bots.update", "bots.delete"),
  topic("credentials", "credentials", "credentials.issue", "credentials.rotate", "credentials.import"),
  topic("connections", "connections", "connections.create", "connections.update", "connections.delete"),
  topic("webhooks", "webhooks", "webhooks.create", "webhooks.update", "webhooks.delete"),
  topic("keys", "keys", "keys.create", "keys.revoke"),
  topic("the audit", "audit", "audit.list"),
];

const others = topic("act as people who are no bots", "acting as people", "act.user", "act.account");

function split(
  grant: Grant,
  topics: readonly Topic[],
): { readonly may: readonly string[]; readonly not: readonly string[] } {
  const may: string[] = [];
  const not: string[] = [];
  for (const { may: word, not: none, names } of topics) {
    const held = names.filter((name) => allowsOperation(grant, name));
    if (held.length === names.length) may.push(word);
    else if (held.length > 0) may.push(...held);
    else not.push(none);
  }
  return { may, not };
}

function list(words: readonly string[]): string {
  const last = words.at(-1) ?? "";
  return words.length < 2 ? last : `${words.slice(0, -1).join(", ")} and ${last}`;
}

function placeOf({ rooms, bots, connections }: Grant): string {
  if (rooms) return rooms.length === 1 ? "this room" : `these ${rooms.length} rooms`;
  if (bots) return `the rooms of ${list(bots)}`;
  return connections ? `${connections.length === 1 ? "connection" : "connections"} ${list(connections)}` : "all rooms";
}

/** Says what a key may do and what not; `raw` are the raw operations there are. */
export function describeGrant(grant: Grant, ratePerMinute: number | null, raw: readonly string[] = []): GrantWords {
  const rate = ratePerMinute === null ? "" : `, at most ${ratePerMinute} calls a minute`;
  if (isAdmin(grant)) return { may: [`everything${rate}`], mayNot: [] };
  const [read, act, keep, as] = [
    split(grant, reading),
    split(grant, acting),
    split(grant, keeping),
    split(grant, [others]),
  ];
  const place = placeOf(grant);
  const bots = grant.bots ? list(grant.bots) : "any bot";
  const rawHeld = raw.filter((name) => allowsOperation(grant, name, { effect: "write", raw: true }));
  const may = [
    ...(read.may.length > 0 ? [`read ${list(read.may)} of ${place}`] : []),
    ...(act.may.length > 0 ? [`${list(act.may)} ${read.may.length > 0 ? "there" : `in ${place}`} as ${bots}`] : []),
    ...(keep.may.length > 0 ? [`manage ${list(keep.may)}`] : []),
    ...as.may,
    ...(rawHeld.length > 0 ? [`make any call of the chat server (${list(rawHeld)})`] : []),
  ];
  const sends = allowsOperation(grant, "messages.send");
  const mayNot = [
    ...(grant.rooms || !sends ? ["direct messages"] : []),
    ...(grant.rooms ? ["other rooms"] : []),
    ...(grant.bots ? ["other bots"] : []),
    ...read.not,
    ...act.not,
    ...keep.not,
    ...as.not,
    ...(raw.length > 0 && rawHeld.length === 0 ? ["raw calls"] : []),
  ];
  const last = may.pop();
  return { may: last === undefined ? [] : [...may, `${last}${rate}`], mayNot };
}
