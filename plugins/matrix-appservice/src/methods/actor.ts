import { BotyardError } from "@botyard/sdk";
import type { Context } from "../context.ts";
import { markEffect } from "../effect.ts";
import { ensureJoined, ensureRegistered, inRoom } from "../intent.ts";
import { defaultLevels, levelOf, neededFor } from "../power.ts";
import { getStateEvent } from "../api-rooms.ts";
import * as api from "../api.ts";
import { originOf, type Origin } from "../room-state.ts";
import { orUndefined, refusedWith, type Caller } from "../request.ts";
import { sendOnce } from "../sent.ts";
import { readTransaction } from "../transactions.ts";
import { errcodes, type JsonObject } from "../wire.ts";

/** Somebody of ours that does something once: a ghost, the sender, or a person with a token of their own. */
export interface Actor {
  readonly context: Context;
  readonly user: string;
  readonly signal: AbortSignal;
  /** Names this doing over all its attempts; transaction ids and marks are made of it. */
  readonly effectId: string;
  /** Counts from 1. */
  readonly attempt: number;
}

/** How an event is written; `timestampMs` and `externalUrl` for bridges. */
export interface WriteOptions {
  /** Unix milliseconds: dates the event. Taken from application services only, for sends and state. */
  readonly timestampMs?: number | undefined;
  /** Where the event is in the other network: `external_url` of its content. */
  readonly externalUrl?: string | undefined;
}

/** Key that says which application service wrote in a person's name, as other bridges spell it. */
export const puppetKey = "fi.mau.double_puppet_source";

export const callerOf = ({ context, user, signal }: Actor): Promise<Caller> => context.caller(user, signal);

/** Calls as the user, who exists first. */
export async function registered(actor: Actor): Promise<Caller> {
  await ensureRegistered(actor.context, actor.user, { signal: actor.signal });
  return callerOf(actor);
}

/** Works as the user, who exists first; one that the homeserver has forgotten is made again, and it is tried once more. */
export async function asUser<T>(actor: Actor, work: (on: Caller) => Promise<T>): Promise<T> {
  const on = await registered(actor);
  try {
    return await work(on);
  } catch (error) {
    if (!refusedWith(error, errcodes.forbidden)) throw error;
    const { context, user, signal } = actor;
    // Whoever exists was refused for another reason.
    if ((await ensureRegistered(context, user, { signal, fresh: true })) !== "made") throw error;
    return work(on);
  }
}

/** Works in a room as the user, who is in there first. */
export async function joined<T>(actor: Actor, room: string, work: (on: Caller) => Promise<T>): Promise<T> {
  const { context, user, signal } = actor;
  await ensureJoined(context, user, room, { signal });
  return inRoom(context, user, room, signal, work);
}

/** Where a room comes from; `undefined` where that may not be read. */
async function originIn(actor: Actor, on: Caller, room: string): Promise<Origin | undefined> {
  const { memory } = actor.context;
  const known = await memory.origin(room);
  if (known !== undefined) return known;
  try {
    const [event] = readTransaction("", {
      events: [{ room_id: room, event_id: "$create", ...(await getStateEvent(on, room, "m.room.create")) }],
    }).events;
    if (event === undefined) return undefined;
    const origin = originOf(event);
    await memory.setOrigin(room, origin);
    return origin;
  } catch (error) {
    if (refusedWith(error, errcodes.forbidden, errcodes.notFound)) return undefined;
    throw error;
  }
}

/** Power levels of a room, from memory unless `fresh`; the specification's where the room has none. */
export async function levelsIn(actor: Actor, on: Caller, room: string, fresh = false): Promise<JsonObject> {
  const { memory } = actor.context;
  const known = fresh ? undefined : await memory.levels(room);
  if (known !== undefined) return known;
  const found = await orUndefined(api.getState(on, room, "m.room.power_levels"));
  const levels = found ?? defaultLevels(await originIn(actor, on, room));
  await memory.setLevels(room, levels);
  return levels;
}

