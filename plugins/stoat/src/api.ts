import { call, part, tell, type Caller } from "./request.ts";
import {
  isObject,
  listOf,
  objectOf,
  type JsonObject,
  type WireBot,
  type WireBotWithUser,
  type WireChannel,
  type WireLogin,
  type WireMember,
  type WireMessage,
  type WirePublicBot,
  type WireRole,
  type WireServer,
  type WireUser,
} from "./wire.ts";
import { isMessage, isUser } from "./wire-checks.ts";

/**
 * One function for each call of the server; they throw BotyardError with what is known about the effect.
 *
 * @see https://developers.stoat.chat/developers/api/reference.html (0.14.3), test/fixtures/recordings (0.15.1)
 */
const bot = (id: string): string => `/bots/${part(id)}`;
const channel = (id: string): string => `/channels/${part(id)}`;
const server = (id: string): string => `/servers/${part(id)}`;
const message = (room: string, id: string): string => `${channel(room)}/messages/${part(id)}`;

// Accounts

export interface LoginBody {
  readonly email?: string;
  readonly password?: string;
  readonly friendly_name?: string;
  readonly mfa_ticket?: string;
  readonly mfa_response?:
    | { readonly totp_code: string }
    | { readonly recovery_code: string }
    | { readonly password: string };
}

export const logIn = (on: Caller, body: LoginBody): Promise<WireLogin> =>
  call(on, { method: "POST", path: "/auth/session/login", json: body });

export const onboarding = (on: Caller): Promise<{ readonly onboarding?: boolean }> =>
  call(on, { method: "GET", path: "/onboard/hello" });

export const completeOnboarding = (on: Caller, username: string): Promise<WireUser> =>
  call(on, { method: "POST", path: "/onboard/complete", json: { username } });

export const me = (on: Caller): Promise<WireUser> => call(on, { method: "GET", path: "/users/@me" });

// Bots

export const createBot = async (on: Caller, name: string): Promise<WireBotWithUser> =>
  flattened(await call(on, { method: "POST", path: "/bots/create", json: { name } }));

export const fetchBot = (on: Caller, id: string): Promise<WireBotWithUser> =>
  call(on, { method: "GET", path: bot(id) });

export async function ownedBots(on: Caller): Promise<readonly WireBotWithUser[]> {
  const { bots, users } = await call<{ bots: readonly WireBot[]; users: readonly WireUser[] }>(on, {
    method: "GET",
    path: "/bots/@me",
  });
  return bots.flatMap((one) => {
    const user = users.find(({ _id }) => _id === one._id);
    return user === undefined ? [] : [{ bot: one, user }];
  });
}

export const publicBot = (on: Caller, id: string): Promise<WirePublicBot> =>
  call(on, { method: "GET", path: `${bot(id)}/invite` });

export interface BotEdit {
  readonly name?: string;
  readonly public?: boolean;
  readonly analytics?: boolean;
  readonly interactions_url?: string;
  readonly oauth2?: JsonObject;
  readonly remove?: readonly ("Token" | "InteractionsURL" | "Oauth2" | "Oauth2Secret")[];
}

export const editBot = async (on: Caller, id: string, edit: BotEdit): Promise<WireBotWithUser> =>
  flattened(await call(on, { method: "PATCH", path: bot(id), json: edit }));

export const deleteBot = (on: Caller, id: string): Promise<void> => tell(on, { method: "DELETE", path: bot(id) });

export interface Invitation {
  readonly to: { readonly server: string } | { readonly group: string };
  /** Decimal text: permissions exceed 32 bits. */
  readonly permissions?: string;
  readonly reason?: string;
}

export const inviteBot = (on: Caller, id: string, { to, permissions, reason }: Invitation): Promise<void> =>
  tell(on, {
    method: "POST",
    path: `${bot(id)}/invite`,
    json: to,
    query: { permissions },
    ...reasoned(reason),
  });

function flattened(answer: WireBot & { readonly user: WireUser }): WireBotWithUser {
  const { user, ...rest } = answer;
  return { bot: rest, user };
}

// OAuth2: on no released server

