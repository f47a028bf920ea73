import { BotyardError, type Grant, type KeyPreset } from "@botyard/sdk";
import type { Principal } from "../runtime-types.ts";

const reads = [
  "connections.list",
  "connections.get",
  "connections.capabilities",
  "bots.list",
  "bots.get",
  "bots.get-icon",
  "rooms.list",
  "rooms.get",
  "rooms.list-bots",
  "members.list",
  "messages.list",
  "messages.get",
  "reactions.list",
  "files.download",
  "users.*",
  "events.*",
  "consumers.*",
  "gaps.list",
  "service.status",
  "keys.whoami",
];

/** Operations of each preset. `!` takes away again; the last pattern that fits decides. */
export const presets: Readonly<Record<KeyPreset, readonly string[]>> = {
  reader: reads,
  bot: [...reads, "messages.*", "reactions.*", "files.*", "rooms.open-direct", "ledger.*"],
  operator: ["*", "!keys.*", "!audit.*", "keys.whoami", "!act.*"],
  admin: ["*"],
};

function fits(pattern: string, name: string): boolean {
  return pattern === "*" || pattern === name || (pattern.endsWith(".*") && name.startsWith(pattern.slice(0, -1)));
}

/** Whether a grant holds an operation; `act.user` and `act.account` stand for acting as someone who is no managed bot. */
export function allowsOperation(grant: Grant, name: string): boolean {
  let allowed = false;
  for (const pattern of grant.operations) {
    if (pattern.startsWith("!")) {
      if (fits(pattern.slice(1), name)) allowed = false;
    } else if (fits(pattern, name)) allowed = true;
  }
  return allowed;
}

const connectionOf = (address: string): string => address.slice(0, address.indexOf("/"));

export function allowsConnection(grant: Grant, connection: string): boolean {
  if (grant.connections && !grant.connections.includes(connection)) return false;
  if (grant.bots && !grant.bots.some((bot) => connectionOf(bot) === connection)) return false;
  return true;
}

export function allowsBot(grant: Grant, connection: string, handle: string): boolean {
  return allowsConnection(grant, connection) && (!grant.bots || grant.bots.includes(`${connection}/${handle}`));
}

export function allowsRoom(grant: Grant, connection: string, room: string): boolean {
  return allowsConnection(grant, connection) && (!grant.rooms || grant.rooms.includes(`${connection}/${room}`));
}

/** Whether nothing but the operations is limited. */
export function seesAll(grant: Grant): boolean {
  return !grant.connections && !grant.bots && !grant.rooms;
}

/** Whether a key may do everything everywhere; `operator` and keys for some bots are not such. */
export function isAdmin(grant: Grant): boolean {
  return grant.operations.length === 1 && grant.operations[0] === "*" && seesAll(grant);
}

/** Says what the key may not do and what it may; the same whether the thing exists or not. */
export function refuse(principal: Principal, operation: string, where?: string): BotyardError {
  const { grant } = principal;
  const allowed = {
    ...(where === undefined ? { operations: grant.operations } : {}),
    ...(grant.connections ? { connections: grant.connections } : {}),
    ...(grant.bots ? { bots: grant.bots } : {}),
    ...(grant.rooms ? { rooms: grant.rooms } : {}),
  };
  return new BotyardError(
    "forbidden",
    `key "${principal.name}" may not use ${operation}${where ? ` in ${where}` : ""}`,
    { allowed },
  );
}
