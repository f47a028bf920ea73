import { BotyardError } from "@botyard/sdk";
import * as api from "../api.ts";
import * as roomApi from "../api-rooms.ts";
import { encodeMessage, encodeReaction, type Outgoing } from "../encode.ts";
import { refusedWith } from "../request.ts";
import { isObject, type JsonObject } from "../wire.ts";
import { callerOf, joined, sendEvent, type Actor, type WriteOptions } from "./actor.ts";

/** What a message helper writes beside its text. */
export interface TextOptions extends WriteOptions {
  /** HTML of the same text. */
  readonly html?: string | undefined;
  readonly replyTo?: string | undefined;
  readonly thread?: string | undefined;
}

/** Content of a text, notice or emote; with HTML alone the plain text is made of it. */
export function textContent(
  msgtype: NonNullable<Outgoing["msgtype"]>,
  text: string | undefined,
  { html, replyTo, thread }: TextOptions = {},
): JsonObject {
  const place = { replyTo, thread, msgtype };
  if (html === undefined) return encodeMessage({ text: text ?? "", ...place });
  const content = encodeMessage({ text: html, format: "html", ...place });
  return text === undefined ? content : { ...content, body: text };
}

export const sendText = (
  actor: Actor,
  room: string,
  msgtype: NonNullable<Outgoing["msgtype"]>,
  text: string | undefined,
  options: TextOptions = {},
): Promise<string> => sendEvent(actor, room, "m.room.message", textContent(msgtype, text, options), options);

export interface FileOptions extends WriteOptions {
  readonly name?: string | undefined;
  readonly mediaType?: string | undefined;
  /** Bytes. */
  readonly size?: number | undefined;
  readonly caption?: string | undefined;
}

/** Sends an uploaded file; images, audio and video are shown as such. */
export function sendFile(actor: Actor, room: string, uri: string, options: FileOptions = {}): Promise<string> {
  const { name, mediaType, size, caption } = options;
  const file = {
    id: uri,
    name: name ?? null,
    ...(mediaType === undefined ? {} : { mediaType }),
    ...(size === undefined ? {} : { size }),
  };
  return sendEvent(actor, room, "m.room.message", encodeMessage({ text: caption ?? "", files: [file] }), options);
}

/** Answers the reaction's id; `null` where the user has reacted so already. */
export async function react(
  actor: Actor,
  room: string,
  event: string,
  emoji: string,
  options: WriteOptions = {},
): Promise<string | null> {
  try {
    return await sendEvent(actor, room, "m.reaction", encodeReaction(event, emoji), options);
  } catch (error) {
    if (refusedWith(error, "M_DUPLICATE_ANNOTATION")) return null;
    throw error;
  }
}

/** An event as the homeserver gives it. Throws `not_found`, also for what may not be seen. */
export async function getEvent(actor: Actor, room: string, event: string): Promise<JsonObject> {
  return api.getEvent(await callerOf(actor), room, event);
}

export interface Around {
  readonly event: JsonObject | null;
  /** Newest first. */
  readonly before: readonly JsonObject[];
  /** Oldest first. */
  readonly after: readonly JsonObject[];
  readonly state: readonly JsonObject[];
  readonly start: string | null;
  readonly end: string | null;
}

/** What stands around an event. */
export async function getContext(actor: Actor, room: string, event: string, limit = 10): Promise<Around> {
  const found = await roomApi.getContext(await callerOf(actor), room, event, limit);
  const list = (value: readonly unknown[] | undefined): JsonObject[] => (value ?? []).filter(isObject);
  return {
    event: isObject(found.event) ? found.event : null,
    before: list(found.events_before),
    after: list(found.events_after),
    state: list(found.state),
    start: found.start ?? null,
    end: found.end ?? null,
  };
}

export interface HistoryPage {
  readonly events: readonly JsonObject[];
  readonly start: string;
  /** Absent at the end. */
  readonly end?: string;
}

/** A page of a room's history; `dir` `b` goes back in time from the end, `f` forth from the beginning. */
export function getMessages(
  actor: Actor,
  room: string,
  page: {
    readonly dir?: "b" | "f" | undefined;
    readonly limit?: number | undefined;
    readonly from?: string | undefined;
  } = {},
): Promise<HistoryPage> {
  return joined(actor, room, async (on) => {
    const { chunk, start, end } = await api.messages(on, room, {
      dir: page.dir ?? "b",
      limit: page.limit ?? 50,
      ...(page.from === undefined ? {} : { from: page.from }),
    });
    return { events: chunk.filter(isObject), start, ...(end === undefined ? {} : { end }) };
  });
}

/** One event of a batch: a message, or state where it has a `stateKey`. */
export interface BatchEvent {
  readonly type: string;
  readonly sender: string;
  readonly timestampMs: number;
  readonly content: JsonObject;
  readonly stateKey?: string | undefined;
}

export interface BatchOptions {
  readonly batchId?: string | undefined;
  readonly stateEventsAtStart?: readonly BatchEvent[] | undefined;
  /** Where the server has no batches: sends each event by itself with its time, after what is there. Marked `emulated`. */
  readonly emulate?: boolean | undefined;
}

export interface Batch {
  readonly eventIds: readonly string[];
  readonly nextBatchId: string | null;
  readonly emulated: boolean;
  /** As the server answered; empty where emulated. */
  readonly native: JsonObject;
}

const toWire = (event: BatchEvent): JsonObject => ({
  type: event.type,
  sender: event.sender,
  origin_server_ts: event.timestampMs,
  content: event.content,
  ...(event.stateKey === undefined ? {} : { state_key: event.stateKey }),
});

/** History before an event, in one go, where the server has MSC2716; else `unsupported`, or sent one by one. */
export async function batchSend(
  actor: Actor,
  room: string,
  prevEventId: string,
  events: readonly BatchEvent[],
  options: BatchOptions = {},
): Promise<Batch> {
  const body = { events: events.map(toWire), state_events_at_start: (options.stateEventsAtStart ?? []).map(toWire) };
  try {
    const native = await roomApi.batchSend(await callerOf(actor), room, prevEventId, options.batchId, body);
    const ids = native["event_ids"];
    const next = native["next_batch_id"];
    return {
      eventIds: Array.isArray(ids) ? ids.filter((id) => typeof id === "string") : [],
      nextBatchId: typeof next === "string" ? next : null,
      emulated: false,
      native,
    };
  } catch (error) {
    if (!refusedWith(error, "M_UNRECOGNIZED")) throw error;
    if (options.emulate !== true)
      throw new BotyardError(
        "unsupported",
        "this homeserver has no batch_send (MSC2716); Synapse dropped it after 1.86",
        { cause: error, instead: "emulate: true sends each event by itself, dated with its time, at the room's end" },
      );
  }
  if ((options.stateEventsAtStart ?? []).length > 0 || events.some(({ stateKey }) => stateKey !== undefined))
    throw new BotyardError("unsupported_param", "state of a batch cannot be emulated: the room has one present only");
  const eventIds: string[] = [];
  for (const [at, event] of events.entries()) {
    const writer = { ...actor, user: event.sender };
    eventIds.push(
      await sendEvent(
        writer,
        room,
        event.type,
        { ...event.content, "dev.botyard.emulated": true },
        {
          timestampMs: event.timestampMs,
          part: String(at),
        },
      ),
    );
  }
  return { eventIds, nextBatchId: null, emulated: true, native: {} };
}
