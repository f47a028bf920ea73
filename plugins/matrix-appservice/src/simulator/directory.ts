import { serverOf } from "../ids.ts";
import type { JsonObject } from "../wire.ts";
import { refuse, type SimService, type World } from "./model.ts";
import { bodyOf, param, requester, type Call } from "./request.ts";

function matches(service: SimService, alias: string): boolean {
  return service.registration.aliases.some(({ regex }) => RegExp(regex).test(alias));
}

/** An alias in an exclusive namespace belongs to its application service; one outside is none of its business. */
export function checkAliasNamespace(world: World, alias: string, service: SimService | undefined): void {
  if (service !== undefined && !matches(service, alias))
    refuse(400, "M_EXCLUSIVE", "This application service has not reserved this kind of alias.");
  const owned = world.services.some(
    (other) =>
      other !== service && other.registration.aliases.some(({ exclusive }) => exclusive) && matches(other, alias),
  );
  if (owned) refuse(400, "M_EXCLUSIVE", "This alias is reserved by an application service.");
}

/** Room of an alias; an unknown one of a namespace is asked for first, and only what exists afterwards counts. */
export async function resolveAlias(world: World, alias: string): Promise<string> {
  for (const service of world.services) {
    if (world.aliases.has(alias)) break;
    if (service.registration.url !== null && matches(service, alias))
      await world.ask(service, "GET", `/rooms/${encodeURIComponent(alias)}`);
  }
  return world.aliases.get(alias) ?? refuse(404, "M_NOT_FOUND", `Room alias ${alias} not found`);
}

/** `GET /directory/room/{alias}` */
export async function getAlias(call: Call): Promise<JsonObject> {
  return { room_id: await resolveAlias(call.world, param(call, "alias")), servers: [call.world.serverName] };
}

/** `PUT /directory/room/{alias}` */
export async function putAlias(call: Call): Promise<JsonObject> {
  const { world } = call;
  const who = requester(call);
  const alias = param(call, "alias");
  const body = await bodyOf(call);
  if (serverOf(alias) !== world.serverName && who.service === undefined)
    refuse(400, "M_INVALID_PARAM", "Room alias must be local");
  checkAliasNamespace(world, alias, who.service);
  const room = String(body["room_id"]);
  if (world.aliases.has(alias)) refuse(409, "M_UNKNOWN", `Room alias ${alias} already exists`);
  if (!world.rooms.has(room)) refuse(400, "M_UNKNOWN", "Room does not exist");
  world.aliases.set(alias, room);
  return {};
}

/** `DELETE /directory/room/{alias}`: any user of the namespace's owner may, also a second time. */
export function deleteAlias(call: Call): JsonObject {
  const who = requester(call);
  const alias = param(call, "alias");
  if (who.service === undefined && !call.world.aliases.has(alias))
    refuse(404, "M_NOT_FOUND", `Room alias ${alias} not found`);
  call.world.aliases.delete(alias);
  return {};
}
