import { type AnyOperation, BotyardError, type Effect, type Grant, type KeyPreset, operations } from "@botyard/sdk";
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
  "users.read",
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
  operator: ["*", "!keys.*", "!audit.*", "keys.whoami", "!service.backup", "!plugins.write", "!act.*"],
  admin: ["*"],
};

/** Names of rights that are no operations: acting as somebody who is no managed bot, and notifying a whole room. */
export const pseudoOperations = ["act.user", "act.account", "act.mention-room", "webhooks.private"] as const;

/** What decides about an operation beside its name. */
export type About = Pick<AnyOperation, "effect" | "raw">;

/** `events.read`: whatever reads of a noun; `rooms.write`: whatever does not. */
function fitsEffect(pattern: string, name: string, effect: Effect | undefined): boolean {
  const [noun, kind] = pattern.split(".");
  if (effect === undefined || (kind !== "read" && kind !== "write") || !name.startsWith(`${noun}.`)) return false;
  return (effect === "read") === (kind === "read");
}

function fits(pattern: string, name: string, effect: Effect | undefined): boolean {
  if (pattern === "*" || pattern === name) return true;
  return (pattern.endsWith(".*") && name.startsWith(pattern.slice(0, -1))) || fitsEffect(pattern, name, effect);
}

/**
 * Whether a grant holds an operation, or one of `pseudoOperations`. Patterns: `*`, `messages.*`, `messages.send`,
 * `events.read`, `rooms.write`; `!` before one takes away again. A raw operation has to be named: only a key that may do
 * everything everywhere holds it without. `about` is needed for operations of a platform's own only.
 */
export function allowsOperation(grant: Grant, name: string, about: About | undefined = operations[name]): boolean {
  const raw = about?.raw === true;
  let allowed = raw && isAdmin(grant);
  for (const pattern of grant.operations) {
    if (pattern.startsWith("!")) {
      if (fits(pattern.slice(1), name, about?.effect)) allowed = false;
    } else if (raw ? pattern === name : fits(pattern, name, about?.effect)) allowed = true;
  }
  return allowed;
}

/** Whether a pattern means anything: one of the names fits it. */
export function meansSomething(pattern: string, names: ReadonlyMap<string, { readonly effect: Effect }>): boolean {
  const bare = pattern.replace(/^!/, "");
  if (bare === "*" || pseudoOperations.some((name) => fits(bare, name, undefined))) return true;
  return [...names].some(([name, { effect }]) => fits(bare, name, effect));
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

/** Named so that a grant can hold it; `*` does not: whoever may do everything somewhere is not yet trusted with our network. */
export const privateWebhooks = "webhooks.private";

/** Whether webhooks of a key may go to this machine and to private networks. */
export function mayReachPrivate(grant: Grant): boolean {
  return isAdmin(grant) || grant.operations.includes(privateWebhooks);
}

/** Says what the key may not do and what it may; the same whether the thing exists or not. */
export function refuse(principal: Principal, operation: string, where?: string): BotyardError {
  const { grant } = principal;
  const allowed = {
    ...(where === undefined ? { operations: grant.operations } : {}),
    ...(grant.connections ? { connections: grant.connections } : {}),
    ...(grant.bots ? { bots: grant.bots } : {}),
    ...(grant.rooms ? { rooms: grant.rooms.map((room) => grant.names?.[room] ?? room) } : {}),
  };
  return new BotyardError(
    "forbidden",
    `key "${principal.name}" may not use ${operation}${where ? ` in ${where}` : ""}`,
    { allowed },
  );
}
