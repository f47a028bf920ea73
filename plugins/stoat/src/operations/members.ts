import { BotyardError, isBotyardError, type HandlersOf } from "@botyard/sdk";
import * as api from "../api.ts";
import type { Capabilities } from "../capabilities.ts";
import { managing, type Context } from "../context.ts";
import { membersOf, serverOf, whereOf } from "../rooms.ts";
import type { WireMember, WireUser } from "../wire.ts";

export const members = (context: Context): HandlersOf<Capabilities, "members"> => ({
  "members.list": ({ room, limit = 100, cursor }, call) =>
    managing(context, call, async (on) => {
      const found = await membersOf(context, on, room);
      const users = found.users.toSorted((a, b) => (a._id < b._id ? -1 : 1));
      const start = cursor === undefined ? 0 : users.findIndex(({ _id }) => _id > cursor);
      const page = start < 0 ? [] : users.slice(start, start + limit);
      const last = page.at(-1);
      return {
        items: page.map((user) =>
          toMember(
            user,
            found.members.find(({ _id }) => _id.user === user._id),
          ),
        ),
        ...(last && users.at(-1)?._id !== last._id ? { next: last._id } : {}),
      };
    }),

  "members.kick": ({ room, user, reason }, call) => {
    checkReason(reason);
    return managing(context, call, async (on) => {
      const place = await whereOf(context, call.as, on, room);
      if (place.kind === "direct") throw new BotyardError("invalid", "Nobody can be taken out of a direct room.");
      if (place.kind === "group") await api.removeRecipient(on, room, user);
      else await api.kickMember(on, place.server, user, reason);
      return { user, name: null, membership: "kicked" };
    });
  },

  "members.ban": ({ room, user, reason }, call) => {
    if ((reason?.length ?? 0) > 512) throw tooLong();
    return managing(context, call, async (on) => {
      await api.ban(on, await serverOf(context, call.as, on, room), user, reason);
      return { user, name: null, membership: "banned" };
    });
  },

  "members.unban": ({ room, user }, call) =>
    managing(context, call, async (on) => {
      await api.unban(on, await serverOf(context, call.as, on, room), user).catch((error: unknown) => {
        if (!isBotyardError(error) || error.code !== "not_found") throw error;
      });
      return { user, name: null, membership: "left" };
    }),
});

function toMember(
  user: WireUser,
  member: WireMember | undefined,
): {
  user: string;
  name: string | null;
  membership: "joined";
  role?: string;
} {
  const role = member?.roles?.join(", ");
  return {
    user: user._id,
    name: member?.nickname ?? user.display_name ?? user.username,
    membership: "joined",
    ...(role ? { role } : {}),
  };
}

/** The reason of a kick travels in a header, to the server's audit log. */
function checkReason(reason: string | undefined): void {
  if (reason === undefined) return;
  if (reason.length > 512) throw tooLong();
  if (!/^[\x20-\x7e]*$/.test(reason))
    throw new BotyardError("invalid", "The reason of a kick goes into the audit log, in ASCII.", {
      issues: [{ path: "reason", expected: "ASCII characters" }],
    });
}

function tooLong(): BotyardError {
  return new BotyardError("too_large", "A reason has at most 512 characters.", {
    issues: [{ path: "reason", expected: "at most 512 characters" }],
  });
}
