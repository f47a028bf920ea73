import type { Fields } from "../wire.ts";
import { badBody, isAdmin, noPermission, refuse, type SimTeam, type SimUser, type World } from "./model.ts";
import { created, fieldsOf, me, ok, pageOf, param, text, userParam, type Ask, type Reply } from "./request.ts";
import { addChannel, showChannel } from "./places.ts";

function showTeam(team: SimTeam): Fields {
  const { members: _, ...rest } = team;
  return {
    ...rest,
    company_name: "",
    allowed_domains: "",
    invite_id: "hm7er1jnjjdzicy6yxhqyke79o",
    allow_open_invite: false,
    scheme_id: null,
    group_constrained: null,
    policy_id: null,
    cloud_limits_archived: false,
  };
}

const showTeamMember = (team: string, user: string): Fields => ({
  team_id: team,
  user_id: user,
  roles: "team_user",
  delete_at: 0,
  scheme_guest: false,
  scheme_user: true,
  scheme_admin: false,
  explicit_roles: "",
});

export function addTeam(world: World, name: string, shown: string, creator: SimUser): SimTeam {
  for (const team of world.teams.values())
    if (team.name === name) refuse(400, "store.sql_team.save_team.existing.app_error");
  const at = world.now();
  const team: SimTeam = {
    id: world.newId(),
    create_at: at,
    update_at: at,
    delete_at: 0,
    display_name: shown,
    name,
    description: "",
    email: creator.email,
    type: "O",
    members: new Set(),
  };
  world.teams.set(team.id, team);
  for (const [channel, title] of [
    ["town-square", "Town Square"],
    ["off-topic", "Off-Topic"],
  ] as const)
    addChannel(world, { team_id: team.id, name: channel, display_name: title, type: "O" }, creator);
  joinTeam(world, team, creator.id);
  return team;
}

export function joinTeam(world: World, team: SimTeam, user: string): void {
  if (team.members.has(user)) return;
  team.members.add(user);
  for (const channel of world.channels.values())
    if (channel.team_id === team.id && ["town-square", "off-topic"].includes(channel.name))
      channel.members.set(user, { roles: "channel_user" });
  for (let twice = 0; twice < 2; twice += 1) world.tell("added_to_team", { team_id: team.id, user_id: user }, { user });
}

const noTeam = (): never => refuse(404, "app.team.get.find.app_error");
const teamOf = (ask: Ask): SimTeam => ask.world.teams.get(param(ask, "team")) ?? noTeam();

export async function createTeam(ask: Ask): Promise<Reply> {
  const user = me(ask);
  const body = await fieldsOf(ask);
  if (ask.world.bots.has(user.id)) noPermission();
  return created(showTeam(addTeam(ask.world, text(body, "name"), text(body, "display_name"), user)));
}

export function getTeam(ask: Ask): Reply {
  const user = me(ask);
  const team = teamOf(ask);
  return isAdmin(user) || team.members.has(user.id) ? showTeam(team) : noPermission();
}

export async function patchTeam(ask: Ask): Promise<Reply> {
  const team = teamOf(ask);
  const body = await fieldsOf(ask);
  if (typeof body["display_name"] === "string") team.display_name = body["display_name"];
  if (typeof body["description"] === "string") team.description = body["description"];
  team.update_at = ask.world.now();
  return showTeam(team);
}

export function teamByName(ask: Ask): Reply {
  me(ask);
  const team = [...ask.world.teams.values()].find(({ name }) => name === param(ask, "name"));
  return showTeam(team ?? refuse(404, "app.team.get_by_name.missing.app_error"));
}

export const teamsOf = (ask: Ask): Reply => {
  me(ask);
  const id = userParam(ask);
  return [...ask.world.teams.values()].filter(({ members }) => members.has(id)).map(showTeam);
};

export function teamMember(ask: Ask): Reply {
  me(ask);
  const team = teamOf(ask);
  const id = userParam(ask);
  return team.members.has(id) ? showTeamMember(team.id, id) : refuse(404, "app.team.get_member.missing.app_error");
}

export const teamMembers = (ask: Ask): Reply => {
  me(ask);
  const team = teamOf(ask);
  return pageOf(ask, [...team.members]).map((user) => showTeamMember(team.id, user));
};

export async function addTeamMember(ask: Ask): Promise<Reply> {
  const { world } = ask;
  me(ask);
  const body = await fieldsOf(ask);
  if (body["team_id"] !== param(ask, "team")) badBody();
  const team = teamOf(ask);
  const user = world.users.get(text(body, "user_id")) ?? refuse(404, "app.user.missing_account.const");
  joinTeam(world, team, user.id);
  return created(showTeamMember(team.id, user.id));
}

export function removeTeamMember(ask: Ask): Reply {
  const { world } = ask;
  const self = me(ask);
  const id = userParam(ask);
  const team = teamOf(ask);
  if (!isAdmin(self) && id !== self.id) noPermission();
  if (!team.members.delete(id)) refuse(404, "app.team.get_member.missing.app_error");
  for (const channel of world.channels.values()) if (channel.team_id === team.id) channel.members.delete(id);
  world.tell("leave_team", { team_id: team.id, user_id: id }, { user: id });
  return ok;
}

export function channelsOf(ask: Ask): Reply {
  const user = me(ask);
  const team = ask.params["team"];
  if (team !== undefined) teamOf(ask);
  const { searchParams } = ask.url;
  const since = searchParams.get("include_deleted") === "true" ? Number(searchParams.get("last_delete_at")) : Infinity;
  const found = [...ask.world.channels.values()]
    .filter(
      ({ members, team_id, delete_at: at }) =>
        members.has(user.id) && (at === 0 || at >= since) && (team === undefined || team_id === team || team_id === ""),
    )
    .map(showChannel);
  // As the server: the list is opened, and then it finds nothing to put in.
  if (found.length === 0 && team === undefined)
    return new Response(
      `[${JSON.stringify({ id: "app.channel.get_channels.not_found.app_error", message: "No channels were found.", detailed_error: "", request_id: ask.world.newId(), status_code: 404 })}\n`,
      { status: 404 },
    );
  return found;
}