export const authorizedBots = async (on: Caller): Promise<readonly JsonObject[]> =>
  listOf(await call<unknown>(on, { method: "GET", path: "/oauth2/authorized_bots" })).filter(isObject);

export const revokeAuthorization = (on: Caller, client: string): Promise<void> =>
  tell(on, { method: "POST", path: "/oauth2/revoke", query: { client_id: client } });

// Users

export const user = (on: Caller, id: string): Promise<WireUser> =>
  call(on, { method: "GET", path: `/users/${part(id)}` });

export const profile = (on: Caller, id: string): Promise<{ readonly content?: string | null }> =>
  call(on, { method: "GET", path: `/users/${part(id)}/profile` });

/** `id` may be `@me`. */
export const editUser = (on: Caller, id: string, edit: JsonObject): Promise<WireUser> =>
  call(on, { method: "PATCH", path: `/users/${id === "@me" ? id : part(id)}`, json: edit });

export const openDirect = (on: Caller, id: string): Promise<WireChannel> =>
  call(on, { method: "GET", path: `/users/${part(id)}/dm` });

// Servers and channels

export const fetchServer = (on: Caller, id: string): Promise<WireServer> =>
  call(on, { method: "GET", path: server(id) });

export const createServer = (
  on: Caller,
  body: { name: string; description?: string },
): Promise<{ server: WireServer }> => call(on, { method: "POST", path: "/servers/create", json: body });

export const editServer = (on: Caller, id: string, edit: JsonObject): Promise<WireServer> =>
  call(on, { method: "PATCH", path: server(id), json: edit });

/** By anybody but its owner: leaves it. */
export const leaveServer = (on: Caller, id: string): Promise<void> => tell(on, { method: "DELETE", path: server(id) });

export const fetchChannel = (on: Caller, id: string): Promise<WireChannel> =>
  call(on, { method: "GET", path: channel(id) });

export const createChannel = (
  on: Caller,
  parent: string,
  body: { name: string; description?: string },
): Promise<WireChannel> =>
  call(on, { method: "POST", path: `${server(parent)}/channels`, json: { type: "Text", ...body } });

export const createGroup = (
  on: Caller,
  body: { name: string; description?: string; users: readonly string[] },
): Promise<WireChannel> => call(on, { method: "POST", path: "/channels/create", json: body });

export const editChannel = (on: Caller, id: string, edit: JsonObject): Promise<WireChannel> =>
  call(on, { method: "PATCH", path: channel(id), json: edit });

export const leaveGroup = (on: Caller, id: string): Promise<void> => tell(on, { method: "DELETE", path: channel(id) });

export const createInvite = (on: Caller, id: string): Promise<{ readonly _id: string }> =>
  call(on, { method: "POST", path: `${channel(id)}/invites` });

// Members, roles, permissions

export const serverMembers = (
  on: Caller,
  id: string,
): Promise<{ readonly members: readonly WireMember[]; readonly users: readonly WireUser[] }> =>
  call(on, { method: "GET", path: `${server(id)}/members` });

export const groupMembers = (on: Caller, id: string): Promise<readonly WireUser[]> =>
  call(on, { method: "GET", path: `${channel(id)}/members` });

export const member = (on: Caller, of: string, id: string): Promise<WireMember> =>
  call(on, { method: "GET", path: `${server(of)}/members/${part(id)}` });

export const editMember = (on: Caller, of: string, id: string, edit: JsonObject): Promise<WireMember> =>
  call(on, { method: "PATCH", path: `${server(of)}/members/${part(id)}`, json: edit });

export const kickMember = (on: Caller, of: string, id: string, reason?: string): Promise<void> =>
  tell(on, { method: "DELETE", path: `${server(of)}/members/${part(id)}`, ...reasoned(reason) });

export const removeRecipient = (on: Caller, of: string, id: string): Promise<void> =>
  tell(on, { method: "DELETE", path: `${channel(of)}/recipients/${part(id)}` });

export const ban = (on: Caller, of: string, id: string, reason?: string): Promise<JsonObject> =>
  call(on, {
    method: "PUT",
    path: `${server(of)}/bans/${part(id)}`,
    json: reason === undefined ? {} : { reason },
  });

