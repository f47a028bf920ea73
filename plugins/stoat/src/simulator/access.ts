import { bitsOf, permissionBits, type PermissionName } from "../rules.ts";
import { Guard, isBot, missing, notFound } from "./refusal.ts";
import type { SimChannel, SimServer, World } from "./model.ts";

/** Who asks: a person by session, or a bot by its token. */
export interface Viewer {
  readonly id: string;
  readonly bot: boolean;
  /** Null for bots. */
  readonly session: string | null;
}

const everything = bitsOf(Object.keys(permissionBits) as PermissionName[]);
const inTimeout = bitsOf(["ViewChannel", "ReadMessageHistory"]);

/** A bot's header alone counts where it is there. Throws the 401 of a guard. */
export function viewerOf(world: World, headers: Headers): Viewer {
  const bot = headers.get("x-bot-token");
  if (bot !== null) {
    const found = [...world.bots.values()].find(({ token }) => token === bot && bot !== "");
    if (!found) throw new Guard(401);
    return { id: found._id, bot: true, session: null };
  }
  const token = headers.get("x-session-token") ?? "";
  const session = world.sessions.get(token);
  if (!session || !world.users.has(session.account)) throw new Guard(401);
  return { id: session.account, bot: false, session: token };
}

/** For routes that only people may use. */
export function personOf(world: World, headers: Headers): Viewer {
  const viewer = viewerOf(world, headers);
  if (viewer.bot) throw isBot();
  return viewer;
}

/** The account of a session, also one that has no user yet. */
export function accountOf(world: World, headers: Headers): { readonly id: string; readonly token: string } {
  const token = headers.get("x-session-token") ?? "";
  const session = headers.has("x-bot-token") ? undefined : world.sessions.get(token);
  if (!session) throw new Guard(401);
  return { id: session.account, token };
}

function has(bits: number, name: PermissionName): boolean {
  return (BigInt(bits) >> BigInt(permissionBits[name])) % 2n === 1n;
}

/** Bits of `base` with those of `allow` and without those of `deny`. */
function override(base: bigint, { a, d }: { readonly a: number; readonly d: number }): bigint {
  return (base | BigInt(a)) & ~BigInt(d);
}

export function serverPermissions(world: World, server: SimServer, user: string): number {
  if (server.owner === user) return everything;
  const member = server.members.get(user);
  if (!member) return 0;
  let bits = BigInt(server.default_permissions);
  for (const id of member.roles) {
    const role = server.roles.get(id);
    if (role) bits = override(bits, role.permissions);
  }
  const muted = member.timeout !== undefined && Date.parse(member.timeout) > world.now();
  return Number(muted ? bits & BigInt(inTimeout) : bits);
}

function channelPermissions(world: World, channel: SimChannel, user: string): number {
  if (channel.server === undefined) return channel.recipients.includes(user) ? everything : 0;
  const server = world.servers.get(channel.server);
  if (!server) return 0;
  if (server.owner === user) return everything;
  const member = server.members.get(user);
  if (!member) return 0;
  let bits = BigInt(serverPermissions(world, server, user));
  if (channel.default_permissions) bits = override(bits, channel.default_permissions);
  const muted = member.timeout !== undefined && Date.parse(member.timeout) > world.now();
  if (muted) bits &= BigInt(inTimeout);
  return has(Number(bits), "ViewChannel") ? Number(bits) : 0;
}

export function mayInServer(world: World, server: SimServer, user: string, name: PermissionName): void {
  if (!has(serverPermissions(world, server, user), name)) throw missing(name);
}

export function mayInChannel(world: World, channel: SimChannel, user: string, name: PermissionName): void {
  if (!has(channelPermissions(world, channel, user), name)) throw missing(name);
}

export function canInChannel(world: World, channel: SimChannel, user: string, name: PermissionName): boolean {
  return has(channelPermissions(world, channel, user), name);
}

/** Who hears what happens in a channel. */
export function hearersOf(world: World, channel: SimChannel): readonly string[] {
  if (channel.server === undefined) return channel.recipients;
  const server = world.servers.get(channel.server);
  return [...(server?.members.keys() ?? [])].filter((user) => canInChannel(world, channel, user, "ViewChannel"));
}

export function serverAt(world: World, id: string, viewer?: string): SimServer {
  const server = world.servers.get(id);
  if (!server || (viewer !== undefined && !server.members.has(viewer))) throw notFound();
  return server;
}

export function channelAt(world: World, id: string): SimChannel {
  const channel = world.channels.get(id);
  if (!channel) throw notFound();
  return channel;
}

/** Whether two users share a server, a group or a direct room. */
export function areAcquainted(world: World, a: string, b: string): boolean {
  if (a === b) return true;
  const together = (people: { has(id: string): boolean }): boolean => people.has(a) && people.has(b);
  return (
    [...world.servers.values()].some(({ members }) => together(members)) ||
    [...world.channels.values()].some(({ server, recipients }) => server === undefined && together(new Set(recipients)))
  );
}
