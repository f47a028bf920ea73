import { BotyardError, halfDone, type Call, type HandlersOf, type Room, type RoomKind } from "@botyard/sdk";
import * as api from "../api.ts";
import type { Capabilities } from "../capabilities.ts";
import { channelsOf } from "../channels.ts";
import { actorOf, botIdOf, callerOf, findUser, type Actor, type Context } from "../context.ts";
import { isId, toSlug } from "../ids.ts";
import { pageOf } from "../page.ts";
import { orUndefined, refusedWith, type Caller } from "../request.ts";
import { fromChannel, fromTeam } from "../room-shape.ts";
import { findPlace, teamIdOf, teamName } from "../rooms.ts";
import { errorIds, type WireMember, type WireUser } from "../wire.ts";

/** All members of a channel or team, page by page. */
async function allMembers(list: (page: number) => Promise<readonly WireMember[]>): Promise<readonly WireMember[]> {
  const all: WireMember[] = [];
  for (let page = 0; ; page += 1) {
    const found = await list(page);
    all.push(...found);
    if (found.length < api.pageSize) return all;
  }
}

export async function usersOf(on: Caller, members: readonly WireMember[]): Promise<readonly WireUser[]> {
  const users: WireUser[] = [];
  for (let at = 0; at < members.length; at += 100)
    users.push(
      ...(await api.getUsers(
        on,
        members.slice(at, at + 100).map(({ user_id: user }) => user),
      )),
    );
  return users;
}

/** What a room of each kind is made with, beside its people. */
const fieldsOf: Readonly<Record<RoomKind, readonly string[]>> = {
  space: ["topic", "public"],
  channel: ["parent", "topic", "public"],
  group: [],
  direct: [],
};

/** Brings people into a room that was just made: whoever stays out is named, and the room too. */
async function bringIn(what: string, room: string, users: readonly string[], add: (user: string) => Promise<unknown>) {
  for (const user of users)
    await add(user).catch((error: unknown) => {
      throw halfDone(error, `the ${what} was made as ${room}, but ${user} is not in it`);
    });
}

/** Everything who asks is in: teams, their channels, direct and group messages. */
async function roomsOf(context: Context, on: Caller): Promise<readonly Room[]> {
  const rooms = new Map<string, Room>();
  for (const team of await api.myTeams(on)) {
    context.directory.setTeam(team.id, team.name);
    rooms.set(team.id, fromTeam(team));
  }
  for (const channel of await channelsOf(on))
    if (channel.delete_at === 0) rooms.set(channel.id, fromChannel(channel, context.directory.team(channel.team_id)));
  return [...rooms.values()];
}

