import { BotyardError, isBotyardError, type HandlersOf, type InputOf } from "@botyard/sdk";
import * as api from "../api.ts";
import type { Capabilities } from "../capabilities.ts";
import { acting, managing, nativeIdOf, owning, type Context } from "../context.ts";
import type * as native from "../native.ts";
import { send, type Caller } from "../request.ts";
import { serverOf, whereOf } from "../rooms.ts";
import { bitsOf, namesOf } from "../rules.ts";
import { timeOf } from "../ulid.ts";
import { isObject, listOf, objectOf, textOf, type JsonObject, type WireMember } from "../wire.ts";
import { unless } from "./messages.ts";

export const stoat = (context: Context): HandlersOf<Capabilities, "stoat"> => ({
  "stoat.public-bot": ({ id }, call) =>
    owning(context, call, async (on) => {
      const { _id, username, description = "", avatar = null } = await api.publicBot(on, id);
      return { id: _id, username, description, avatar };
    }),

  "stoat.invite-bot": (input, call) => owning(context, call, (on) => invite(context, on, input)),

  "stoat.create-invite": async ({ room }, call) => ({
    code: (await owning(context, call, (on) => api.createInvite(on, room)))._id,
  }),

  "stoat.bulk-delete": async ({ room, messages }, call) => {
    checkAges(context, messages);
    await acting(context, call, (on) => api.deleteMessages(on, room, messages));
    return { deleted: messages.length };
  },

  "stoat.clear-reactions": async ({ room, message }, call) => {
    await acting(context, call, (on) => api.clearReactions(on, room, message));
    return {};
  },

  "stoat.set-slowmode": async ({ room, seconds }, call) => {
    const { slowmode } = await managing(context, call, (on) => api.editChannel(on, room, { slowmode: seconds }));
    if (seconds > 0 && slowmode === undefined)
      throw new BotyardError("unsupported", "This instance has no slow mode: servers since 0.14 have it.");
    return { seconds: slowmode ?? 0 };
  },

  "stoat.get-permissions": ({ room }, call) =>
    managing(context, call, async (on) => {
      const server = await api.fetchServer(on, await serverOf(context, call.as, on, room));
      return {
        everybody: namesOf(server.default_permissions ?? 0),
        roles: Object.entries(server.roles ?? {}).map(([id, { name, permissions, owner }]) => ({
          id,
          name,
          allow: namesOf(permissions?.a ?? 0),
          deny: namesOf(permissions?.d ?? 0),
          bot: owner ?? null,
        })),
      };
    }),

  "stoat.set-permissions": ({ room, role, allow = [], deny = [] }, call) => {
    const wanted = { allow: bitsOf(allow), deny: bitsOf(deny) };
    return managing(context, call, async (on) => {
      if (role !== undefined)
        await api.setRolePermissions(on, await serverOf(context, call.as, on, room), role, wanted);
      else await api.setChannelDefault(on, room, wanted);
      return { allow: namesOf(wanted.allow), deny: namesOf(wanted.deny) };
    });
  },

  "stoat.create-role": ({ room, name }, call) =>
    managing(context, call, async (on) => {
      const { id, role } = await api.createRole(on, await serverOf(context, call.as, on, room), name);
      return { id, name: role.name };
    }),

  "stoat.set-member": ({ room, user, nickname, roles, timeoutUntil }, call) =>
    managing(context, call, async (on) => {
      const remove = [...(nickname === null ? ["Nickname"] : []), ...(timeoutUntil === null ? ["Timeout"] : [])];
      const edit = {
        ...(nickname ? { nickname } : {}),
        ...(roles === undefined ? {} : { roles }),
        ...(timeoutUntil ? { timeout: timeoutUntil } : {}),
        ...(remove.length === 0 ? {} : { remove }),
      };
      return toMember(await api.editMember(on, await serverOf(context, call.as, on, room), user, edit));
    }),

  "stoat.get-profile": async ({ user }, call) => {
    const { content } = await managing(context, call, (on) => api.profile(on, user));
    return { content: content ?? null };
  },

  "stoat.oauth2-secret": async (_input, call) => {
    const { bot } = await owning(context, call, (on) => api.fetchBot(on, nativeIdOf(call)));
    if (!bot.oauth2)
      throw new BotyardError("conflict", "OAuth2 is off for this bot, or not known to this instance.", {
        fix: `botyard bots update ${context.host.connection.id}/${call.bot?.handle ?? "<bot>"} -o oauth2='{}'`,
      });
    return { clientId: bot._id, clientSecret: bot.oauth2.secret ?? null };
  },

  "stoat.oauth2-apps": async (_input, call) => ({
    items: (await owning(context, call, (on) => api.authorizedBots(on))).map(toApp),
  }),

  "stoat.request": (input, call) => acting(context, call, (on) => request(on, input)),

  "stoat.oauth2-revoke": async ({ client }, call) => {
    await owning(context, call, (on) => api.revokeAuthorization(on, client));
    return {};
  },
});

