import { isObject, numberOf, textOf, type Json } from "../wire.ts";
import { fail, ok, type Reply } from "./envelope.ts";
import { attendeeOf, isModerator, write, type Actor, type Message, type Room, type World } from "./model.ts";
import { announce } from "./push.ts";
import { roomFor, route, type Route, type Visit } from "./routes.ts";
import { showMessage, userParameter } from "./show.ts";

export const mostCharacters = 32_000;
const characters = (text: string): number => [...text].length;

/** `@alice`, `@"group/staff"`, `@all` become placeholders, the same one for the same name. */
function withMentions(world: World, room: Room, text: string): { readonly message: string; readonly parameters: Json } {
  const parameters: Record<string, Json> = {};
  const named = (kind: string, parameter: Json): string => {
    const there = Object.entries(parameters).find(([, one]) => one["mention-id"] === parameter["mention-id"]);
    if (there) return `{${there[0]}}`;
    const count = Object.keys(parameters).filter((name) => name.startsWith(`mention-${kind}`)).length;
    parameters[`mention-${kind}${count + 1}`] = parameter;
    return `{mention-${kind}${count + 1}}`;
  };
  const message = text.replaceAll(
    /@(?:"([^"]+)"|([A-Za-z0-9_.-]+))/g,
    (whole, quoted: string | undefined, bare: string | undefined) => {
      const id = quoted ?? bare ?? "";
      if (id === "all") {
        const icon = `${world.url}/ocs/v2.php/apps/spreed/api/v1/room/${room.token}/avatar?v=0f103dc8`;
        return named("call", {
          type: "call",
          id: room.token,
          name: room.name,
          "call-type": "group",
          "icon-url": icon,
          "mention-id": "all",
        });
      }
      if (id.startsWith("group/")) {
        const group = id.slice(6);
        return named("group", { type: "user-group", id: group, name: group, "mention-id": id });
      }
      const user = world.users.get(id);
      return user ? named("user", userParameter({ type: "users", id, name: user.name })) : whole;
    },
  );
  return { message, parameters };
}

interface Posting {
  readonly text: string;
  readonly replyTo: number | null;
  readonly referenceId: string;
  readonly silent: boolean;
}

export function postingOf(body: Json): Posting {
  const replyTo = numberOf(body["replyTo"]);
  return {
    text: textOf(body["message"]),
    replyTo: replyTo > 0 ? replyTo : null,
    referenceId: textOf(body["referenceId"]).slice(0, 64),
    silent: body["silent"] === true || body["silent"] === "true",
  };
}

export async function post(
  visit: Pick<Visit, "server" | "world">,
  room: Room,
  actor: Actor,
  posting: Posting,
): Promise<Message> {
  const { message, parameters } = withMentions(visit.world, room, posting.text.trim());
  const made = write(visit.world, room, actor, message, {
    parameters,
    referenceId: posting.referenceId,
    silent: posting.silent,
    parent: posting.replyTo,
  });
  await announce(visit.server, room, made);
  return made;
}

const commonRead = { "X-Chat-Last-Common-Read": "1" };

async function send(visit: Visit): Promise<Reply> {
  const { world, body, actor: visitor } = visit;
  const target = world.rooms.get(visit.params[0] ?? "");
  const guest = target?.attendees.findLast(({ actorType }) => actorType === "guests");
  const asGuest = visitor === null && guest ? { type: "guests", id: guest.actorId, name: guest.displayName } : null;
  const actor = visitor ?? asGuest;
  if (!target || !actor || !attendeeOf(target, actor)) return fail(404);
  if (!isObject(body)) return fail(400);
  const posting = postingOf(body);
  if (target.readOnly === 1) return fail(403);
  if (target.lobby === 1 && !isModerator(target, actor)) return fail(412);
  if (posting.text.trim() === "") return fail(400, { error: "message" });
  if (characters(posting.text) > mostCharacters) return fail(413, { error: "message" });
  const parent = target.messages.find(({ id }) => id === posting.replyTo);
  if (posting.replyTo !== null && (!parent || parent.deleted || parent.messageType === "system"))
    return fail(400, { error: "reply-to" });
  const made = await post(visit, target, actor, posting);
  return ok(showMessage(target, made, actor), 201, commonRead);
}

function history(visit: Visit): Reply {
  const room = roomFor(visit);
  const { query, actor } = visit;
  if (!room || !actor) return fail(404);
  const limit = Math.min(numberOf(query.get("limit") ?? "100"), 200);
  const known = numberOf(query.get("lastKnownMessageId") ?? "0");
  const future = query.get("lookIntoFuture") === "1";
  const found = future
    ? room.messages.filter(({ id }) => id > known).slice(0, limit)
    : room.messages
        .filter(({ id }) => known === 0 || id < known)
        .toReversed()
        .slice(0, limit);
  const last = found.at(-1);
  if (!last) return { status: 304, raw: "empty" };
  const headers = { "X-Chat-Last-Given": String(last.id), ...commonRead };
  return ok(
    found.map((message) => showMessage(room, message, actor)),
    200,
    headers,
  );
}

