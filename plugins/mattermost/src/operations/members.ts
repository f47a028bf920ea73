import { halfDone, type HandlersOf, type Member } from "@botyard/sdk";
import * as api from "../api.ts";
import type { Capabilities } from "../capabilities.ts";
import { callerOf, userIdOf, type Context } from "../context.ts";
import type { Caller } from "../request.ts";
import { findPlace } from "../rooms.ts";
import { orUndefined } from "../request.ts";
import type { WireMember } from "../wire.ts";
import { usersOf } from "./rooms.ts";

type Shown = Omit<Member, "bot">;

const roleOf = ({ roles, scheme_admin: admin }: WireMember): string =>
  admin === true || /_admin\b/.test(roles) ? "admin" : /_guest\b/.test(roles) ? "guest" : "member";

async function named(on: Caller, members: readonly WireMember[]): Promise<Shown[]> {
  const names = new Map((await usersOf(on, members)).map((user) => [user.id, user.username]));
  return members.map((member) => ({
    user: member.user_id,
    name: names.get(member.user_id) ?? null,
    membership: "joined",
    role: roleOf(member),
  }));
}

export const members = (context: Context): HandlersOf<Capabilities, "members"> => ({
  "members.list": async ({ room, limit = 100, cursor }, call) => {
    const on = await callerOf(context, call);
    const place = await findPlace(on, room);
    const perPage = Math.min(limit, api.pageSize);
    const page = Number(cursor ?? 0);
    const found =
      place.kind === "team"
        ? await api.listTeamMembers(on, room, page, perPage)
        : await api.listMembers(on, room, page, perPage);
    return { items: await named(on, found), ...(found.length < perPage ? {} : { next: String(page + 1) }) };
  },
  "members.invite": async ({ room, user }, call) => {
    const on = await callerOf(context, call);
    const place = await findPlace(on, room);
    const id = await userIdOf(on, user);
    const joined = (member: WireMember): Shown => ({
      user: id,
      name: null,
      membership: "joined",
      role: roleOf(member),
    });
    if (place.kind === "team") return joined(await api.addTeamMember(on, room, id));
    const { team_id: team } = place.channel;
    const inTeam = team === "" ? {} : await orUndefined(api.getTeamMember(on, team, id));
    if (inTeam !== undefined) return joined(await api.addMember(on, room, id));
    // The team comes first; a bot may add to it as well.
    await api.addTeamMember(on, team, id);
    return joined(
      await api.addMember(on, room, id).catch((error: unknown) => {
        throw halfDone(error, "entered the team of the channel, but not the channel itself");
      }),
    );
  },
  "members.kick": async ({ room, user }, call) => {
    const on = await callerOf(context, call);
    const place = await findPlace(on, room);
    const id = await userIdOf(on, user);
    if (place.kind === "team") await api.removeTeamMember(on, room, id);
    else await api.removeMember(on, room, id);
    return { user: id, name: null, membership: "kicked" };
  },
});