/** Any call, answered whatever its status. */
async function request(
  on: Caller,
  { method, path, query, content, auditReason }: InputOf<typeof native.request>,
): Promise<{ status: number; body: unknown }> {
  const { status, json, text } = await send(on, {
    method,
    path,
    ...(query === undefined ? {} : { query }),
    ...(content === undefined ? {} : { json: content }),
    ...(auditReason === undefined ? {} : { headers: { "x-audit-log-reason": auditReason } }),
  });
  return { status, body: json ?? text };
}

const bulkWithinMs = 7 * 86_400_000;

/** One that is too old refuses all of them, and the server does not say why. */
function checkAges({ host, serverClock }: Context, messages: readonly string[]): void {
  const oldest = serverClock.now() - bulkWithinMs;
  const at = messages.findIndex((id) => (timeOf(id) ?? oldest) < oldest);
  if (at < 0) return;
  throw new BotyardError("invalid", "Stoat deletes only messages of the last 7 days in bulk; nothing was deleted.", {
    issues: [{ path: `messages.${at}`, expected: "a message of the last 7 days" }],
    instead: `botyard messages delete ${host.connection.id}/<room> ${messages[at] ?? ""}`,
  });
}

/**
 * The server lets the bot join before it looks at the permissions, and old ones do not look at them at all: what became
 * of them is seen at the member.
 */
async function invite(
  context: Context,
  on: Caller,
  { room, id, permissions = [], reason }: InputOf<typeof native.inviteBot>,
): Promise<{
  room: string;
  joined: boolean;
  role: string | null;
  permissions: "none-asked" | "given" | "refused" | "ignored";
  detail?: string;
}> {
  const place = await whereOf(context, null, on, room);
  if (place.kind === "direct") throw new BotyardError("invalid", "A bot is invited to servers and groups.");
  const given = reason === undefined ? {} : { reason };
  if (place.kind === "group" || permissions.length === 0) {
    const to = place.kind === "group" ? { group: room } : { server: place.server };
    const already = place.kind === "group" ? "AlreadyInGroup" : "AlreadyInServer";
    const joined = await unless(already, api.inviteBot(on, id, { to, ...given }));
    const ignored = permissions.length > 0;
    return {
      room,
      joined,
      role: null,
      permissions: ignored ? "ignored" : "none-asked",
      ...(ignored ? { detail: "A group has no roles." } : {}),
    };
  }
  const { server } = place;
  const before = await memberOf(on, server, id);
  let refusal: BotyardError | null = null;
  try {
    await api.inviteBot(on, id, { to: { server }, permissions: String(bitsOf(permissions)), ...given });
  } catch (error) {
    if (!isBotyardError(error) || error.code === "not_found" || error.effect === "unknown") throw error;
    refusal = error;
  }
  const after = await memberOf(on, server, id);
  if (after === null)
    throw (
      refusal ??
      new BotyardError("upstream", "The server took the invitation, but the bot is not in it.", { effect: "unknown" })
    );
  if (refusal && before !== null) {
    if (refusal.details.upstream?.code !== "AlreadyInServer") throw refusal;
    return {
      room,
      joined: false,
      role: null,
      permissions: "ignored",
      detail: "It was in there before: its roles stay.",
    };
  }
  if (refusal) return { room, joined: true, role: null, permissions: "refused", detail: refusal.message };
  const roles = (await api.fetchServer(on, server)).roles ?? {};
  const role = after.roles?.find((one) => roles[one]?.owner === id) ?? null;
  return role === null
    ? {
        room,
        joined: true,
        role,
        permissions: "ignored",
        detail: "This instance makes no roles for bots: servers since 0.16 do.",
      }
    : { room, joined: true, role, permissions: "given" };
}

async function memberOf(on: Caller, server: string, id: string): Promise<WireMember | null> {
  return api.member(on, server, id).catch((error: unknown) => {
    if (isBotyardError(error) && error.code === "not_found") return null;
    throw error;
  });
}

function toMember({ _id, nickname, roles = [], joined_at, timeout }: WireMember): {
  user: string;
  nickname: string | null;
  roles: string[];
  joinedAt: string | null;
  timeoutUntil: string | null;
} {
  return {
    user: _id.user,
    nickname: nickname ?? null,
    roles: [...roles],
    joinedAt: joined_at ?? null,
    timeoutUntil: timeout ?? null,
  };
}

function toApp(found: JsonObject): {
  client: string;
  name: string | null;
  scopes: string[];
  since: string | null;
  revokedAt: string | null;
} {
  const [shown, given] = [objectOf(found["public_bot"]), objectOf(found["authorized_bot"])];
  const id = objectOf(given["_id"]);
  return {
    client: textOf(shown["_id"]) ?? (isObject(id) ? textOf(id["bot"]) : undefined) ?? "",
    name: textOf(shown["username"]) ?? null,
    scopes: listOf(given["scope"]).map(String),
    since: textOf(given["created_at"]) ?? null,
    revokedAt: textOf(given["deauthorized_at"]) ?? null,
  };
}