function context(visit: Visit): Reply {
  const room = roomFor(visit);
  const { actor, params, query } = visit;
  if (!room || !actor) return fail(404);
  const at = room.messages.findIndex(({ id }) => id === Number(params[1]));
  if (at < 0) return { status: 304, raw: "empty" };
  const limit = numberOf(query.get("limit") ?? "50");
  const near = room.messages.slice(Math.max(0, at - limit + 1), at + limit + 1);
  return ok(
    near.map((message) => showMessage(room, message, actor)),
    200,
    { "X-Chat-Last-Given": String(near.at(-1)?.id ?? 0), ...commonRead },
  );
}

/** Moderators too; in a one-to-one a bot's message may be edited, but not deleted. */
async function alter(visit: Visit, text: string | null): Promise<Reply> {
  const room = roomFor(visit);
  const { actor, world, params, server } = visit;
  if (!room || !actor) return fail(404);
  const found = room.messages.find(({ id }) => id === Number(params[1]));
  if (!found) return fail(404);
  const own = found.actor.type === actor.type && found.actor.id === actor.id;
  const byBot = found.actor.type === "bots";
  const allowed = own || (room.type === 1 ? byBot && text !== null : isModerator(room, actor));
  if (!allowed) return fail(403, { error: "permission" });
  if (text === null) {
    found.deleted = true;
    found.deletedBy = actor;
    found.message = "";
  } else {
    const { message, parameters } = withMentions(world, room, text);
    found.message = message;
    found.parameters = parameters;
    found.edited = { by: actor, at: Math.floor(world.now() / 1000) };
  }
  const systemMessage = text === null ? "message_deleted" : "message_edited";
  const told = write(world, room, actor, "", {
    systemMessage,
    parent: found.id,
    parameters: { actor: userParameter(actor) },
  });
  await announce(server, room, told);
  const bots = world.bots.some(({ id, state }) => room.bots.has(id) && state !== 0);
  return ok(showMessage(room, told, actor), bots ? 202 : 200, commonRead);
}

async function clear(visit: Visit): Promise<Reply> {
  const room = roomFor(visit);
  const { actor, world, server } = visit;
  if (!room || !actor) return fail(404);
  if (!isModerator(room, actor)) return fail(403);
  room.messages.length = 0;
  const told = write(world, room, actor, "", {
    systemMessage: "history_cleared",
    parameters: { actor: userParameter(actor) },
  });
  await announce(server, room, told);
  return ok(showMessage(room, told, actor), 200, { "X-Chat-Last-Common-Read": "-2" });
}

/** Locations and cards. */
async function share(visit: Visit): Promise<Reply> {
  const room = roomFor(visit);
  const { actor, world, body, server } = visit;
  if (!room || !actor) return fail(404);
  const meta: unknown = JSON.parse(textOf(body?.["metaData"]) || "{}");
  const icon = `${world.url}/ocs/v2.php/apps/spreed/api/v1/room/${room.token}/avatar?v=0f103dc8`;
  const object = { ...(isObject(meta) ? meta : {}), type: textOf(body?.["objectType"]), "icon-url": icon };
  const made = write(world, room, actor, "{object}", { parameters: { actor: userParameter(actor), object } });
  await announce(server, room, made);
  return ok(showMessage(room, made, actor), 201, commonRead);
}

const v1 = "/apps/spreed/api/v1";

export const chatRoutes: readonly Route[] = [
  route("POST", `${v1}/chat/:token`, send, "none"),
  route("GET", `${v1}/chat/:token`, history),
  route("DELETE", `${v1}/chat/:token`, clear),
  route("GET", `${v1}/chat/:token/:id/context`, context),
  route("PUT", `${v1}/chat/:token/:id`, (visit) => alter(visit, textOf(visit.body?.["message"]))),
  route("DELETE", `${v1}/chat/:token/:id`, (visit) => alter(visit, null)),
  route("POST", `${v1}/chat/:token/share`, share),
  route("GET", `${v1}/chat/:token/mentions`, (visit) => {
    const room = roomFor(visit);
    if (!room) return fail(404);
    return ok([
      {
        id: "all",
        label: room.name,
        details: `All ${room.attendees.length} participant`,
        source: "calls",
        mentionId: "all",
      },
    ]);
  }),
  route(
    "POST",
    `${v1}/guest/:token/name`,
    ({ world, params, body }) => {
      const guest = world.rooms.get(params[0] ?? "")?.attendees.findLast(({ actorType }) => actorType === "guests");
      if (!guest) return fail(404);
      guest.displayName = textOf(body?.["displayName"]);
      return ok(null);
    },
    "none",
  ),
];
