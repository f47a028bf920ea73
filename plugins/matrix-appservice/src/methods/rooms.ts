import { BotyardError, isBotyardError } from "@botyard/sdk";
import * as api from "../api.ts";
import * as roomApi from "../api-rooms.ts";
import { checkAlias } from "../ids.ts";
import { orUndefined, refusedWith } from "../request.ts";
import { errcodes, isObject, type JsonObject, type WireCreateRoom } from "../wire.ts";
import { asUser, callerOf, joined, learnState, levelsIn, setState, type Actor, type WriteOptions } from "./actor.ts";

export const setName = (actor: Actor, room: string, name: string, options?: WriteOptions): Promise<string> =>
  setState(actor, room, "m.room.name", "", { name }, options);

export const setTopic = (actor: Actor, room: string, topic: string, options?: WriteOptions): Promise<string> =>
  setState(actor, room, "m.room.topic", "", { topic }, options);

/** `null` takes the picture away. */
export const setAvatar = (actor: Actor, room: string, url: string | null, options?: WriteOptions): Promise<string> =>
  setState(actor, room, "m.room.avatar", "", url === null ? {} : { url }, options);

/** Any text is sent: servers know more rules than lists of them do. */
export const setJoinRule = (actor: Actor, room: string, rule: string, options?: WriteOptions): Promise<string> =>
  setState(actor, room, "m.room.join_rules", "", { join_rule: rule }, options);

export const getPowerLevels = (actor: Actor, room: string, ignoreCache = false): Promise<JsonObject> =>
  joined(actor, room, (on) => levelsIn(actor, on, room, ignoreCache));

/** Replaces all of them. */
export const setPowerLevels = (
  actor: Actor,
  room: string,
  levels: JsonObject,
  options?: WriteOptions,
): Promise<string> => setState(actor, room, "m.room.power_levels", "", levels, options);

const pinsType = "m.room.pinned_events";

/** In the order they were pinned; empty where nothing was. */
export const getPins = (actor: Actor, room: string): Promise<readonly string[]> =>
  joined(actor, room, async (on) => {
    const pinned = (await orUndefined(api.getState(on, room, pinsType)))?.["pinned"];
    return Array.isArray(pinned) ? pinned.filter((id) => typeof id === "string") : [];
  });

/** Replaces all pins. */
export const setPins = (
  actor: Actor,
  room: string,
  events: readonly string[],
  options?: WriteOptions,
): Promise<string> =>
  actor.context.serial(room, () => setState(actor, room, pinsType, "", { pinned: [...events] }, options));

/** Adds a pin; two at once both stay. False when it was pinned before: then nothing is written. */
export const pin = (actor: Actor, room: string, event: string): Promise<boolean> =>
  actor.context.serial(room, async () => {
    const pins = await getPins(actor, room);
    if (pins.includes(event)) return false;
    await setState(actor, room, pinsType, "", { pinned: [...pins, event] });
    return true;
  });

/** False when it was not pinned: then nothing is written. */
export const unpin = (actor: Actor, room: string, event: string): Promise<boolean> =>
  actor.context.serial(room, async () => {
    const pins = await getPins(actor, room);
    if (!pins.includes(event)) return false;
    await setState(actor, room, pinsType, "", { pinned: pins.filter((id) => id !== event) });
    return true;
  });

/** Content of a piece of state; `undefined` where there is none. */
export const getState = (actor: Actor, room: string, type: string, key = ""): Promise<JsonObject | undefined> =>
  joined(actor, room, async (on) => {
    const content = await orUndefined(api.getState(on, room, type, key));
    if (content !== undefined) await learnState(actor, room, type, key, content);
    return content;
  });

/** All state events of a room, as the homeserver gives them. */
export const getAllState = (actor: Actor, room: string): Promise<readonly JsonObject[]> =>
  joined(actor, room, async (on) => (await roomApi.getAllState(on, room)).filter(isObject));

/** Makes a room; not idempotent. Answers its id. */
export async function createRoom(actor: Actor, wish: WireCreateRoom): Promise<string> {
  const { room_id: room } = await asUser(actor, (on) => api.createRoom(on, wish));
  await actor.context.memory.setMembership(room, actor.user, "join");
  return room;
}

function mustBeAlias(alias: string): void {
  const wrong = checkAlias(alias);
  if (wrong !== undefined)
    throw new BotyardError("invalid", wrong, { issues: [{ path: "alias", expected: "#name:server" }] });
}

/** Where the alias names this room already nothing happens; another room's is `conflict`, unless `override`. Answers whether it is new. */
export async function addAlias(actor: Actor, room: string, alias: string, override = false): Promise<boolean> {
  mustBeAlias(alias);
  return asUser(actor, async (on) => {
    try {
      await roomApi.putAlias(on, alias, room);
      return true;
    } catch (error) {
      if (!isBotyardError(error) || error.code !== "conflict") throw error;
      const { room_id: now } = await api.resolveAlias(on, alias);
      if (now === room) return false;
      if (!override) throw error;
      await roomApi.deleteAlias(on, alias);
      await roomApi.putAlias(on, alias, room);
      return true;
    }
  });
}

/** False when there was no such alias. */
export async function removeAlias(actor: Actor, alias: string): Promise<boolean> {
  mustBeAlias(alias);
  try {
    await asUser(actor, (on) => roomApi.deleteAlias(on, alias));
    return true;
  } catch (error) {
    if (refusedWith(error, errcodes.notFound)) return false;
    throw error;
  }
}

/** Throws `not_found`. */
export async function resolveAlias(actor: Actor, alias: string): Promise<string> {
  mustBeAlias(alias);
  return (await api.resolveAlias(await callerOf(actor), alias)).room_id;
}

export const getAliases = (actor: Actor, room: string): Promise<readonly string[]> =>
  joined(actor, room, async (on) => (await roomApi.roomAliases(on, room)).aliases ?? []);

export async function getVisibility(actor: Actor, room: string): Promise<"public" | "private"> {
  return (await roomApi.getVisibility(await callerOf(actor), room)).visibility ?? "private";
}

/** Lists a room in the server's directory, or with `network` in that of a network of ours. */
export async function setVisibility(
  actor: Actor,
  room: string,
  visibility: "public" | "private",
  network?: string,
): Promise<void> {
  if (network === undefined)
    return joined(actor, room, async (on) => void (await roomApi.putVisibility(on, room, visibility)));
  await asUser(actor, (on) => roomApi.putNetworkVisibility(on, network, room, visibility));
}
