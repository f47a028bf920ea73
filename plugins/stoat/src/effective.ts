import { isBotyardError, type BotTarget, type Capability } from "@botyard/sdk";
import * as api from "./api.ts";
import { botAuth, callerOf, type Context } from "./context.ts";
import { resolveRoom } from "./rooms.ts";
import { bitsOf, namesOf, type PermissionName } from "./rules.ts";
import { isObject, numberOf, type WireChannel, type WireMember, type WireServer } from "./wire.ts";

/** What a bot needs in a channel for what it does with its own token. */
const needed: Readonly<Record<string, readonly PermissionName[]>> = {
  "messages.send": ["SendMessage"],
  "messages.update": ["SendMessage"],
  "messages.get": [],
  "messages.list": ["ReadMessageHistory"],
  "messages.list-pins": ["ReadMessageHistory"],
  "messages.delete": [],
  "messages.pin": ["ManageMessages"],
  "messages.unpin": ["ManageMessages"],
  "reactions.add": ["React"],
  "reactions.remove": [],
  "reactions.list": [],
  "typing.set": [],
  "stoat.bulk-delete": ["ManageMessages"],
  "stoat.clear-reactions": ["ManageMessages"],
};

const inTimeout = BigInt(bitsOf(["ViewChannel", "ReadMessageHistory"]));

/** What does not hold for a bot in a channel of a server: by its roles, the channel's own rules and a timeout. */
export async function effective(
  context: Context,
  { bot, room }: { readonly bot: BotTarget | null; readonly room: string | null },
): Promise<Readonly<Record<string, Capability>>> {
  if (bot === null || bot.nativeId === null || room === null) return {};
  const { signal } = context.host;
  const as = { kind: "bot", id: bot.nativeId, handle: bot.handle, credential: null } as const;
  const on = await callerOf(context, await botAuth(context, bot.handle), signal);
  const outside: Capability = {
    support: "none",
    reason: "not-a-member",
    detail: "The bot does not see this room: it is not in there, or may not view it.",
    remedy: `botyard rooms add-bot ${context.host.connection.id}/${room} ${bot.handle}`,
  };
  try {
    const id = await resolveRoom(context, room, as);
    if (id === null) return all(outside);
    const channel = await api.fetchChannel(on, id);
    if (channel.server === undefined) return {};
    const server = await api.fetchServer(on, channel.server);
    const member = await api.member(on, server._id, bot.nativeId);
    const now = context.host.clock.now();
    const may = permissionsOf(server, channel, member, now);
    if (!may.has("ViewChannel")) return all(outside);
    const remedyFor = remedies(context.host.connection.id, server, channel, member, now);
    return Object.fromEntries(
      Object.entries(needed).flatMap(([operation, names]) => {
        const missing = names.filter((name) => !may.has(name));
        if (missing.length === 0) return [];
        const detail = `The bot lacks ${missing.join(", ")} here.`;
        return [[operation, { support: "none", reason: "missing-permission", detail, remedy: remedyFor(missing) }]];
      }),
    );
  } catch (error) {
    if (isBotyardError(error) && (error.code === "not_found" || error.code === "forbidden")) return all(outside);
    throw error;
  }
}

function all(capability: Capability): Readonly<Record<string, Capability>> {
  return Object.fromEntries(Object.keys(needed).map((operation) => [operation, capability]));
}

/** The line that gives it back: where it was taken away. */
function remedies(
  connection: string,
  server: WireServer,
  channel: WireChannel,
  member: WireMember,
  now: number,
): (missing: readonly PermissionName[]) => string {
  const timeless = permissionsOf(server, channel, { ...member, timeout: null }, now);
  const { default_permissions: _, role_permissions: __, ...bare } = channel;
  const inServer = permissionsOf(server, bare, { ...member, timeout: null }, now);
  return (missing) => {
    if (missing.every((name) => timeless.has(name)))
      return `botyard stoat set-member ${connection}/${server._id} ${member._id.user} --clear timeout-until`;
    const allow = missing.map((name) => `--allow ${name}`).join(" ");
    return missing.every((name) => inServer.has(name))
      ? `botyard stoat set-permissions ${connection}/${channel._id} ${allow}`
      : `botyard stoat set-permissions ${connection}/${server._id} --role <role> ${allow}`;
  };
}

/**
 * As the server counts: what everybody may, then each role of the member, the most important one last, then the same
 * for the channel. Each may allow and then deny.
 *
 * @see https://developers.stoat.chat/developers/api/permissions.html
 */
export function permissionsOf(
  server: WireServer,
  channel: WireChannel,
  member: WireMember,
  now: number,
): ReadonlySet<PermissionName> {
  const own = member._id.user;
  const roles = (member.roles ?? []).toSorted(
    (a, b) => (server.roles?.[b]?.rank ?? 0) - (server.roles?.[a]?.rank ?? 0),
  );
  let bits = BigInt(server.default_permissions ?? 0);
  const apply = (rule: unknown): void => {
    if (!isObject(rule)) return;
    bits = (bits | BigInt(numberOf(rule["a"]) ?? 0)) & ~BigInt(numberOf(rule["d"]) ?? 0);
  };
  for (const role of roles) apply(server.roles?.[role]?.permissions);
  apply(channel.default_permissions);
  for (const role of roles) apply(channel.role_permissions?.[role]);
  if (member.timeout && Date.parse(member.timeout) > now) bits &= inTimeout;
  if (server.owner === own) return new Set(namesOf(Number.MAX_SAFE_INTEGER));
  return new Set(namesOf(Number(bits)));
}
