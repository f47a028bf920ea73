import { localpartOf } from "../ids.ts";
import { objectOf, textOf, type JsonObject } from "../wire.ts";
import { append, membershipIn, Refusal, refuse, stateOf, type SimAccount, type World } from "./model.ts";
import { bodyOf, param, requester, serviceOf, tokenOf, type Call } from "./request.ts";

export function addAccount(world: World, id: string, password?: string): SimAccount {
  const account: SimAccount = {
    id,
    fields: new Map(),
    password,
    displayname: localpartOf(id),
    avatarUrl: undefined,
    deactivated: false,
  };
  world.accounts.set(id, account);
  return account;
}

/** A new access token of a human or of a ghost that logged in. */
function addToken(world: World, user: string, device = world.nextId(10)): JsonObject {
  const token = `syt_${world.nextId(32)}`;
  world.tokens.set(token, { user, device });
  return { access_token: token, device_id: device };
}

const inUse = (): never => refuse(400, "M_USER_IN_USE", "User ID already taken.");
const reserved = (): never => refuse(400, "M_EXCLUSIVE", "This user ID is reserved by an application service.");

/** Whether a namespace keeps humans out of this name. */
function isReserved(world: World, user: string): boolean {
  return world.services.some(
    (service) => service.registration.users.some((entry) => entry.exclusive) && service.interested(user),
  );
}

/** `POST /register` of application services and of humans. */
export async function register(call: Call): Promise<JsonObject> {
  const { world } = call;
  const body = await bodyOf(call);
  if (call.query.get("kind") === "guest") refuse(403, "M_UNKNOWN", "Guest access is disabled");
  const token = tokenOf(call);
  if (body["type"] === "m.login.application_service") return registerGhost(call, body, token);
  if (token !== undefined)
    refuse(
      400,
      "M_UNKNOWN",
      "An access token should not be provided on requests to /register (except if type is m.login.application_service)",
    );
  const name = textOf(body["username"]) ?? refuse(400, "M_UNKNOWN", "Invalid username");
  const user = `@${name}:${world.serverName}`;
  if (isReserved(world, user)) reserved();
  if (world.accounts.has(user)) inUse();
  if (objectOf(body["auth"])["type"] !== "m.login.dummy")
    throw new Refusal(401, { session: world.nextId(24), flows: [{ stages: ["m.login.dummy"] }], params: {} });
  addAccount(world, user, textOf(body["password"]));
  const answer = { user_id: user, home_server: world.serverName };
  return body["inhibit_login"] === true ? answer : { ...answer, ...addToken(world, user, textOf(body["device_id"])) };
}

function registerGhost(call: Call, body: JsonObject, token: string | undefined): JsonObject {
  const { world } = call;
  const { username } = body;
  if (username === undefined) refuse(400, "M_UNKNOWN", "Desired Username is missing or not a string");
  if (typeof username !== "string") refuse(400, "M_UNKNOWN", "Invalid username");
  if (token === undefined)
    refuse(400, "M_UNKNOWN", "Appservice token must be provided when using a type of m.login.application_service");
  const service =
    serviceOf(world, token) ?? refuse(401, "M_UNKNOWN_TOKEN", "Unrecognised access token", { soft_logout: false });
  const user = `@${username}:${world.serverName}`;
  const foreign = world.services.some(
    (other) =>
      other !== service && other.registration.users.some(({ exclusive }) => exclusive) && other.interested(user),
  );
  if (!service.interested(user) || foreign)
    refuse(400, "M_EXCLUSIVE", "Invalid user localpart for this application service.");
  if (world.accounts.has(user)) inUse();
  addAccount(world, user);
  const inhibit = body["inhibit_login"] === true;
  // The account exists by now: what is refused here has happened.
  if (service.msc4190 && !inhibit)
    refuse(
      400,
      "IO.ELEMENT.MSC4190.M_APPSERVICE_LOGIN_UNSUPPORTED",
      "This appservice has MSC4190 enabled, so the inhibit_login parameter must be set to true.",
    );
  const answer = { user_id: user, home_server: world.serverName };
  return inhibit ? answer : { ...answer, ...addToken(world, user) };
}

/** `GET /register/available` */
export function available(call: Call): JsonObject {
  const user = `@${call.query.get("username") ?? ""}:${call.world.serverName}`;
  if (isReserved(call.world, user)) reserved();
  return call.world.accounts.has(user) ? inUse() : { available: true };
}

