import type { EventDraft } from "@botyard/sdk";
import { decodeContent, decodeCreated, iso } from "./decode.ts";
import type { Names } from "./directory.ts";
import { toEmoji } from "./emoji.ts";
import { placeOf, toEventRoom, type Place } from "./places.ts";
import type { Caller } from "./request.ts";
import { remember, type State } from "./state.ts";
import type { WireEvent, WireMessage } from "./wire.ts";

type Of<T extends WireEvent["type"]> = Extract<WireEvent, { readonly type: T }>;

/** What an event is decoded with. */
export interface Decoding {
  readonly names: Names;
  /** Where a message was said, as far as that is known: an event about one names its id only. */
  known(message: number): Place | undefined;
  /** Likewise, and asks where it is not known; null where it is not to be seen any more. */
  placeOf(message: number): Promise<Place | null>;
  /** A message that an event shows, with the key that came back with it. */
  meet(message: WireMessage, key: string | undefined): void;
}

/** Of what comes now: the server is asked, and what is learnt is remembered. */
export function decodingNow(state: State, on: Caller): Decoding {
  return {
    names: state.directory,
    known: (message) => state.places.get(message),
    async placeOf(id) {
      const known = state.places.get(id);
      if (known) return known;
      try {
        const place = placeOf(await state.api.message(on, id));
        remember(state.places, id, place);
        return place;
      } catch {
        return null;
      }
    },
    meet(message, key) {
      remember(state.places, message.id, placeOf(message));
      if (key !== undefined) remember(state.echoes, key, { message: message.id, time: iso(message.timestamp) });
    },
  };
}

/** Of kept events: they tell of themselves, else what is known counts; nobody is asked and nothing remembered. */
export function decodingKept({ directory, places }: Pick<State, "directory" | "places">): Decoding {
  const own = new Map<number, Place>();
  const known = (id: number): Place | undefined => own.get(id) ?? places.get(id);
  return {
    names: directory.known,
    known,
    placeOf: async (id) => known(id) ?? null,
    meet: (message) => void own.set(message.id, placeOf(message)),
  };
}

const roomOf = (place: Place | null, channel?: string) => (place ? toEventRoom(place, channel) : null);

/** One event of a queue. Nothing is dropped but heartbeats: a kind nobody knows is stored as `platform.unknown`. */
export async function decodeEvent(on: Decoding, event: WireEvent, now: string): Promise<EventDraft[]> {
  switch (event.type) {
    case "heartbeat":
      return [];
    case "message": {
      on.meet(event.message, event.local_message_id);
      return [await decodeCreated(event.message, on.names, event.local_message_id)];
    }
    case "update_message":
      return [await updated(on, event)];
    case "delete_message":
      return deleted(on, event, now);
    case "reaction":
      return [await reacted(on, event, now)];
    case "typing":
      return [typed(event, now)];
    case "subscription":
      if (event.op === "peer_add" || event.op === "peer_remove") return subscribed(event, now);
      return [unknown(now)];
    default:
      return [unknown(now)];
  }
}

const unknown = (now: string): EventDraft => ({
  key: null,
  type: "platform.unknown",
  time: now,
  room: null,
  actor: null,
});

async function updated(on: Decoding, event: Of<"update_message">): Promise<EventDraft> {
  const { message_id, user_id, edit_timestamp, content, orig_content, rendering_only, stream_name } = event;
  const id = String(message_id);
  const time = iso(edit_timestamp);
  const room = roomOf(await on.placeOf(message_id), stream_name);
  // A move to another topic, or a preview that was added: the text is what it was.
  if (rendering_only || content === undefined || orig_content === undefined)
    return {
      key: { kind: "change", id, revision: String(edit_timestamp) },
      type: "platform.unknown",
      time,
      room,
      actor: null,
    };
  return {
    // Two edits may fall into one second.
    key: { kind: "update", id, revision: `${edit_timestamp}/${hash(content)}` },
    type: "message.updated",
    time,
    room,
    actor: user_id === null ? null : { id: String(user_id), kind: await kindOf(on.names, user_id) },
    message: { id, editedAt: time },
    content: await decodeContent(content, on.names),
  };
}

async function kindOf(names: Names, user: number): Promise<"bot" | "user" | "unknown"> {
  const found = await names.user(user);
  return found === undefined ? "unknown" : found.is_bot ? "bot" : "user";
}

function deleted(on: Decoding, { message_ids, stream_id, topic }: Of<"delete_message">, now: string): EventDraft[] {
  const named = stream_id === undefined ? null : ({ kind: "topic", stream: stream_id, topic: topic ?? "" } as const);
  return message_ids.map((id) => ({
    key: { kind: "delete", id: String(id) },
    type: "message.deleted",
    time: now,
    room: roomOf(named ?? on.known(id) ?? null),
    actor: null,
    message: { id: String(id) },
  }));
}

async function reacted(on: Decoding, event: Of<"reaction">, now: string): Promise<EventDraft> {
  return {
    key: null,
    type: event.op === "add" ? "reaction.added" : "reaction.removed",
    time: now,
    room: roomOf(await on.placeOf(event.message_id)),
    actor: { id: String(event.user_id), kind: await kindOf(on.names, event.user_id) },
    message: { id: String(event.message_id) },
    reaction: { emoji: toEmoji(event) },
  };
}

function typed({ sender, stream_id, topic = "", recipients = [], op }: Of<"typing">, now: string): EventDraft {
  const people = [...new Set([sender.user_id, ...recipients.map(({ user_id }) => user_id)])];
  const place: Place =
    stream_id === undefined ? { kind: "direct", users: people } : { kind: "topic", stream: stream_id, topic };
  const actor = { id: String(sender.user_id), kind: "unknown" } as const;
  return { key: null, type: "typing", time: now, room: toEventRoom(place), actor, native: { typing: op === "start" } };
}

function subscribed({ op, stream_ids, user_ids }: Of<"subscription">, now: string): EventDraft[] {
  const membership = op === "peer_add" ? "joined" : "left";
  return stream_ids.flatMap((stream) =>
    user_ids.map((user): EventDraft => ({
      key: null,
      type: op === "peer_add" ? "member.joined" : "member.left",
      time: now,
      room: toEventRoom({ kind: "channel", stream }),
      actor: null,
      member: { user: String(user), name: null, membership },
    })),
  );
}

/** Tells two texts of one second apart; no more is asked of it. */
function hash(text: string): string {
  let value = 5381;
  for (let i = 0; i < text.length; i++) value = (Math.imul(value, 33) ^ text.charCodeAt(i)) >>> 0;
  return value.toString(36);
}
