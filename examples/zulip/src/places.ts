import type { EventRoom } from "@botyard/sdk";
import type { Narrow } from "./api.ts";
import type { WireMessage } from "./wire.ts";

/** Where people talk: a channel as a whole, one of its topics, or a direct conversation of these people. */
export type Place =
  | { readonly kind: "channel"; readonly stream: number }
  | { readonly kind: "topic"; readonly stream: number; readonly topic: string }
  | { readonly kind: "direct"; readonly users: readonly number[] };

/** `12`, `12:deploys%20today`, `dm:9,31`: everybody in it, the one who acts too, by growing id. */
export function toRoomId(place: Place): string {
  if (place.kind === "direct") return `dm:${place.users.toSorted((a, b) => a - b).join(",")}`;
  return place.kind === "channel" ? String(place.stream) : `${place.stream}:${encodeURIComponent(place.topic)}`;
}

/** Null for what is none of our ids: a handle. */
export function fromRoomId(id: string): Place | null {
  const direct = /^dm:(\d+(?:,\d+)*)$/.exec(id);
  if (direct) return { kind: "direct", users: (direct[1] ?? "").split(",").map(Number) };
  const [, stream, topic] = /^(\d+)(?::(.*))?$/.exec(id) ?? [];
  if (stream === undefined) return null;
  if (topic === undefined) return { kind: "channel", stream: Number(stream) };
  try {
    return { kind: "topic", stream: Number(stream), topic: decodeURIComponent(topic) };
  } catch {
    return null;
  }
}

/** `general`, `general>deploys today`: how Zulip itself writes it between `#**` and `**`. */
export const toHandle = (channel: string, topic?: string): string =>
  topic === undefined ? channel : `${channel}>${topic}`;

export function placeOf(message: Pick<WireMessage, "stream_id" | "subject" | "display_recipient">): Place {
  const { display_recipient, stream_id, subject } = message;
  if (typeof display_recipient !== "string") return { kind: "direct", users: display_recipient.map(({ id }) => id) };
  return { kind: "topic", stream: stream_id ?? 0, topic: subject };
}

export function toEventRoom(place: Place, channel?: string): EventRoom {
  const id = toRoomId(place);
  if (place.kind === "direct") return { id, kind: place.users.length > 2 ? "group" : "direct" };
  const topic = place.kind === "topic" ? place.topic : undefined;
  return {
    id,
    kind: "channel",
    ...(channel === undefined ? {} : { handle: toHandle(channel, topic), name: topic ?? channel }),
    ...(topic === undefined ? {} : { parent: String(place.stream) }),
  };
}

export function toNarrow(place: Place): Narrow[] {
  if (place.kind === "direct") return [{ operator: "dm", operand: place.users }];
  const channel: Narrow = { operator: "channel", operand: place.stream };
  return place.kind === "topic" ? [channel, { operator: "topic", operand: place.topic }] : [channel];
}

/** Whether a message of `inner` is one of `outer`. */
export function holds(outer: Place, inner: Place): boolean {
  if (outer.kind === "channel") return inner.kind !== "direct" && inner.stream === outer.stream;
  return toRoomId(outer) === toRoomId(inner);
}
