import { needManager, needUser } from "./access.ts";
import type { CallsOf } from "./context.ts";
import { Refusal, findUser, toWireUser, type Model, type UserRow } from "./model.ts";

export function addUser(model: Model, id: string): UserRow {
  const user: UserRow = { id, name: id, fullName: null, bot: null };
  model.users.set(id, user);
  return user;
}

export const userCalls = (
  model: Model,
): CallsOf<"user"> & CallsOf<"session"> & CallsOf<"server"> & CallsOf<"presence"> => ({
  "server.info": () => ({ name: "Botyard sandbox", version: "1.0.0" }),
  "session.open": (_caller, { user_name, password }) => {
    const user = [...model.users.values()].find(({ name, bot }) => name === user_name && !bot);
    const known = user && (model.passwords.get(user.id) ?? `password-${user.id}`);
    if (!user || password !== known || model.revoked.has(password)) {
      throw new Refusal(401, "bad_password", "the name or the password is wrong");
    }
    const session = `session-${user.id}`;
    model.revoked.delete(session);
    return { session };
  },
  "presence.put": (caller, presence) => {
    model.presences.set(needUser(caller).id, presence);
    return {};
  },
  "presence.get": (_caller, { user_id }) =>
    model.presences.get(findUser(model, user_id).id) ?? { presence: "offline", note: null },
  "session.check": (caller) => ({ user: caller.user && toWireUser(caller.user) }),
  "user.list": (_caller, { limit = 100, before, search }) => {
    const all = [...model.users.values()].filter(
      (user) =>
        !user.name.startsWith("gone.") &&
        (search === undefined || user.name.includes(search) || user.fullName?.includes(search) === true),
    );
    const start = before === undefined ? 0 : all.findIndex(({ id }) => id === before) + 1;
    const users = all.slice(start, start + limit);
    const more = start + limit < all.length;
    return { users: users.map(toWireUser), next: more ? (users.at(-1)?.id ?? null) : null };
  },
  "user.get": (_caller, { user_id }) => ({ user: toWireUser(findUser(model, user_id)) }),
  "user.ensure": (caller, { user_id }) => {
    needManager(model, caller);
    if (!model.policy.ghosts.test(user_id))
      throw new Refusal(403, "no_ghost", "the id is outside the pattern of ghosts");
    const known = model.users.get(user_id);
    if (known) return { user: toWireUser(known), made: false };
    return { user: toWireUser(addUser(model, user_id)), made: true };
  },
});
