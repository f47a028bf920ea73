import type { Fields } from "../wire.ts";
import { addToken } from "./accounts.ts";
import { badBody, isAdmin, noPermission, refuse, type SimToken, type SimUser, type World } from "./model.ts";
import { admin, fieldsOf, me, ok, pageOf, param, text, userParam, type Ask, type Reply } from "./request.ts";

const missing = (): never => refuse(404, "app.user_access_token.get_by_user.app_error");

const show = ({ id, user_id, description, is_active, expires_at: end }: SimToken): Fields => ({
  id,
  user_id,
  description,
  is_active,
  ...(end === undefined ? {} : { expires_at: end }),
});

function mayManage(ask: Ask, user: string): SimUser {
  const self = me(ask);
  const own = self.id === user && self.roles.includes("system_user_access_token") && !ask.world.bots.has(user);
  return isAdmin(self) || own ? self : noPermission();
}

const accessTokens = (world: World): SimToken[] => [...world.tokens.values()].filter(({ session }) => !session);

export async function createToken(ask: Ask): Promise<Reply> {
  const { world } = ask;
  const id = userParam(ask);
  const body = await fieldsOf(ask).catch((error: unknown) => {
    me(ask);
    throw error;
  });
  mayManage(ask, id);
  const user = world.users.get(id) ?? refuse(404, "app.user.missing_account.const");
  if (!world.config.userTokens && !world.bots.has(user.id)) refuse(501, "app.user_access_token.disabled");
  const description = text(body, "description");
  if (description === "") badBody();
  if (description.length > 255) refuse(400, "model.user_access_token.is_valid.description.app_error");
  const made = addToken(world, id, description);
  if (world.config.tokenLife) made.expires_at = endOf(body);
  return { ...show(made), token: made.token };
}

export function listTokens(ask: Ask): Reply {
  const id = userParam(ask);
  mayManage(ask, id);
  return pageOf(
    ask,
    accessTokens(ask.world).filter(({ user_id }) => user_id === id),
  ).map(show);
}

export function listAllTokens(ask: Ask): Reply {
  admin(ask);
  return pageOf(ask, accessTokens(ask.world)).map(show);
}

export async function searchTokens(ask: Ask): Promise<Reply> {
  admin(ask);
  const term = text(await fieldsOf(ask), "term");
  if (term === "") badBody();
  const name = (token: SimToken): string => ask.world.users.get(token.user_id)?.username ?? "";
  return accessTokens(ask.world)
    .filter((token) => [token.id, token.user_id, name(token)].includes(term))
    .map(show);
}

/** An omitted end means never. */
const endOf = ({ expires_at: end }: Fields): number => (typeof end === "number" ? end : 0);

/** The same id, a new secret, the old one dead at once. */
export async function rotateToken(ask: Ask): Promise<Reply> {
  const { world } = ask;
  const body = await fieldsOf(ask);
  me(ask);
  const id = text(body, "token_id");
  if (id === "") badBody();
  const old = byId(ask, id);
  mayManage(ask, old.user_id);
  if (!old.is_active) refuse(400, "api.user.rotate_user_access_token.disabled_token.app_error");
  const fresh: SimToken = { ...old, token: world.newId(), expires_at: endOf(body) };
  world.tokens.delete(old.token);
  world.tokens.set(fresh.token, fresh);
  return { ...show(fresh), token: fresh.token };
}

const byId = (ask: Ask, id: string): SimToken => accessTokens(ask.world).find((token) => token.id === id) ?? missing();

export function getToken(ask: Ask): Reply {
  me(ask);
  const token = byId(ask, param(ask, "token"));
  mayManage(ask, token.user_id);
  return show(token);
}

export async function switchToken(ask: Ask, verb: "disable" | "enable" | "revoke"): Promise<Reply> {
  const body = await fieldsOf(ask);
  me(ask);
  const token = byId(ask, text(body, "token_id"));
  mayManage(ask, token.user_id);
  if (verb === "revoke") ask.world.tokens.delete(token.token);
  else token.is_active = verb === "enable";
  return ok;
}

export function listSessions(ask: Ask): Reply {
  const id = userParam(ask);
  // Anybody may see their own, a bot too (seen on 11.1.0).
  if (me(ask).id !== id) mayManage(ask, id);
  return [...ask.world.tokens.values()]
    .filter((token) => token.user_id === id && token.is_active && token.sessionId !== "")
    .map((token) => ({
      id: token.sessionId,
      token: "",
      create_at: token.created,
      expires_at: token.created + 3_153_600_000_000,
      last_activity_at: token.lastUsed,
      user_id: id,
      device_id: "",
      roles: ask.world.users.get(id)?.roles ?? "",
      is_oauth: false,
      expired_notify: false,
      props: { is_bot: "true", is_guest: "false", type: "UserAccessToken", user_access_token_id: token.id },
      team_members: [],
      local: false,
    }));
}
