import { call, type Caller } from "../request.ts";
import { path } from "../path.ts";
import type { WireBot, WireRole, WireSession, WireStatus, WireStatusOk, WireToken, WireUser } from "../wire.ts";

/** Most entries of a page; more is silently clamped. */
export const pageSize = 200;

export interface BotWish {
  readonly username?: string;
  readonly display_name?: string;
  readonly description?: string;
}

export interface UserWish {
  readonly password: string;
  readonly email?: string;
  readonly username?: string;
  readonly first_name?: string;
  readonly last_name?: string;
}

export interface BotQuery {
  readonly page: number;
  readonly perPage?: number;
  readonly includeDeleted?: boolean;
  readonly onlyOrphaned?: boolean;
}

/** @see https://developers.mattermost.com/api-documentation/#/operations/CreateBot */
export const createBot = (on: Caller, wish: BotWish): Promise<WireBot> =>
  call(on, { method: "POST", path: "/bots", json: wish });

export const getBot = (on: Caller, bot: string, includeDeleted = true): Promise<WireBot> =>
  call(on, { method: "GET", path: path`/bots/${bot}`, query: { include_deleted: includeDeleted } });

export const listBots = (
  on: Caller,
  { page, perPage = pageSize, includeDeleted, onlyOrphaned }: BotQuery,
): Promise<readonly WireBot[]> =>
  call(on, {
    method: "GET",
    path: "/bots",
    query: { page, per_page: perPage, include_deleted: includeDeleted, only_orphaned: onlyOrphaned },
  });

/** Absent stays, an empty text clears. */
export const patchBot = (on: Caller, bot: string, wish: BotWish): Promise<WireBot> =>
  call(on, { method: "PUT", path: path`/bots/${bot}`, json: wish });

/** Never on a bot that owns itself: the server would loop for ever. A short time-out keeps the damage small. */
export const disableBot = (on: Caller, bot: string): Promise<WireBot> =>
  call(on, { method: "POST", path: path`/bots/${bot}/disable`, timeoutMs: 15_000 });

export const enableBot = (on: Caller, bot: string): Promise<WireBot> =>
  call(on, { method: "POST", path: path`/bots/${bot}/enable` });

/** The server does not check that the owner exists. */
export const assignBot = (on: Caller, bot: string, owner: string): Promise<WireBot> =>
  call(on, { method: "POST", path: path`/bots/${bot}/assign/${owner}` });

export const convertBotToUser = (on: Caller, bot: string, wish: UserWish, admin = false): Promise<WireUser> =>
  call(on, {
    method: "POST",
    path: path`/bots/${bot}/convert_to_user`,
    query: admin ? { set_system_admin: true } : {},
    json: wish,
  });

/** Leaves the account owning itself: assign it at once. */
export const convertUserToBot = (on: Caller, user: string): Promise<WireBot> =>
  call(on, { method: "POST", path: path`/users/${user}/convert_to_bot` });

/** `me` is an id too. */
export const getUser = (on: Caller, user: string): Promise<WireUser> =>
  call(on, { method: "GET", path: path`/users/${user}` });

export const getUserByName = (on: Caller, name: string): Promise<WireUser> =>
  call(on, { method: "GET", path: path`/users/username/${name}` });

export const getUsers = (on: Caller, ids: readonly string[]): Promise<readonly WireUser[]> =>
  call(on, { method: "POST", path: "/users/ids", json: ids });

export const listUsers = (on: Caller, page: number, perPage: number): Promise<readonly WireUser[]> =>
  call(on, { method: "GET", path: "/users", query: { page, per_page: perPage } });

export const searchUsers = (on: Caller, term: string, limit: number): Promise<readonly WireUser[]> =>
  call(on, { method: "POST", path: "/users/search", json: { term, limit } });

export const setUserActive = (on: Caller, user: string, active: boolean): Promise<WireStatusOk> =>
  call(on, { method: "PUT", path: path`/users/${user}/active`, json: { active } });

export const setUserRoles = (on: Caller, user: string, roles: string): Promise<WireStatusOk> =>
  call(on, { method: "PUT", path: path`/users/${user}/roles`, json: { roles } });

export const getRoles = (on: Caller, names: readonly string[]): Promise<readonly WireRole[]> =>
  call(on, { method: "POST", path: "/roles/names", json: names });

/** One session for each token in use; tells when it was used last, at most five minutes late. */
export const listSessions = (on: Caller, user: string): Promise<readonly WireSession[]> =>
  call(on, { method: "GET", path: path`/users/${user}/sessions` });

/** The only sight of the secret. `expiresAt` (Unix milliseconds) is documented for 11.9 and silently ignored before. */
export const createToken = (on: Caller, user: string, description: string, expiresAt?: number): Promise<WireToken> =>
  call(on, {
    method: "POST",
    path: path`/users/${user}/tokens`,
    json: { description, ...(expiresAt === undefined ? {} : { expires_at: expiresAt }) },
  });

export const listTokens = (on: Caller, user: string, page = 0): Promise<readonly WireToken[]> =>
  call(on, { method: "GET", path: path`/users/${user}/tokens`, query: { page, per_page: pageSize } });

export const getToken = (on: Caller, token: string): Promise<WireToken> =>
  call(on, { method: "GET", path: path`/users/tokens/${token}` });

export const switchToken = (on: Caller, verb: "disable" | "enable" | "revoke", token: string): Promise<WireStatusOk> =>
  call(on, { method: "POST", path: path`/users/tokens/${verb}`, json: { token_id: token } });

/** Documented for 11.10, never seen running: same id, new secret, the old one dead at once. Without an end it never ends. */
export const rotateToken = (on: Caller, token: string, expiresAt?: number): Promise<WireToken> =>
  call(on, {
    method: "POST",
    path: "/users/tokens/rotate",
    json: { token_id: token, ...(expiresAt === undefined ? {} : { expires_at: expiresAt }) },
  });

export const getStatus = (on: Caller, user: string): Promise<WireStatus> =>
  call(on, { method: "GET", path: path`/users/${user}/status` });

export const setStatus = (on: Caller, user: string, status: string): Promise<WireStatus> =>
  call(on, { method: "PUT", path: path`/users/${user}/status`, json: { user_id: user, status } });

/** Shown beside the name; empty: nothing any more. */
export const setStatusText = (on: Caller, statusText: string): Promise<WireStatusOk> =>
  statusText === ""
    ? call(on, { method: "DELETE", path: "/users/me/status/custom" })
    : call(on, {
        method: "PUT",
        path: "/users/me/status/custom",
        json: { emoji: "speech_balloon", text: statusText },
      });

export const setTyping = (on: Caller, channel: string, parent?: string): Promise<WireStatusOk> =>
  call(on, { method: "POST", path: "/users/me/typing", json: { channel_id: channel, parent_id: parent ?? "" } });
