import type { Origin } from "./room-state.ts";
import { objectOf, type JsonObject } from "./wire.ts";

/*
 * Who may do what in a room, as a homeserver decides it. Pure.
 *
 * @see https://spec.matrix.org/v1.19/client-server-api/#mroompower_levels
 */

const number = (value: unknown, fallback: number): number =>
  typeof value === "number"
    ? value
    : typeof value === "string" && /^\s*[+-]?\d+\s*$/.test(value)
      ? Number(value)
      : fallback;

/** Creators of rooms of version 12 and later stand above every level. */
const creatorsRule = (version: string): boolean => Number(version) >= 12;

/** What the specification says where a room has no power levels. */
export function defaultLevels(origin: Origin | undefined): JsonObject {
  const [creator] = origin?.creators ?? [];
  return {
    ban: 50,
    kick: 50,
    redact: 50,
    invite: 0,
    events: {},
    events_default: 0,
    state_default: 0,
    users: creator === undefined || creatorsRule(origin?.version ?? "1") ? {} : { [creator]: 100 },
    users_default: 0,
  };
}

/** Level of a user. */
export function levelOf(levels: JsonObject, origin: Origin | undefined, user: string): number {
  if (origin !== undefined && creatorsRule(origin.version) && origin.creators.includes(user))
    return Number.POSITIVE_INFINITY;
  return number(objectOf(levels["users"])[user], number(levels["users_default"], 0));
}

/** Level that posting an event of this type takes. */
export function neededFor(levels: JsonObject, type: string, state: boolean): number {
  const fallback = state ? number(levels["state_default"], 50) : number(levels["events_default"], 0);
  return number(objectOf(levels["events"])[type], fallback);
}
