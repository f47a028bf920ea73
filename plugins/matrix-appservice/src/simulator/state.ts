import type { JsonObject } from "../wire.ts";
import { putMember } from "./members.ts";
import { mustBeInRoom, noPreview, visibleUntil } from "./messages.ts";
import { append, refuse, stateAt, stateKey, stateOf, type SimEvent } from "./model.ts";
import { checkPowerLevels, mustReach } from "./power.ts";
import { bodyOf, param, requester, roomOf, timestampOf, type Call } from "./request.ts";
import { toNewFormat, toOldFormat } from "./wire-format.ts";

function visibleState(call: Call): ReadonlyMap<string, SimEvent> {
  const who = requester(call);
  const room = roomOf(call);
  const until = visibleUntil(room, who);
  if (room === undefined || until === undefined) return noPreview(who, param(call, "room"));
  return until === Number.POSITIVE_INFINITY ? room.state : stateAt(room, until);
}

/** `GET /rooms/{id}/state` */
export function getAllState(call: Call): readonly unknown[] {
  return [...visibleState(call).values()].map((event) => toOldFormat(event, call.world.now()));
}

/** `GET /rooms/{id}/state/{type}/{key}` */
export function getState(call: Call): JsonObject {
  const found =
    visibleState(call).get(stateKey(param(call, "type"), param(call, "key"))) ??
    refuse(404, "M_NOT_FOUND", "Event not found.");
  return call.query.get("format") === "event" ? toNewFormat(found, call.world.now()) : found.content;
}

/** `PUT /rooms/{id}/state/{type}/{key}`: the same content again is no new event. */
export async function putState(call: Call): Promise<JsonObject> {
  const { world } = call;
  const who = requester(call);
  const content = await bodyOf(call);
  const [type, key] = [param(call, "type"), param(call, "key")];
  const room = roomOf(call);
  if (type === "m.room.member" && room !== undefined)
    return { event_id: (await putMember(world, room, who.user, key, content)).event_id };
  mustBeInRoom(room, who, param(call, "room"));
  if (type === "m.room.power_levels") checkPowerLevels(room, who.user, content);
  mustReach(room, who.user, type, true);
  if (key.startsWith("@") && key !== who.user) refuse(403, "M_FORBIDDEN", "You are not allowed to set others state");
  const before = stateOf(room, type, key);
  if (before !== undefined && JSON.stringify(before.content) === JSON.stringify(content))
    return { event_id: before.event_id };
  const event = append(world, room, { type, sender: who.user, stateKey: key, content, ts: timestampOf(call, who) });
  return { event_id: event.event_id };
}

/** `GET /rooms/{id}/members` */
export function getMembers(call: Call): JsonObject {
  const wanted = call.query.get("membership");
  const unwanted = call.query.get("not_membership");
  const chunk = [...visibleState(call).values()].filter(({ type, content }) => {
    const membership = content["membership"];
    return (
      type === "m.room.member" &&
      (wanted === null || membership === wanted) &&
      (unwanted === null || membership !== unwanted)
    );
  });
  return { chunk: chunk.map((event) => toOldFormat(event, call.world.now())) };
}
