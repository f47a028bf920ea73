import { isObject } from "../wire.ts";
import { personOf } from "./access.ts";
import type { SimBot, World } from "./model.ts";
import { failed, Guard, invalid } from "./refusal.ts";
import { route, type Route } from "./route.ts";
import { userJson } from "./shapes.ts";

const scopes = new Set(["read:identify", "read:servers", "write:files", "events", "full"]);

/** Checks the settings first, and answers what applies them; null: not given. */
export function editOAuth2(given: unknown): ((world: World, bot: SimBot) => void) | null {
  if (!isObject(given)) return null;
  const { public: open, redirects, allowed_scopes: allowed } = given;
  if (open !== undefined && typeof open !== "boolean") throw new Guard(422);
  if (allowed !== undefined) checkScopes(allowed);
  if (redirects !== undefined) {
    if (!Array.isArray(redirects)) throw new Guard(422);
    if (redirects.length < 1 || redirects.length > 10) throw failed("oauth2.redirects");
  }
  return (world, bot) => {
    const before = bot.oauth2 ?? { public: false, secret: world.token(), redirects: [], allowed_scopes: {} };
    const isPublic = open === undefined ? before.public : open;
    bot.oauth2 = {
      public: isPublic,
      secret: isPublic ? null : (before.secret ?? world.token()),
      redirects: redirects === undefined ? before.redirects : (redirects as string[]),
      allowed_scopes: allowed === undefined ? before.allowed_scopes : (allowed as Record<string, unknown>),
    };
  };
}

function checkScopes(allowed: unknown): void {
  if (!isObject(allowed)) throw new Guard(422);
  for (const [scope, texts] of Object.entries(allowed)) {
    const whole = isObject(texts) && typeof texts["allow"] === "string" && typeof texts["deny"] === "string";
    if (!scopes.has(scope) || !whole) throw new Guard(422);
  }
}

export function removeOAuth2(world: World, bot: SimBot, remove: readonly string[]): void {
  if (remove.includes("Oauth2")) delete bot.oauth2;
  if (remove.includes("Oauth2Secret") && bot.oauth2 && !bot.oauth2.public)
    bot.oauth2 = { ...bot.oauth2, secret: world.token() };
}

/** Only on the branch. People log in elsewhere; `authorize` is what a person does there. */
export const oauth2Routes: readonly Route[] = [
  route("GET /oauth2/authorize", ({ world, headers, url }) => {
    const viewer = personOf(world, headers);
    const { bot } = authorization(world, url);
    const user = world.users.get(viewer.id);
    const name = world.users.get(bot._id)?.username;
    return {
      bot: { _id: bot._id, username: name },
      user: user && userJson(world, user, null),
      allowed_scopes: bot.oauth2?.allowed_scopes,
    };
  }),
  route("POST /oauth2/authorize", ({ world, headers, url }) => {
    const viewer = personOf(world, headers);
    const { bot, scope } = authorization(world, url);
    if (url.searchParams.has("state") || scope.includes("write:files")) throw invalid();
    const created_at = new Date(world.now()).toISOString();
    world.authorized.set(`${viewer.id}/${bot._id}`, {
      user: viewer.id,
      bot: bot._id,
      created_at,
      scope,
      revoked: false,
    });
    return { redirect_uri: `${url.searchParams.get("redirect_uri") ?? ""}/?code=${world.token()}` };
  }),
  route("GET /oauth2/authorized_bots", ({ world, headers }) => {
    const { id } = personOf(world, headers);
    return [...world.authorized.values()]
      .filter(({ user }) => user === id)
      .map((one) => ({
        public_bot: { _id: one.bot, username: world.users.get(one.bot)?.username },
        authorized_bot: authorizedJson(one),
      }));
  }),
  route("POST /oauth2/revoke", ({ world, headers, url }) => {
    const { id } = personOf(world, headers);
    const found = world.authorized.get(`${id}/${url.searchParams.get("client_id") ?? ""}`);
    if (!found || found.revoked) throw invalid();
    found.revoked = true;
    return authorizedJson(found);
  }),
];

function authorizedJson(one: { user: string; bot: string; created_at: string; scope: readonly string[] }): unknown {
  return {
    _id: { user: one.user, bot: one.bot },
    created_at: one.created_at,
    deauthorized_at: null,
    scope: [...one.scope],
  };
}

function authorization(world: World, url: URL): { readonly bot: SimBot; readonly scope: readonly string[] } {
  const [client, scope, redirect, type] = ["client_id", "scope", "redirect_uri", "response_type"].map((name) =>
    url.searchParams.get(name),
  );
  if (client == null || scope == null || redirect == null || type == null) throw new Guard(422);
  const bot = world.bots.get(client);
  const wanted = scope.split(" ");
  if (!bot?.oauth2?.redirects.includes(redirect) || wanted.some((one) => !(one in (bot.oauth2?.allowed_scopes ?? {}))))
    throw invalid();
  return { bot, scope: wanted };
}