/**
 * Refuses before anything is sent what the room's power levels do not let the user do. What is remembered may be old,
 * so that a refusal always rests on a fresh reading. Throws `forbidden`.
 */
async function mustReach(actor: Actor, on: Caller, room: string, type: string, state: boolean): Promise<void> {
  if (type === "m.room.member") return;
  const origin = await originIn(actor, on, room);
  for (const fresh of [false, true]) {
    const levels = await readable(levelsIn(actor, on, room, fresh));
    // What may not be read decides nothing: the homeserver will.
    if (levels === undefined) return;
    const [have, needed] = [levelOf(levels, origin, actor.user), neededFor(levels, type, state)];
    if (have >= needed) return;
    if (fresh)
      throw new BotyardError(
        "forbidden",
        `${actor.user} has power level ${have} in this room; ${type} takes ${needed}`,
        { upstream: { code: errcodes.forbidden }, fix: `raise ${actor.user} to ${needed} in the room's power levels` },
      );
  }
}

async function readable<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (refusedWith(error, errcodes.forbidden)) return undefined;
    throw error;
  }
}

/** Content as it goes out: marked with the effect, and in a person's name with who wrote it for them. */
export function marked(actor: Actor, content: JsonObject, { externalUrl }: WriteOptions = {}): JsonObject {
  const puppet = actor.context.realUsers.has(actor.user) ? { [puppetKey]: actor.context.service.id } : {};
  const external = externalUrl === undefined ? {} : { external_url: externalUrl };
  return { ...content, ...puppet, ...external };
}

/** Sends an event once, however often it is tried: joined and allowed first. Answers its id. */
export function sendEvent(
  actor: Actor,
  room: string,
  type: string,
  content: JsonObject,
  options: WriteOptions & { readonly part?: string } = {},
): Promise<string> {
  const { context, effectId, attempt } = actor;
  const id = options.part === undefined ? effectId : `${effectId}.${options.part}`;
  return joined(actor, room, async (on) => {
    await mustReach(actor, on, room, type, false);
    return sendOnce(on, { room, effectId: id, attempt, now: context.serverClock.now }, (txnId) =>
      api.send(on, room, type, txnId, markEffect(marked(actor, content, options), id), options.timestampMs),
    );
  });
}

/** Sets a piece of state, joined and allowed first, and remembers it. The same content again makes no event. Answers the event's id. */
export function setState(
  actor: Actor,
  room: string,
  type: string,
  key: string,
  content: JsonObject,
  options: WriteOptions = {},
): Promise<string> {
  return joined(actor, room, async (on) => {
    await mustReach(actor, on, room, type, true);
    const written = marked(actor, content, options);
    const { event_id: id } = await api.putState(on, room, type, key, written, options.timestampMs);
    await learnState(actor, room, type, key, written);
    return id;
  });
}

/** What a successful call of ours taught. */
export async function learnState(
  actor: Actor,
  room: string,
  type: string,
  key: string,
  content: JsonObject,
): Promise<void> {
  const { context, user } = actor;
  // Content alone does not tell who made a room.
  if (type === "m.room.create") return;
  const { owns } = await context.identity();
  const event = { type, room_id: room, state_key: key, sender: user, event_id: "", origin_server_ts: 0, content };
  await context.memory.exclusive(async () => {
    const pending = new Map<string, unknown>();
    await context.memory.learn(event, owns, pending);
    if (pending.size === 0) return;
    await context.host.store.put(Object.fromEntries(pending));
    context.memory.keep(pending);
  });
}

/** Redacts once; marked like what is sent, so that its echo is known for ours. */
export function redactEvent(actor: Actor, room: string, event: string, reason?: string): Promise<string> {
  const { context, effectId, attempt } = actor;
  return joined(actor, room, async (on) => {
    await mustReach(actor, on, room, "m.room.redaction", false);
    return sendOnce(on, { room, effectId, attempt, now: context.serverClock.now }, (txnId) =>
      api.redact(on, room, event, txnId, markEffect(marked(actor, reason === undefined ? {} : { reason }), effectId)),
    );
  });
}
