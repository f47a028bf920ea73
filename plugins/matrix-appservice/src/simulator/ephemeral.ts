import { textOf, type JsonObject } from "../wire.ts";
import { membershipIn, refuse, type SimRoom } from "./model.ts";
import { mustBeInRoom } from "./messages.ts";
import { bodyOf, param, requester, roomOf, type Call } from "./request.ts";

/* Typing, presence and receipts, pushed as Synapse does: typing and receipts of ours too, and private receipts of humans. */

function tellTyping({ world }: Call, room: SimRoom): void {
  world.onEdu({
    edu: { type: "m.typing", room_id: room.id, content: { user_ids: [...(world.typing.get(room.id) ?? [])] } },
    room,
  });
}

/** `PUT /rooms/{id}/typing/{user}` */
export async function typing(call: Call): Promise<JsonObject> {
  const { world } = call;
  const who = requester(call);
  const body = await bodyOf(call);
  if (param(call, "user") !== who.user) refuse(400, "M_FORBIDDEN", "Cannot set another user's typing state");
  // Synapse itself falls over what is missing.
  if (body["typing"] === undefined) refuse(500, "M_UNKNOWN", "Internal server error");
  const room = roomOf(call);
  mustBeInRoom(room, who, param(call, "room"));
  const now = world.typing.get(room.id) ?? new Set();
  const before = now.size;
  if (body["typing"] === true) now.add(who.user);
  else now.delete(who.user);
  world.typing.set(room.id, now);
  if (now.size !== before) tellTyping(call, room);
  return {};
}

const states = new Set(["online", "unavailable", "offline"]);

function presenceOf({ world }: Call, user: string): JsonObject {
  const { presence, status, at } = world.presence.get(user) ?? {
    presence: "offline",
    status: undefined,
    at: world.now(),
  };
  return {
    presence,
    last_active_ago: world.now() - at,
    ...(status === undefined ? {} : { status_msg: status }),
    ...(presence === "online" ? { currently_active: true } : {}),
  };
}

/** `PUT /presence/{user}/status` */
export async function putPresence(call: Call): Promise<JsonObject> {
  const { world } = call;
  const who = requester(call);
  const user = param(call, "user");
  if (user !== who.user) refuse(403, "M_FORBIDDEN", "Can only set your own presence state");
  const body = await bodyOf(call);
  const presence = textOf(body["presence"]) ?? "";
  if (!states.has(presence)) refuse(400, "M_UNKNOWN", "Invalid presence state");
  world.presence.set(user, { presence, status: textOf(body["status_msg"]), at: world.now() });
  world.onEdu({ edu: { type: "m.presence", sender: user, content: presenceOf(call, user) }, user });
  return {};
}

/** `GET /presence/{user}/status`: of oneself and of whom one shares a room with. */
export function getPresence(call: Call): JsonObject {
  const who = requester(call);
  const user = param(call, "user");
  const shared = [...call.world.rooms.values()].some(
    (room) => membershipIn(room, who.user) === "join" && membershipIn(room, user) === "join",
  );
  if (user !== who.user && !shared) refuse(403, "M_FORBIDDEN", "You are not allowed to see their presence.");
  return presenceOf(call, user);
}

const receiptTypes = ["m.read", "m.read.private", "m.fully_read"];

function receipt(call: Call, room: SimRoom, user: string, type: string, event: string): void {
  if (type === "m.fully_read") return;
  const content = { [event]: { [type]: { [user]: { ts: call.world.now() } } } };
  call.world.onEdu({ edu: { type: "m.receipt", room_id: room.id, content }, room });
}

/** `POST /rooms/{id}/receipt/{type}/{event}`: an unknown event is taken too. */
export async function postReceipt(call: Call): Promise<JsonObject> {
  const who = requester(call);
  await bodyOf(call, true);
  const type = param(call, "type");
  if (!receiptTypes.includes(type)) refuse(400, "M_UNKNOWN", `Receipt type must be ${receiptTypes.join(", ")}`);
  const room = roomOf(call);
  if (room === undefined || membershipIn(room, who.user) !== "join")
    refuse(403, "M_FORBIDDEN", "You don't have permission to access that event.");
  receipt(call, room, who.user, type, param(call, "event"));
  return {};
}

/** `POST /rooms/{id}/read_markers` */
export async function readMarkers(call: Call): Promise<JsonObject> {
  const who = requester(call);
  const body = await bodyOf(call);
  const room = roomOf(call);
  if (room === undefined || membershipIn(room, who.user) !== "join")
    refuse(403, "M_FORBIDDEN", "You don't have permission to access that event.");
  const full = textOf(body["m.fully_read"]);
  if (full !== undefined && !room.events.some(({ event_id: id }) => id === full))
    refuse(404, "M_UNKNOWN", "Could not find event");
  for (const type of receiptTypes) {
    const event = textOf(body[type]);
    if (event !== undefined) receipt(call, room, who.user, type, event);
  }
  return {};
}

/** `GET` and `PUT /user/{user}/account_data/{type}` */
export function getAccountData(call: Call): JsonObject {
  const key = ownData(call);
  return call.world.accountData.get(key) ?? refuse(404, "M_NOT_FOUND", "Account data not found");
}

export async function putAccountData(call: Call): Promise<JsonObject> {
  call.world.accountData.set(ownData(call), await bodyOf(call));
  return {};
}

function ownData(call: Call): string {
  const who = requester(call);
  if (param(call, "user") !== who.user) refuse(403, "M_FORBIDDEN", "Cannot get account data for other users.");
  return `${who.user}\n${param(call, "type")}`;
}
