import { isObject, type JsonObject } from "../wire.ts";
import { refuse, type Requester, type SimRoom, type SimService, type World } from "./model.ts";

/** One request, as a handler of the simulator sees it. */
export interface Call {
  readonly world: World;
  readonly request: Request;
  readonly url: URL;
  /** Parts of the path, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
}

/** What a handler answers: JSON for 200, or a whole response. */
export type Answer = JsonObject | readonly unknown[] | Response;

export type Handler = (call: Call) => Answer | Promise<Answer>;

export function param(call: Call, name: string): string {
  return call.params[name] ?? "";
}

/** Body as an object; an empty one is refused unless the endpoint allows it. */
export async function bodyOf(call: Call, allowEmpty = false): Promise<JsonObject> {
  const text = await call.request.text();
  if (text === "" && allowEmpty) return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    refuse(400, "M_NOT_JSON", "Content not JSON.");
  }
  return isObject(value) ? value : refuse(400, "M_BAD_JSON", "Content must be a JSON object.");
}

/** The access token; header and query together are refused, as Synapse does. */
export function tokenOf(call: Call): string | undefined {
  const header = call.request.headers.get("authorization");
  const query = call.query.get("access_token");
  if (header !== null && query !== null)
    refuse(401, "M_MISSING_TOKEN", "Mixing Authorization headers and access_token query parameters.");
  if (header === null) return query ?? undefined;
  const [scheme, token] = header.split(" ");
  return scheme === "Bearer" && token !== undefined
    ? token
    : refuse(401, "M_MISSING_TOKEN", "Invalid Authorization header.");
}

export function serviceOf(world: World, token: string | undefined): SimService | undefined {
  return world.services.find(({ registration }) => registration.asToken === token);
}

/** Who acts: a human by token, or a user of an application service by token and `user_id`. */
export function requester(call: Call): Requester {
  const { world, query } = call;
  const token = tokenOf(call);
  if (token === undefined) refuse(401, "M_MISSING_TOKEN", "Missing access token");
  const service = serviceOf(world, token);
  if (service === undefined) {
    const human = world.tokens.get(token);
    return human ?? refuse(401, "M_UNKNOWN_TOKEN", "Invalid access token passed.", { soft_logout: false });
  }
  const sender = `@${service.registration.senderLocalpart}:${world.serverName}`;
  const named = query.get("user_id");
  // Dendrite then takes the bare localpart for the user.
  if (named === null && world.dialect.bareSender && !call.url.pathname.endsWith("/account/whoami"))
    refuse(403, "M_FORBIDDEN", "the acting user is no member of this server");
  const user = named ?? sender;
  if (!service.interested(user))
    refuse(403, "M_FORBIDDEN", `Application service cannot masquerade as this user (${user}).`);
  if (user !== sender && !world.accounts.has(user))
    refuse(403, "M_FORBIDDEN", `Application service has not registered this user (${user})`);
  const device = query.get("device_id") ?? query.get("org.matrix.msc3202.device_id");
  if (device !== null)
    refuse(
      400,
      "ORG.MATRIX.MSC4326.M_UNKNOWN_DEVICE",
      `Application service trying to use a device that doesn't exist ('${device}' for ${user})`,
    );
  return { user, service };
}

export function roomOf(call: Call): SimRoom | undefined {
  return call.world.rooms.get(param(call, "room"));
}

/** `?ts=` of an application service; ignored for humans. */
export function timestampOf(call: Call, who: Requester): number | undefined {
  const ts = call.query.get("ts");
  if (ts === null || who.service === undefined) return undefined;
  if (!/^-?\d+$/.test(ts)) refuse(400, "M_INVALID_PARAM", "Query parameter ts must be an integer");
  if (ts.startsWith("-")) refuse(400, "M_INVALID_PARAM", "Query parameter ts must be a positive integer.");
  return Number(ts);
}

export function limitOf(call: Call, fallback: number): number {
  const limit = Number(call.query.get("limit") ?? fallback);
  return Number.isInteger(limit) && limit > 0 ? Math.min(limit, 1000) : fallback;
}