/** `POST /login` with a password, or of a ghost with the token of its application service. */
export async function login(call: Call): Promise<JsonObject> {
  const { world } = call;
  const body = await bodyOf(call);
  const name = textOf(objectOf(body["identifier"])["user"]) ?? textOf(body["user"]) ?? "";
  const user = name.startsWith("@") ? name : `@${name}:${world.serverName}`;
  const account = world.accounts.get(user);
  if (body["type"] === "m.login.application_service") {
    const token = tokenOf(call) ?? refuse(401, "M_MISSING_TOKEN", "Missing access token");
    const service = serviceOf(world, token);
    if (service?.interested(user) !== true) refuse(403, "M_FORBIDDEN", "Invalid access_token");
    if (account === undefined) refuse(404, "M_UNKNOWN", "No row found (users)");
  } else if (account?.password === undefined || account.password !== body["password"]) {
    refuse(403, "M_FORBIDDEN", "Invalid username or password");
  }
  const answer = { user_id: user, ...addToken(world, user, textOf(body["device_id"])), home_server: world.serverName };
  return { ...answer, well_known: { "m.homeserver": { base_url: `${call.url.origin}/` } } };
}

export const whoami = (call: Call): JsonObject => {
  const who = requester(call);
  return { user_id: who.user, is_guest: false, ...(who.device === undefined ? {} : { device_id: who.device }) };
};

export const deactivate = async (call: Call): Promise<JsonObject> => {
  await bodyOf(call);
  const account = call.world.accounts.get(requester(call).user);
  if (account !== undefined) account.deactivated = true;
  return { id_server_unbind_result: "success" };
};

function profileOf(call: Call): SimAccount {
  return call.world.accounts.get(param(call, "user")) ?? refuse(404, "M_UNKNOWN", "No row found (profiles)");
}

export function getProfile(call: Call): JsonObject {
  const { displayname, avatarUrl, fields } = profileOf(call);
  const all = {
    ...Object.fromEntries(fields),
    ...(displayname === undefined ? {} : { displayname }),
    ...(avatarUrl === undefined ? {} : { avatar_url: avatarUrl }),
  };
  const { field } = call.params;
  if (field === undefined) return all;
  return Object.fromEntries(Object.entries(all).filter(([name]) => name === field));
}

/** `DELETE /profile/{user}/{field}` */
export function deleteProfile(call: Call): JsonObject {
  const who = requester(call);
  if (param(call, "user") !== who.user) refuse(403, "M_FORBIDDEN", "Cannot delete another user's profile");
  profileOf(call).fields.delete(param(call, "field"));
  return {};
}

/** Sets a name or picture, and shows it in every room the user is in: one event each. */
export async function putProfile(call: Call): Promise<JsonObject> {
  const { world } = call;
  const who = requester(call);
  const field = param(call, "field");
  const body = await bodyOf(call);
  if (param(call, "user") !== who.user) refuse(400, "M_FORBIDDEN", `Cannot set another user's ${field}`);
  const value = body[field];
  if (field !== "displayname" && field !== "avatar_url") {
    (world.accounts.get(who.user) ?? addAccount(world, who.user)).fields.set(field, value);
    return {};
  }
  if (typeof value !== "string") refuse(400, "M_INVALID_PARAM", `'${field}' must be a string`);
  if (field === "displayname" && value.length > 256) refuse(400, "M_UNKNOWN", "Displayname is too long (max 256)");
  const account = world.accounts.get(who.user) ?? addAccount(world, who.user);
  const set = value === "" ? undefined : value;
  if (field === "displayname") account.displayname = set;
  else account.avatarUrl = set;
  for (const room of world.rooms.values()) {
    if (membershipIn(room, who.user) !== "join") continue;
    const shown = {
      ...(account.displayname === undefined ? {} : { displayname: account.displayname }),
      ...(account.avatarUrl === undefined ? {} : { avatar_url: account.avatarUrl }),
    };
    const content = { ...shown, membership: "join" };
    if (JSON.stringify(stateOf(room, "m.room.member", who.user)?.content) !== JSON.stringify(content))
      append(world, room, { type: "m.room.member", sender: who.user, stateKey: who.user, content });
  }
  return {};
}
