import type { WireUser } from "../wire.ts";
import { fileOf, idPart, jsonOf, needed, textOf, type Call, type Calls } from "./call.ts";
import { addUser, botDomain, newKey, Refusal, type Person, type World } from "./model.ts";

/** Without what the server never tells. */
function shown({ key: _, avatar: __, ...user }: Person): WireUser {
  return user;
}

function userOf({ world }: Call, id: number): Person {
  const found = world.users.get(id);
  if (!found) throw new Refusal("No such user");
  return found;
}

function botOf(call: Call): Person {
  const found = call.world.users.get(idPart(call));
  if (!found?.is_bot) throw new Refusal("No such bot");
  if (!call.user.is_admin && found.bot_owner_id !== call.user.user_id) throw new Refusal("Insufficient permission");
  return found;
}

function change(world: World, user: Person, patch: Partial<Person>): void {
  world.users.set(user.user_id, { ...user, ...patch });
}

function checkName(world: World, name: string): void {
  const taken = [...world.users.values()].some(
    ({ is_bot, is_active, full_name }) => is_bot && is_active && full_name.toLowerCase() === name.toLowerCase(),
  );
  if (taken) throw new Refusal("Name is already in use.");
}

async function patchBot(call: Call): Promise<object> {
  const { world } = call;
  const bot = botOf(call);
  const patch: { -readonly [K in keyof Person]?: Person[K] } = {};
  const name = textOf(call, "full_name");
  if (name !== undefined && name !== bot.full_name) {
    checkName(world, name);
    patch.full_name = name;
  }
  const owner = jsonOf<number | null>(call, "bot_owner_id", null);
  if (owner !== null) {
    const person = world.users.get(owner);
    if (!person) throw new Refusal("Failed to change owner, no such user");
    if (!person.is_active) throw new Refusal("Failed to change owner, user is deactivated");
    if (person.is_bot) throw new Refusal("Failed to change owner, bots can't own other bots");
    patch.bot_owner_id = owner;
  }
  const file = await fileOf(call);
  if (file) {
    if (!file.type.startsWith("image/")) throw new Refusal("Invalid image format", "BAD_IMAGE");
    patch.avatar = file;
    patch.avatar_url = `/user_avatars/2/${bot.user_id}.png?version=2`;
  }
  change(world, bot, patch);
  return { full_name: patch.full_name ?? bot.full_name };
}

export const users: Calls = {
  "GET /users": ({ world }) => ({ members: [...world.users.values()].map(shown) }),
  "GET /users/me": ({ user }) => shown(user),
  "GET /users/*": (call) => ({ user: shown(userOf(call, idPart(call))) }),
  "POST /users/*/reactivate": (call) => {
    if (!call.user.is_admin) throw new Refusal("Must be an organization administrator", "UNAUTHORIZED_PRINCIPAL");
    const user = userOf(call, idPart(call));
    if (user.is_bot) checkName(call.world, user.full_name);
    change(call.world, user, { is_active: true });
    return {};
  },
  "GET /users/*/presence": (call) => {
    const user = userOf(call, idPart(call));
    if (!user.is_active) throw new Refusal("No such user");
    if (user.is_bot) throw new Refusal("Presence is not supported for bot users.");
    const seen = call.world.presence.get(user.user_id);
    if (!seen) throw new Refusal(`No presence data for ${user.user_id}`);
    return { presence: { website: seen, aggregated: seen } };
  },
  "GET /users/*/status": (call) => {
    const text = call.world.status.get(userOf(call, idPart(call)).user_id);
    return { status: text === undefined ? {} : { status_text: text } };
  },
  "POST /bots": (call) => {
    const { world, user } = call;
    const full_name = needed(call, "full_name").trim();
    const email = `${needed(call, "short_name").toLowerCase()}-bot@${botDomain}`;
    if (full_name === "" || /[*`\\>"@]/.test(full_name)) throw new Refusal("Invalid characters in name!");
    if ([...world.users.values()].some((other) => other.email === email)) throw new Refusal("Username already in use");
    checkName(world, full_name);
    const bot = addUser(world, { name: full_name, email, owner: user.user_id });
    return { user_id: bot.user_id, api_key: bot.key, avatar_url: bot.avatar_url };
  },
  "PATCH /bots/*": patchBot,
  "DELETE /bots/*": (call) => {
    change(call.world, botOf(call), { is_active: false });
    return {};
  },
  "POST /bots/*/api_key/regenerate": (call) => {
    const api_key = newKey();
    change(call.world, botOf(call), { key: api_key });
    return { api_key };
  },
};
