import { numberOf, textOf } from "../wire.ts";
import { keepLinks } from "./bots.ts";
import { fail, ok, type Reply } from "./envelope.ts";
import { addAttendee, attendeeOf, isModerator, makeRoom, userActor, write, type Actor, type Room } from "./model.ts";
import { announce } from "./push.ts";
import { roomFor, route, type Route, type Visit } from "./routes.ts";
import { showParticipant, showRoom, userParameter } from "./show.ts";
import { delayAfter } from "./throttle.ts";
import type { Json } from "../wire.ts";

/** A system message, told to the bots. */
export async function tell(
  { server, world }: Pick<Visit, "server" | "world">,
  room: Room,
  actor: Actor,
  systemMessage: string,
  parameters: Json = {},
  message = "",
): Promise<void> {
  const all = { actor: userParameter(actor), ...parameters };
  await announce(server, room, write(world, room, actor, message, { systemMessage, parameters: all }));
}

/** A moderator changes something and a system message says so. */
function change(
  systemMessage: string | ((visit: Visit, room: Room) => string),
  set: (room: Room, visit: Visit) => string | void,
): Route["run"] {
  return async (visit) => {
    const room = roomFor(visit);
    const { actor, world } = visit;
    if (!room || !actor) return fail(404);
    if (!isModerator(room, actor)) return fail(403);
    const text = set(room, visit);
    const name = typeof systemMessage === "string" ? systemMessage : systemMessage(visit, room);
    await tell(visit, room, actor, name, {}, typeof text === "string" ? text : "");
    return ok(showRoom(world, room, actor, true));
  };
}

async function create({ world, actor, body }: Visit): Promise<Reply> {
  if (!actor) return fail(401);
  const type = numberOf(body?.["roomType"]);
  if (type === 1) {
    const other = world.users.get(textOf(body?.["invite"]));
    if (!other) return fail(404);
    const there = [...world.rooms.values()].find(
      (room) => room.type === 1 && [actor, userActor(other)].every((one) => attendeeOf(room, one)),
    );
    if (there) return ok(showRoom(world, there, actor), 200);
    const room = makeRoom(world, 1, "");
    for (const one of [actor, userActor(other)]) addAttendee(world, room, one, 1);
    created(world, room, actor);
    return ok(showRoom(world, room, actor, true), 201);
  }
  const room = makeRoom(world, type === 3 ? 3 : 2, textOf(body?.["roomName"]));
  addAttendee(world, room, actor, 1);
  created(world, room, actor);
  return ok(showRoom(world, room, actor, true), 201);
}

/** What the first line of a room says. */
export function created(world: Visit["world"], room: Room, actor: Actor): void {
  write(world, room, actor, "", { systemMessage: "conversation_created", parameters: { actor: userParameter(actor) } });
}

function noteToSelf({ world, actor }: Visit): Reply {
  if (!actor) return fail(401);
  const there = [...world.rooms.values()].find((room) => room.type === 6 && attendeeOf(room, actor));
  const room = there ?? makeRoom(world, 6, "Note to self");
  if (!there) {
    addAttendee(world, room, actor, 1);
    created(world, room, actor);
  }
  return ok(showRoom(world, room, actor, true));
}

function get(visit: Visit): Reply {
  const { world, actor, params } = visit;
  const room = world.rooms.get(params[0] ?? "");
  const before = delayAfter(world.roomAttempts);
  const slow = (reply: Reply, wrong: boolean): Reply => {
    if (wrong) world.roomAttempts += 1;
    const total = before + (wrong ? delayAfter(world.roomAttempts) : 0);
    return total === 0
      ? reply
      : { ...reply, headers: { ...reply.headers, "X-Nextcloud-Bruteforce-Throttled": `${total}ms` } };
  };
  if (!room || !actor || (!attendeeOf(room, actor) && room.type !== 3)) return slow(fail(404), true);
  return slow(ok(showRoom(world, room, actor, true)), false);
}

async function addPeople(visit: Visit): Promise<Reply> {
  const { world, actor, body } = visit;
  const room = roomFor(visit);
  if (!room || !actor) return fail(404);
  if (!isModerator(room, actor)) return fail(403);
  const id = textOf(body?.["newParticipant"]);
  const source = textOf(body?.["source"]) || "users";
  if (source === "groups") {
    await tell(visit, room, actor, "group_added", {
      group: { type: "group", id, name: id, "mention-id": `user-group/${id}` },
    });
    return ok([]);
  }
  const user = world.users.get(id);
  if (!user) return fail(404);
  if (attendeeOf(room, userActor(user))) return ok([]);
  addAttendee(world, room, userActor(user), 3);
  await tell(visit, room, actor, "user_added", { user: userParameter(userActor(user)) });
  return ok([]);
}

function byAttendee(systemMessage: string, apply: (room: Room, id: number) => void): Route["run"] {
  return async (visit) => {
    const room = roomFor(visit);
    const { actor, body } = visit;
    if (!room || !actor) return fail(404);
    if (!isModerator(room, actor)) return fail(403);
    const id = numberOf(body?.["attendeeId"]);
    const found = room.attendees.find(({ attendeeId }) => attendeeId === id);
    if (!found) return fail(404);
    const about = { type: found.actorType, id: found.actorId, name: found.displayName };
    apply(room, id);
    await tell(visit, room, actor, systemMessage, { user: userParameter(about) });
    return ok(null);
  };
}