export const unban = (on: Caller, of: string, id: string): Promise<void> =>
  tell(on, { method: "DELETE", path: `${server(of)}/bans/${part(id)}` });

export const createRole = (
  on: Caller,
  of: string,
  name: string,
): Promise<{ readonly id: string; readonly role: WireRole }> =>
  call(on, { method: "POST", path: `${server(of)}/roles`, json: { name } });

export interface Override {
  readonly allow: number;
  readonly deny: number;
}

export const setRolePermissions = (on: Caller, of: string, role: string, permissions: Override): Promise<WireServer> =>
  call(on, { method: "PUT", path: `${server(of)}/permissions/${part(role)}`, json: { permissions } });

export const setChannelDefault = (on: Caller, id: string, permissions: Override): Promise<WireChannel> =>
  call(on, { method: "PUT", path: `${channel(id)}/permissions/default`, json: { permissions } });

// Messages

export const sendMessage = (on: Caller, room: string, body: JsonObject, key: string): Promise<WireMessage> =>
  call(on, {
    method: "POST",
    path: `${channel(room)}/messages`,
    json: body,
    headers: { "idempotency-key": key },
  });

export const editMessage = (on: Caller, room: string, id: string, content: string): Promise<WireMessage> =>
  call(on, { method: "PATCH", path: message(room, id), json: { content } });

export const deleteMessage = (on: Caller, room: string, id: string): Promise<void> =>
  tell(on, { method: "DELETE", path: message(room, id) });

export const deleteMessages = (on: Caller, room: string, ids: readonly string[]): Promise<void> =>
  tell(on, { method: "DELETE", path: `${channel(room)}/messages/bulk`, json: { ids } });

export const fetchMessage = (on: Caller, room: string, id: string): Promise<WireMessage> =>
  call(on, { method: "GET", path: message(room, id) });

export interface HistoryQuery {
  /** 1 to 100. */
  readonly limit: number;
  readonly before?: string;
  /** Only together with `oldest`: without it the newest of the range come. */
  readonly after?: string;
  readonly oldest?: boolean;
}

export interface History {
  /** Without those that are none. */
  readonly messages: readonly WireMessage[];
  /** Whether there may be more. */
  readonly full: boolean;
  readonly users: readonly WireUser[];
}

/** Newest first, or oldest first; with the users, which history does not carry otherwise. */
export async function history(on: Caller, room: string, query: HistoryQuery): Promise<History> {
  const { limit, before, after, oldest } = query;
  const answer = await call<unknown>(on, {
    method: "GET",
    path: `${channel(room)}/messages`,
    query: { limit, before, after, sort: oldest ? "Oldest" : undefined, include_users: true },
  });
  const { messages, users } = Array.isArray(answer) ? { messages: answer, users: [] } : objectOf(answer);
  const found = listOf(messages);
  return { messages: found.filter(isMessage), full: found.length >= limit, users: listOf(users).filter(isUser) };
}

export const pin = (on: Caller, room: string, id: string): Promise<void> =>
  tell(on, { method: "POST", path: `${message(room, id)}/pin` });

export const unpin = (on: Caller, room: string, id: string): Promise<void> =>
  tell(on, { method: "DELETE", path: `${message(room, id)}/pin` });

export const react = (on: Caller, room: string, id: string, emoji: string): Promise<void> =>
  tell(on, { method: "PUT", path: `${message(room, id)}/reactions/${part(emoji)}` });

export const unreact = (on: Caller, room: string, id: string, emoji: string): Promise<void> =>
  tell(on, { method: "DELETE", path: `${message(room, id)}/reactions/${part(emoji)}` });

export const clearReactions = (on: Caller, room: string, id: string): Promise<void> =>
  tell(on, { method: "DELETE", path: `${message(room, id)}/reactions` });

/** Shown in the server's audit log; servers since 0.14. At most 512 characters, else 400. */
function reasoned(reason: string | undefined): { readonly headers?: Readonly<Record<string, string>> } {
  return reason === undefined ? {} : { headers: { "x-audit-log-reason": reason } };
}