export const rooms = (context: Context): HandlersOf<Capabilities, "rooms"> => {
  const acting = (call: Call): Promise<Actor> => actorOf(context, call.as, call.signal);

  async function show(on: Caller, id: string): Promise<Room> {
    const place = await findPlace(on, id);
    if (place.kind === "team") return fromTeam(place.team);
    return fromChannel(place.channel, await teamName(context, on, place.channel.team_id));
  }

  /** The team named, the connection's own, or the only one of the bot. */
  async function parentOf(on: Caller, parent: string | undefined): Promise<string> {
    const named = parent ?? context.host.connection.settings.team;
    if (named !== undefined) return teamIdOf(on, named);
    const teams = await api.myTeams(on);
    const [only] = teams;
    if (only !== undefined && teams.length === 1) return only.id;
    throw new BotyardError("invalid", `a channel belongs to a team, and the bot is in ${teams.length}`, {
      issues: [
        {
          path: "parent",
          expected: teams.length === 0 ? "a team the bot is in" : `one of ${teams.map(({ name }) => name).join(", ")}`,
        },
      ],
    });
  }

  const create: HandlersOf<Capabilities, "rooms">["rooms.create"] = async (input, call) => {
    const { name, kind = "channel", parent, topic, public: open = false, invite = [] } = input;
    for (const [path, given] of Object.entries({ parent, topic, public: input.public }))
      if (given !== undefined && !fieldsOf[kind].includes(path))
        throw new BotyardError("unsupported_param", `a ${kind} of Mattermost is made without "${path}"`, {
          issues: [{ path, expected: "no such field for this kind" }],
        });
    const actor = await acting(call);
    if (kind === "space") {
      const on = await context.admin(call.signal);
      const team = await api.createTeam(on, toSlug(name), name, open);
      await bringIn("team", team.id, [actor.id, ...invite], (user) => api.addTeamMember(on, team.id, user));
      if (topic === undefined) return fromTeam(team);
      return fromTeam(
        await api.patchTeam(on, team.id, { description: topic }).catch((error: unknown) => {
          throw halfDone(error, `the team was made as ${team.id}, but it is without its description`);
        }),
      );
    }
    if (kind === "direct" || kind === "group") {
      const [first, ...more] = invite;
      const wanted = kind === "direct" ? "exactly one user" : "2 to 7 users";
      if (first === undefined || (kind === "direct" ? more.length > 0 : more.length < 1 || more.length > 6))
        throw new BotyardError("invalid", `a ${kind} message is opened with ${wanted}`, {
          issues: [{ path: "invite", expected: wanted }],
        });
      const users = [actor.id, ...invite];
      const made = kind === "direct" ? api.openDirect(actor.on, [actor.id, first]) : api.openGroup(actor.on, users);
      return fromChannel(await made, undefined);
    }
    const team = await parentOf(actor.on, parent);
    const wish = { name: toSlug(name), display_name: name, ...(topic === undefined ? {} : { header: topic }) };
    const channel = await api.createChannel(actor.on, team, open, wish);
    await bringIn("channel", channel.id, invite, (user) => api.addMember(actor.on, channel.id, user));
    return fromChannel(channel, await teamName(context, actor.on, team));
  };

  return {
    "rooms.list": async ({ limit, cursor }, call) =>
      pageOf(await roomsOf(context, await callerOf(context, call)), limit, cursor),
    "rooms.get": async ({ room }, call) => show(await callerOf(context, call), room),
    "rooms.create": create,
    "rooms.update": async ({ room, name, topic }, call) => {
      const { on } = await acting(call);
      const place = await findPlace(on, room);
      if (place.kind === "team") {
        const wish = {
          ...(name === undefined ? {} : { display_name: name }),
          ...(topic === undefined ? {} : { description: topic ?? "" }),
        };
        return fromTeam(await api.patchTeam(await context.admin(call.signal), room, wish));
      }
      const wish = {
        ...(name === undefined ? {} : { display_name: name }),
        ...(topic === undefined ? {} : { header: topic ?? "" }),
      };
      const channel = await api.patchChannel(on, room, wish);
      context.directory.forgetRoom(room);
      return fromChannel(channel, await teamName(context, on, channel.team_id));
    },
    "rooms.open-direct": async ({ user }, call) => {
      const { on, id } = await acting(call);
      const other = await findUser(on, user);
      return fromChannel(await api.openDirect(on, [id, other.id]), undefined);
    },
    "rooms.list-bots": async ({ room }, call) => {
      const on = await context.admin(call.signal);
      const place = await findPlace(on, room);
      const members = await allMembers((page) =>
        place.kind === "team" ? api.listTeamMembers(on, room, page) : api.listMembers(on, room, page),
      );
      const users = (await usersOf(on, members)).filter((user) => user.is_bot === true);
      return {
        items: users.map((user) => ({ nativeId: user.id, username: user.username, active: user.delete_at === 0 })),
      };
    },
    "rooms.add-bot": async ({ room }, call) => {
      const on = await context.admin(call.signal);
      const bot = botIdOf(call);
      const place = await findPlace(on, room);
      const done: string[] = [];
      const team = place.kind === "team" ? place.team.id : place.channel.team_id;
      if (team !== "" && !(await isTeamMember(on, team, bot))) {
        await api.addTeamMember(on, team, bot);
        done.push(`entered the team ${(await teamName(context, on, team)) ?? team}`);
      }
      if (place.kind === "channel" && !(await isMember(on, room, bot))) {
        await api.addMember(on, room, bot).catch((error: unknown) => {
          if (done.length === 0) throw error;
          throw halfDone(error, `${done.join(", ")}, but not the channel ${place.channel.name}`);
        });
        done.push(`added to ${place.channel.name}`);
      }
      const admin = await context.adminUser(call.signal);
      return {
        room,
        joined: done.length > 0,
        via: done.length > 0 ? `${done.join(", ")} by ${admin.username}` : "was in there",
      };
    },
    "rooms.remove-bot": async ({ room }, call) => {
      const on = await context.admin(call.signal);
      const bot = botIdOf(call);
      const place = await findPlace(on, room);
      if (!(place.kind === "team" ? await isTeamMember(on, room, bot) : await isMember(on, room, bot)))
        return { room, left: false };
      if (place.kind === "team") await api.removeTeamMember(on, room, bot);
      else await api.removeMember(on, room, bot);
      return { room, left: true };
    },
  };
};

async function isTeamMember(on: Caller, team: string, user: string): Promise<boolean> {
  const member = await orUndefined(api.getTeamMember(on, team, user));
  return member !== undefined && !(member as { readonly delete_at?: number }).delete_at;
}

async function isMember(on: Caller, channel: string, user: string): Promise<boolean> {
  if (!isId(channel)) return false;
  try {
    await api.getMember(on, channel, user);
    return true;
  } catch (error) {
    if (refusedWith(error, errorIds.memberMissing)) return false;
    throw error;
  }
}
