import { isObject, objectOf, type JsonObject } from "../wire.ts";
import { refuse, stateOf, type SimRoom } from "./model.ts";

const eventLevels = {
  "m.room.avatar": 50,
  "m.room.canonical_alias": 50,
  "m.room.encryption": 100,
  "m.room.history_visibility": 100,
  "m.room.name": 50,
  "m.room.power_levels": 100,
  "m.room.server_acl": 100,
  "m.room.tombstone": 100,
};

/** Creators of rooms of version 12 and later stand above every level. */
export const creatorsRule = (version: string): boolean => Number(version) >= 12;

export function defaultPowerLevels(
  creator: string,
  version: string,
  preset: string,
  invited: readonly string[],
): JsonObject {
  const peers = preset === "trusted_private_chat" ? [creator, ...invited] : [creator];
  return {
    ban: 50,
    events: { ...eventLevels, ...(creatorsRule(version) ? { "m.room.tombstone": 150 } : {}) },
    events_default: 0,
    historical: 100,
    invite: preset === "public_chat" ? 50 : 0,
    kick: 50,
    ...(preset === "public_chat" ? { "m.call.invite": 50 } : {}),
    redact: 50,
    state_default: 50,
    users: creatorsRule(version) ? {} : Object.fromEntries(peers.map((user) => [user, 100])),
    users_default: 0,
  };
}

const number = (value: unknown, fallback: number): number => (typeof value === "number" ? value : fallback);

/** Level of a user. Without power levels the creator has 100. @see https://spec.matrix.org/v1.19/client-server-api/#mroompower_levels */
export function levelOf(room: SimRoom, user: string): number {
  if (creatorsRule(room.version) && user === room.creator) return Number.POSITIVE_INFINITY;
  const levels = stateOf(room, "m.room.power_levels")?.content;
  if (levels === undefined) return user === room.creator ? 100 : 0;
  return number(objectOf(levels["users"])[user], number(levels["users_default"], 0));
}

export function neededFor(room: SimRoom, action: "ban" | "invite" | "kick" | "redact"): number {
  return number(stateOf(room, "m.room.power_levels")?.content[action], action === "invite" ? 0 : 50);
}

/** Refuses who may not post an event of this type. */
export function mustReach(room: SimRoom, user: string, type: string, state: boolean): void {
  const levels = objectOf(stateOf(room, "m.room.power_levels")?.content);
  const fallback = state ? number(levels["state_default"], 50) : number(levels["events_default"], 0);
  const needed = number(objectOf(levels["events"])[type], fallback);
  const have = levelOf(room, user);
  if (have < needed)
    refuse(
      403,
      "M_FORBIDDEN",
      `You don't have permission to post that to the room. user_level (${have}) < send_level (${needed})`,
    );
}

/** Refuses power levels that are malformed or raise somebody above the one who sets them. */
export function checkPowerLevels(room: SimRoom, user: string, content: JsonObject): void {
  const users = objectOf(content["users"]);
  for (const [name, level] of Object.entries(users)) {
    if (!Number.isInteger(level))
      refuse(
        400,
        "M_BAD_JSON",
        `"${name}": ${JSON.stringify(level)?.replaceAll('"', "'") ?? "None"} is not of type 'integer'`,
      );
  }
  if (creatorsRule(room.version) && room.creator in users)
    refuse(400, "M_UNKNOWN", `Creator user ${room.creator} must not appear in content.users`);
  mustReach(room, user, "m.room.power_levels", true);
  const have = levelOf(room, user);
  const before = objectOf(objectOf(stateOf(room, "m.room.power_levels")?.content)["users"]);
  for (const [name, level] of Object.entries(users)) {
    if (level !== before[name] && typeof level === "number" && level > have)
      refuse(403, "M_FORBIDDEN", "You don't have permission to add ops level greater than your own");
  }
  if (!isObject(content["users"]) && content["users"] !== undefined)
    refuse(400, "M_BAD_JSON", "'users' is not of type 'object'");
}
