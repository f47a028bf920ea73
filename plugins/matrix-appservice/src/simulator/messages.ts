import { isObject, objectOf, textOf, type JsonObject } from "../wire.ts";
import {
  append,
  membershipIn,
  refuse,
  stateAt,
  stateKey,
  stateOf,
  type Requester,
  type SimEvent,
  type SimRoom,
  type World,
} from "./model.ts";
import { levelOf, mustReach, neededFor } from "./power.ts";
import { bodyOf, limitOf, param, requester, roomOf, timestampOf, type Call } from "./request.ts";
import { toOldFormat } from "./wire-format.ts";

const maxEventBytes = 65_536;

/** The same path and transaction id of the same application service, whatever user acts, is answered with the first event. */
async function once(call: Call, who: Requester, make: () => SimEvent): Promise<SimEvent> {
  const { world, url, params } = call;
  if (params["txn"] === undefined) return make();
  const key = `${url.pathname}\u0000${who.service?.registration.id ?? `${who.user}/${who.device ?? ""}`}`;
  const known = world.sent.get(key);
  if (known !== undefined) return known;
  // What was refused is not remembered: the same id may be tried again.
  const event = make();
  world.sent.set(key, Promise.resolve(event));
  return event;
}

export function mustBeInRoom(room: SimRoom | undefined, who: Requester, id: string): asserts room is SimRoom {
  if (room === undefined || membershipIn(room, who.user) !== "join")
    refuse(403, "M_FORBIDDEN", `User ${who.user} not in room ${id}`);
}

function checkJson(value: unknown): void {
  if (typeof value === "number" && !Number.isInteger(value)) refuse(400, "M_BAD_JSON", "Bad JSON value: float");
  if (typeof value === "number" && !Number.isSafeInteger(value)) refuse(400, "M_BAD_JSON", "JSON integer out of range");
  if (Array.isArray(value)) value.forEach(checkJson);
  else if (isObject(value)) Object.values(value).forEach(checkJson);
}

function checkMessage(room: SimRoom, sender: string, type: string, content: JsonObject): void {
  if (JSON.stringify(content).length > maxEventBytes - 512) refuse(413, "M_TOO_LARGE", "event too large");
  checkJson(content);
  if (type === "m.room.message") {
    if (content["body"] === undefined) refuse(400, "M_UNKNOWN", "'body' not in content");
    if (typeof content["body"] !== "string") refuse(400, "M_UNKNOWN", "'body' not a string type");
  }
  const relates = objectOf(content["m.relates_to"]);
  const target = textOf(relates["event_id"]);
  if (target !== undefined && !room.events.some((event) => event.event_id === target))
    refuse(400, "M_UNKNOWN", "Can't send relation to unknown event");
  const twice = (event: SimEvent): boolean => {
    const other = objectOf(event.content["m.relates_to"]);
    return (
      event.type === type &&
      event.sender === sender &&
      event.redactedBy === undefined &&
      other["event_id"] === target &&
      other["key"] === relates["key"]
    );
  };
  if (relates["rel_type"] === "m.annotation" && room.events.some(twice))
    refuse(400, "M_DUPLICATE_ANNOTATION", "Can't send same reaction twice");
}

/** `PUT` or `POST /rooms/{id}/send/{type}[/{txnId}]` */
export async function send(call: Call): Promise<JsonObject> {
  const { world } = call;
  const who = requester(call);
  const content = await bodyOf(call);
  const type = param(call, "type");
  const ts = timestampOf(call, who);
  const event = await once(call, who, () => {
    if (type === "m.room.redaction") refuse(500, "M_UNKNOWN", "Internal server error");
    const room = roomOf(call);
    mustBeInRoom(room, who, param(call, "room"));
    mustReach(room, who.user, type, false);
    checkMessage(room, who.user, type, content);
    return append(world, room, {
      type,
      sender: who.user,
      content,
      ts,
      transactionId: param(call, "txn"),
      device: who.device,
    });
  });
  return { event_id: event.event_id };
}

