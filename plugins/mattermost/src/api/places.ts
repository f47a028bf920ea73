import { isBotyardError } from "@botyard/sdk";
import { call, type Caller } from "../request.ts";
import { path } from "../path.ts";
import type { WireChannel, WireMember, WireStatusOk, WireTeam } from "../wire.ts";
import { pageSize } from "./accounts.ts";

export interface ChannelWish {
  readonly name?: string;
  readonly display_name?: string;
  readonly header?: string;
  readonly purpose?: string;
}

export const createTeam = (on: Caller, name: string, displayName: string, open: boolean): Promise<WireTeam> =>
  call(on, { method: "POST", path: "/teams", json: { name, display_name: displayName, type: open ? "O" : "I" } });

export const getTeam = (on: Caller, team: string): Promise<WireTeam> =>
  call(on, { method: "GET", path: path`/teams/${team}` });

export const getTeamByName = (on: Caller, name: string): Promise<WireTeam> =>
  call(on, { method: "GET", path: path`/teams/name/${name}` });

export const patchTeam = (
  on: Caller,
  team: string,
  wish: { readonly display_name?: string; readonly description?: string },
): Promise<WireTeam> => call(on, { method: "PUT", path: path`/teams/${team}/patch`, json: wish });

export const myTeams = (on: Caller): Promise<readonly WireTeam[]> =>
  call(on, { method: "GET", path: "/users/me/teams" });

/** All channels of one of our teams that we are in, with direct and group messages. */
export const myChannels = (on: Caller, team: string): Promise<readonly WireChannel[]> =>
  call(on, { method: "GET", path: path`/users/me/teams/${team}/channels` });

/**
 * Of all teams at once, with direct and group messages; since 6.1. `archivedSince` (Unix milliseconds): those archived
 * later too. Who is in none gets a 404 whose body is a list that was never closed (seen on 11.1.0).
 */
export async function allMyChannels(on: Caller, archivedSince?: number): Promise<readonly WireChannel[]> {
  const archived = { include_deleted: true, last_delete_at: archivedSince };
  try {
    return await call(on, {
      method: "GET",
      path: "/users/me/channels",
      ...(archivedSince === undefined ? {} : { query: archived }),
    });
  } catch (error) {
    const said = isBotyardError(error) && error.cause instanceof Error ? error.cause.message : "";
    if (said.startsWith('[{"id":"app.channel.get_channels.not_found.app_error"')) return [];
    throw error;
  }
}

export const getTeamMember = (on: Caller, team: string, user: string): Promise<WireMember> =>
  call(on, { method: "GET", path: path`/teams/${team}/members/${user}` });

export const listTeamMembers = (
  on: Caller,
  team: string,
  page: number,
  perPage = pageSize,
): Promise<readonly WireMember[]> =>
  call(on, { method: "GET", path: path`/teams/${team}/members`, query: { page, per_page: perPage } });

export const addTeamMember = (on: Caller, team: string, user: string): Promise<WireMember> =>
  call(on, { method: "POST", path: path`/teams/${team}/members`, json: { team_id: team, user_id: user } });

/** Leaves its channels too; coming back does not restore them. */
export const removeTeamMember = (on: Caller, team: string, user: string): Promise<WireStatusOk> =>
  call(on, { method: "DELETE", path: path`/teams/${team}/members/${user}` });

export const createChannel = (
  on: Caller,
  team: string,
  open: boolean,
  wish: ChannelWish & { readonly name: string; readonly display_name: string },
): Promise<WireChannel> =>
  call(on, { method: "POST", path: "/channels", json: { team_id: team, type: open ? "O" : "P", ...wish } });

export const getChannel = (on: Caller, channel: string): Promise<WireChannel> =>
  call(on, { method: "GET", path: path`/channels/${channel}` });

export const getChannelByName = (on: Caller, team: string, name: string): Promise<WireChannel> =>
  call(on, { method: "GET", path: path`/teams/name/${team}/channels/name/${name}` });

export const patchChannel = (on: Caller, channel: string, wish: ChannelWish): Promise<WireChannel> =>
  call(on, { method: "PUT", path: path`/channels/${channel}/patch`, json: wish });

/** Also when it exists; the caller is one of the two. */
export const openDirect = (on: Caller, users: readonly [string, string]): Promise<WireChannel> =>
  call(on, { method: "POST", path: "/channels/direct", json: users });

/** 3 to 8 users, the caller among them. */
export const openGroup = (on: Caller, users: readonly string[]): Promise<WireChannel> =>
  call(on, { method: "POST", path: "/channels/group", json: users });

export const getMember = (on: Caller, channel: string, user: string): Promise<WireMember> =>
  call(on, { method: "GET", path: path`/channels/${channel}/members/${user}` });

export const listMembers = (
  on: Caller,
  channel: string,
  page: number,
  perPage = pageSize,
): Promise<readonly WireMember[]> =>
  call(on, { method: "GET", path: path`/channels/${channel}/members`, query: { page, per_page: perPage } });

/** One by one: with a list of ids the server drops failures in silence. */
export const addMember = (on: Caller, channel: string, user: string): Promise<WireMember> =>
  call(on, { method: "POST", path: path`/channels/${channel}/members`, json: { user_id: user } });

export const removeMember = (on: Caller, channel: string, user: string): Promise<WireStatusOk> =>
  call(on, { method: "DELETE", path: path`/channels/${channel}/members/${user}` });

/** `channel_user`, or `channel_user channel_admin`. */
export const setMemberRoles = (on: Caller, channel: string, user: string, roles: string): Promise<WireStatusOk> =>
  call(on, { method: "PUT", path: path`/channels/${channel}/members/${user}/roles`, json: { roles } });

/** Marks all of it as read. */
export const viewChannel = (on: Caller, channel: string): Promise<WireStatusOk> =>
  call(on, { method: "POST", path: "/channels/members/me/view", json: { channel_id: channel } });
