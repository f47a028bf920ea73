import { objectOf, textOf, type JsonObject } from "../wire.ts";
import { mustBeInRoom } from "./messages.ts";
import { append, membersOf, Refusal, refuse, stateOf, type SimRoom } from "./model.ts";
import { levelOf, neededFor } from "./power.ts";
import { bodyOf, param, requester, roomOf, type Call } from "./request.ts";

/* The room directory, the user directory, third-party lookups and MSC2716. */

/** `GET /directory/list/room/{room}` */
export function getVisibility(call: Call): JsonObject {
  const room = roomOf(call) ?? refuse(404, "M_NOT_FOUND", "Unknown room");
  return { visibility: call.world.published.has(room.id) ? "public" : "private" };
}

/** `PUT /directory/list/room/{room}`: by moderators. */
export async function putVisibility(call: Call): Promise<JsonObject> {
  const who = requester(call);
  const visibility = (await bodyOf(call))["visibility"] ?? "public";
  if (visibility !== "public" && visibility !== "private")
    refuse(400, "M_BAD_JSON", "Input should be 'public' or 'private'");
  const room = roomOf(call) ?? refuse(404, "M_NOT_FOUND", "Unknown room");
  if (levelOf(room, who.user) < neededFor(room, "ban"))
    refuse(403, "M_FORBIDDEN", "This server requires you to be a moderator in the room to edit its room list entry");
  if (visibility === "public") call.world.published.add(room.id);
  else call.world.published.delete(room.id);
  return {};
}

/** `PUT` and `DELETE /directory/list/appservice/{network}/{room}` */
export async function networkVisibility(call: Call): Promise<JsonObject> {
  const who = requester(call);
  if (who.service === undefined)
    refuse(403, "M_FORBIDDEN", "Only appservices can edit the appservice published room list");
  if (call.request.method === "PUT") await bodyOf(call);
  return {};
}

function listed(room: SimRoom): JsonObject {
  const text = (type: string, field: string): JsonObject => {
    const value = textOf(stateOf(room, type)?.content[field]);
    return value === undefined || value === "" ? {} : { [field === "alias" ? "canonical_alias" : field]: value };
  };
  return {
    room_id: room.id,
    ...text("m.room.name", "name"),
    ...text("m.room.topic", "topic"),
    ...text("m.room.canonical_alias", "alias"),
    num_joined_members: membersOf(room, "join").length,
    world_readable: false,
    guest_can_join: stateOf(room, "m.room.guest_access")?.content["guest_access"] === "can_join",
    join_rule: stateOf(room, "m.room.join_rules")?.content["join_rule"] ?? "invite",
  };
}

/** `GET` and `POST /publicRooms` */
export async function publicRooms(call: Call): Promise<JsonObject> {
  requester(call);
  const body = call.request.method === "POST" ? await bodyOf(call) : {};
  const term = textOf(objectOf(body["filter"])["generic_search_term"])?.toLowerCase() ?? "";
  const rooms = [...call.world.published].flatMap((id) => call.world.rooms.get(id) ?? []);
  // Published is not enough: the room has to let strangers in, or knock.
  const open = rooms.map((room) => listed(room)).filter((room) => room["join_rule"] !== "invite");
  const chunk = open.filter((room) => JSON.stringify(room).toLowerCase().includes(term));
  return { chunk, total_room_count_estimate: chunk.length };
}

/** `POST /user_directory/search` */
export async function searchUsers(call: Call): Promise<JsonObject> {
  requester(call);
  const body = await bodyOf(call);
  const term = (textOf(body["search_term"]) ?? "").toLowerCase();
  const limit = typeof body["limit"] === "number" ? body["limit"] : 10;
  const found = [...call.world.accounts.values()].filter(
    ({ id, displayname, deactivated }) =>
      term !== "" && !deactivated && `${id} ${displayname ?? ""}`.toLowerCase().includes(term),
  );
  return {
    limited: found.length > limit,
    results: found.slice(0, limit).map(({ id, displayname, avatarUrl }) => ({
      user_id: id,
      display_name: displayname ?? null,
      avatar_url: avatarUrl ?? null,
    })),
  };
}

/** `GET /rooms/{id}/aliases` */
export function roomAliases(call: Call): JsonObject {
  const who = requester(call);
  const room = roomOf(call);
  mustBeInRoom(room, who, param(call, "room"));
  return { aliases: [...call.world.aliases].filter(([, id]) => id === room.id).map(([alias]) => alias) };
}