const remove = (room: Room, id: number): void => {
  room.attendees.splice(
    room.attendees.findIndex(({ attendeeId }) => attendeeId === id),
    1,
  );
};
const setType =
  (type: number) =>
  (room: Room, id: number): void => {
    const found = room.attendees.find(({ attendeeId }) => attendeeId === id);
    if (found) found.participantType = type;
  };

async function leave(visit: Visit): Promise<Reply> {
  const room = roomFor(visit);
  const { actor } = visit;
  if (!room || !actor) return fail(404);
  const own = attendeeOf(room, actor);
  if (own) remove(room, own.attendeeId);
  await tell(visit, room, actor, "user_removed", { user: userParameter(actor) }, "{actor} left the conversation");
  return ok(null);
}

/** Anybody may enter a public room; who is not logged in becomes a guest. */
function enter({ world, actor, params }: Visit): Reply {
  const room = world.rooms.get(params[0] ?? "");
  if (!room) return fail(404);
  if (actor) room.sessions.add(actor.id);
  if (actor && attendeeOf(room, actor)) return ok(showRoom(world, room, actor, true));
  if (room.type !== 3) return fail(404);
  const guest = { type: "guests", id: world.random(40), name: "" };
  addAttendee(world, room, actor ?? guest, actor ? 5 : 4);
  return ok(showRoom(world, room, actor ?? guest, true), 200, { "set-cookie": "nc_session=guest" });
}

const v4 = "/apps/spreed/api/v4/room";

export const roomRoutes: readonly Route[] = [
  route("POST", v4, create),
  route("GET", v4, ({ world, actor, query }) => {
    const mine = [...world.rooms.values()].filter((room) => actor && attendeeOf(room, actor));
    const headers = {
      "X-Nextcloud-Talk-Hash": "7b9d3e6288b784c0a05212bc041c57c7ed13f7ad",
      "X-Nextcloud-Talk-Modified-Before": String(Math.floor(world.now() / 1000)),
    };
    return ok(
      mine.map((room) => showRoom(world, room, actor, query.get("includeLastMessage") !== "false")),
      200,
      headers,
    );
  }),
  route("GET", `${v4}/note-to-self`, noteToSelf),
  route("GET", `${v4}/:token`, get),
  route("DELETE", `${v4}/:token`, (visit) => {
    const room = roomFor(visit);
    if (!room || !visit.actor) return fail(404);
    if (!isModerator(room, visit.actor)) return fail(403);
    keepLinks(visit.world, room.token, room.bots);
    visit.world.rooms.delete(room.token);
    return ok(null);
  }),
  route(
    "PUT",
    `${v4}/:token`,
    change("conversation_renamed", (room, { body }) => {
      const before = room.name;
      room.name = textOf(body?.["roomName"]);
      return `{actor} renamed the conversation from "${before}" to "${room.name}"`;
    }),
  ),
  route(
    "PUT",
    `${v4}/:token/description`,
    change("description_set", (room, { body }) => void (room.description = textOf(body?.["description"]))),
  ),
  route(
    "POST",
    `${v4}/:token/public`,
    change("guests_allowed", (room) => void (room.type = 3)),
  ),
  route(
    "PUT",
    `${v4}/:token/password`,
    change("password_set", (room, { body }) => void (room.password = textOf(body?.["password"]))),
  ),
  route(
    "PUT",
    `${v4}/:token/listable`,
    change("listable_users", (room, { body }) => void (room.listable = numberOf(body?.["scope"]))),
  ),
  route(
    "PUT",
    `${v4}/:token/read-only`,
    change(
      ({ body }) => (numberOf(body?.["state"]) === 1 ? "read_only" : "read_only_off"),
      (room, { body }) => void (room.readOnly = numberOf(body?.["state"])),
    ),
  ),
  route(
    "PUT",
    `${v4}/:token/webinar/lobby`,
    change(
      ({ body }) => (numberOf(body?.["state"]) === 1 ? "lobby_non_moderators" : "lobby_none"),
      (room, { body }) => void (room.lobby = numberOf(body?.["state"])),
    ),
  ),
  route(
    "POST",
    `${v4}/:token/message-expiration`,
    change("message_expiration_enabled", (room, { body }) => void (room.expiration = numberOf(body?.["seconds"]))),
  ),
  route(
    "POST",
    "/apps/spreed/api/v1/room/:token/avatar/emoji",
    change("avatar_set", () => {}),
  ),
  route("GET", `${v4}/:token/participants`, (visit) => {
    const room = roomFor(visit);
    return room
      ? ok(room.attendees.map((one) => showParticipant(room, one, visit.query.get("includeStatus") === "true")))
      : fail(404);
  }),
  route("POST", `${v4}/:token/participants`, addPeople),
  route("POST", `${v4}/:token/participants/active`, enter, "none"),
  route("DELETE", `${v4}/:token/participants/self`, leave),
  route("DELETE", `${v4}/:token/attendees`, byAttendee("user_removed", remove)),
  route("POST", `${v4}/:token/moderators`, byAttendee("moderator_promoted", setType(2))),
  route("DELETE", `${v4}/:token/moderators`, byAttendee("moderator_demoted", setType(3))),
];