/** `PUT /rooms/{id}/redact/{eventId}/{txnId}` */
export async function redact(call: Call): Promise<JsonObject> {
  const { world } = call;
  const who = requester(call);
  const body = await bodyOf(call);
  const target = param(call, "event");
  const event = await once(call, who, () => {
    const room = roomOf(call);
    mustBeInRoom(room, who, param(call, "room"));
    mustReach(room, who.user, "m.room.redaction", false);
    const found = room.events.find(({ event_id: id }) => id === target);
    const mayAll = levelOf(room, who.user) >= neededFor(room, "redact");
    if (found === undefined && !mayAll) refuse(404, "M_NOT_FOUND", `Could not find event ${target}`);
    if (found !== undefined && found.sender !== who.user && !mayAll)
      refuse(403, "M_FORBIDDEN", "You don't have permission to redact events");
    const content = { ...body, redacts: target };
    const made = append(world, room, {
      type: "m.room.redaction",
      sender: who.user,
      content,
      redacts: target,
      transactionId: param(call, "txn"),
      device: who.device,
    });
    if (found !== undefined) found.redactedBy = made;
    return made;
  });
  return { event_id: event.event_id };
}

/** Who was never in a room sees nothing of it; who left sees it as it was then. */
export function visibleUntil(room: SimRoom | undefined, who: Requester): number | undefined {
  if (room === undefined) return undefined;
  const member = stateOf(room, "m.room.member", who.user);
  if (member === undefined) return undefined;
  if (member.content["membership"] === "join") return Number.POSITIVE_INFINITY;
  const left = member.content["membership"];
  return (left === "leave" || left === "ban") &&
    objectOf(objectOf(member.unsigned)["prev_content"])["membership"] === "join"
    ? member.stream
    : undefined;
}

export const noPreview = (who: Requester, id: string): never =>
  refuse(403, "M_FORBIDDEN", `User ${who.user} not in room ${id}, and room previews are disabled`);

function membershipAt(room: SimRoom, event: SimEvent, user: string): unknown {
  return stateAt(room, event.stream).get(stateKey("m.room.member", user))?.content["membership"] ?? "leave";
}

function shown(world: World, room: SimRoom, event: SimEvent, who: Requester): JsonObject {
  const transactionOf = ({ sender, transactionId }: SimEvent): JsonObject =>
    sender === who.user && transactionId !== undefined && transactionId !== "" ? { transaction_id: transactionId } : {};
  const edit = room.events.findLast((other) => {
    const relates = objectOf(other.content["m.relates_to"]);
    return (
      other.sender === event.sender &&
      other.redactedBy === undefined &&
      relates["rel_type"] === "m.replace" &&
      relates["event_id"] === event.event_id
    );
  });
  const bundled =
    edit === undefined || event.redactedBy !== undefined
      ? {}
      : { "m.relations": { "m.replace": toOldFormat(edit, world.now()) } };
  return toOldFormat(
    event,
    world.now(),
    { membership: membershipAt(room, event, who.user), ...bundled },
    transactionOf,
  );
}

/** `GET /rooms/{id}/event/{eventId}` */
export function getEvent(call: Call): JsonObject {
  const who = requester(call);
  const room = roomOf(call);
  const until = visibleUntil(room, who);
  const found = room?.events.find(({ event_id: id }) => id === param(call, "event"));
  if (room === undefined || until === undefined || found === undefined || found.stream > until)
    refuse(404, "M_NOT_FOUND", "Event not found.");
  return shown(call.world, room, found, who);
}

const token = (stream: number): string => `t${stream}-${stream}_0_0_0_0_0_0_0_0_0_0_0_0`;