/** `GET /thirdparty/{user|location}[/{protocol}]`: a wrong shape and a 404 count as nothing found. */
export async function thirdParty(call: Call): Promise<readonly unknown[]> {
  requester(call);
  const { protocol } = call.params;
  if (protocol === undefined) return [];
  const kind = call.url.pathname.split("/").at(-2) ?? "";
  const found: unknown[] = [];
  for (const service of servicesFor(call, protocol)) {
    const path = `/thirdparty/${kind}/${encodeURIComponent(protocol)}${call.url.search}`;
    const answer = await call.world.ask(service, "GET", path);
    const list: unknown = answer?.status === 200 ? await answer.json().catch(() => undefined) : undefined;
    if (Array.isArray(list)) found.push(...list);
  }
  return found;
}

const servicesFor = ({ world }: Call, protocol: string) =>
  world.services.filter(({ registration }) => registration.url !== null && registration.protocols.includes(protocol));

/** Metadata is asked for once and kept, a refusal too. */
async function protocolOf(call: Call, protocol: string): Promise<JsonObject | undefined> {
  const { world } = call;
  for (const service of servicesFor(call, protocol)) {
    const key = `${service.registration.id}\n${protocol}`;
    if (!world.protocols.has(key)) {
      const answer = await world.ask(service, "GET", `/thirdparty/protocol/${encodeURIComponent(protocol)}`);
      const body: unknown = answer?.status === 200 ? await answer.json().catch(() => undefined) : undefined;
      const made = objectOf(body);
      const instances = Array.isArray(made["instances"]) ? made["instances"].map(objectOf) : [];
      const named = instances.map((each) => ({
        ...each,
        instance_id: `${service.registration.id}|${String(each["network_id"])}`,
      }));
      world.protocols.set(key, body === undefined ? undefined : { ...made, instances: named });
    }
    const known = world.protocols.get(key);
    if (known !== undefined) return known;
  }
  return undefined;
}

/** Synapse gives this refusal no errcode. */
function unknownProtocol(): never {
  throw new Refusal(404, { error: "Unknown protocol" });
}

/** `GET /thirdparty/protocols` and `GET /thirdparty/protocol/{protocol}` */
export async function protocols(call: Call): Promise<JsonObject> {
  requester(call);
  const { protocol } = call.params;
  if (protocol !== undefined) return (await protocolOf(call, protocol)) ?? unknownProtocol();
  const names = new Set(call.world.services.flatMap(({ registration }) => registration.protocols));
  const all: Record<string, unknown> = {};
  for (const name of names) all[name] = await protocolOf(call, name);
  return all;
}

/** MSC2716, where the dialect has it: events go before the others, in order; answers as Synapse 1.86 did. */
export async function batchSend(call: Call): Promise<JsonObject> {
  const { world } = call;
  if (!world.dialect.batchSend) refuse(404, "M_UNRECOGNIZED", "Unrecognized request");
  const who = requester(call);
  if (who.service === undefined)
    refuse(403, "M_FORBIDDEN", "Only application services can use the /batchsend endpoint");
  const room = roomOf(call);
  mustBeInRoom(room, who, param(call, "room"));
  const prev = call.query.get("prev_event_id");
  if (prev === null)
    refuse(400, "M_MISSING_PARAM", "prev_event query parameter is required when inserting historical messages");
  if (!room.events.some(({ event_id: id }) => id === prev)) refuse(400, "M_INVALID_PARAM", "prev_event is unknown");
  const body = await bodyOf(call);
  const write = (list: unknown): string[] =>
    (Array.isArray(list) ? list : []).map(objectOf).map((entry) => {
      const key = textOf(entry["state_key"]);
      const made = append(world, room, {
        type: String(entry["type"]),
        sender: String(entry["sender"]),
        content: { ...objectOf(entry["content"]), "org.matrix.msc2716.historical": true },
        ts: typeof entry["origin_server_ts"] === "number" ? entry["origin_server_ts"] : undefined,
        ...(key === undefined ? {} : { stateKey: key }),
      });
      return made.event_id;
    });
  const state = write(body["state_events_at_start"]);
  const events = write(body["events"]);
  return {
    state_event_ids: state,
    event_ids: events,
    next_batch_id: world.nextId(20),
    insertion_event_id: `$${world.nextId(43)}`,
    batch_event_id: `$${world.nextId(43)}`,
    base_insertion_event_id: `$${world.nextId(43)}`,
  };
}