/** `GET /rooms/{id}/messages`: a token stands between two events. */
export function getMessages(call: Call): JsonObject {
  const { query, world } = call;
  const who = requester(call);
  const dir = query.get("dir") ?? "f";
  if (dir !== "b" && dir !== "f") refuse(400, "M_INVALID_PARAM", "Query parameter 'dir' must be one of ['b', 'f']");
  const room = roomOf(call);
  const until = visibleUntil(room, who);
  if (room === undefined || until === undefined) return noPreview(who, param(call, "room"));
  const from = query.get("from");
  const at = from === null ? (dir === "b" ? world.stream : 0) : Number(/^[ts](\d+)[-_]/.exec(from)?.[1] ?? Number.NaN);
  if (Number.isNaN(at)) refuse(400, "M_UNKNOWN", "'from' parameter is invalid");
  const types = objectOf(JSON.parse(query.get("filter") ?? "{}"))["types"];
  const wanted = room.events.filter((event) => {
    const inside = dir === "b" ? event.stream <= at : event.stream > at;
    return inside && event.stream <= until && (!Array.isArray(types) || types.includes(event.type));
  });
  const limit = limitOf(call, 10);
  const chunk = dir === "b" ? wanted.slice(-limit).reverse() : wanted.slice(0, limit);
  const last = chunk.at(-1);
  const start = from ?? (dir === "b" ? token(at) : `s${at}_0_0_0_0_0_0_0_0_0_0_0_0`);
  // A full page has an end, even where nothing follows: a filter hides what is there. Forward there may always be more.
  const end =
    last === undefined || (dir === "b" && chunk.length < limit)
      ? undefined
      : token(dir === "b" ? last.stream - 1 : last.stream);
  return { chunk: chunk.map((event) => shown(world, room, event, who)), start, ...(end === undefined ? {} : { end }) };
}

/** `GET /_matrix/client/v1/rooms/{id}/relations/{eventId}[/{relType}[/{type}]]`, newest first. */
export function getRelations(call: Call): JsonObject {
  const who = requester(call);
  const room = roomOf(call);
  const until = visibleUntil(room, who);
  if (room === undefined || until === undefined) return noPreview(who, param(call, "room"));
  const { relType, type } = call.params;
  const found = room.events.filter((event) => {
    const relates = objectOf(event.content["m.relates_to"]);
    const refers =
      relates["event_id"] === param(call, "event") && event.redactedBy === undefined && event.stream <= until;
    return (
      refers &&
      (relType === undefined || relates["rel_type"] === relType) &&
      (type === undefined || event.type === type)
    );
  });
  const from = Number(call.query.get("from") ?? Number.POSITIVE_INFINITY);
  const page = found.filter(({ stream }) => stream < from).reverse();
  const chunk = page.slice(0, limitOf(call, 5));
  const last = chunk.at(-1);
  return {
    chunk: chunk.map((event) => shown(call.world, room, event, who)),
    ...(last === undefined || chunk.length === page.length ? {} : { next_batch: String(last.stream) }),
  };
}

/** `GET /rooms/{id}/context/{event}`: half of the limit on each side. */
export function getContext(call: Call): JsonObject {
  const who = requester(call);
  const room = roomOf(call);
  const until = visibleUntil(room, who);
  if (room === undefined || until === undefined) return noPreview(who, param(call, "room"));
  const seen = room.events.filter(({ stream }) => stream <= until);
  const at = seen.findIndex(({ event_id: id }) => id === param(call, "event"));
  const found = seen[at] ?? refuse(404, "M_NOT_FOUND", "Event not found.");
  const limit = limitOf(call, 10);
  const before = seen.slice(Math.max(0, at - Math.floor(limit / 2)), at).reverse();
  const after = seen.slice(at + 1, at + 1 + Math.ceil(limit / 2));
  const show = (event: SimEvent): JsonObject => shown(call.world, room, event, who);
  const last = after.at(-1) ?? found;
  return {
    events_before: before.map(show),
    event: show(found),
    events_after: after.map(show),
    state: [...stateAt(room, last.stream).values()].map((event) => toOldFormat(event, call.world.now())),
    start: token((before.at(-1) ?? found).stream - 1),
    end: token(last.stream),
  };
}
