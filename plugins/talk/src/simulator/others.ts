import { isObject, numberOf, textOf, type Json } from "../wire.ts";
import { fail, ok, type Reply } from "./envelope.ts";
import { write, type World } from "./model.ts";
import { announce } from "./push.ts";
import { roomFor, route, type Route, type Visit } from "./routes.ts";
import { tell } from "./rooms.ts";
import { showRoom, userParameter } from "./show.ts";
import { currentDelay } from "./throttle.ts";

const plain = (status: number, body: unknown, type = "application/json; charset=utf-8"): Reply => ({
  status,
  raw: { type, body: typeof body === "string" ? body : JSON.stringify(body) },
});

/** Nothing but what a bot manager reads. */
function capabilitiesOf(world: World): Json {
  const newer = Number.parseInt(world.talk, 10) >= 25;
  return {
    version: { major: 31, minor: 0, micro: 6, string: "31.0.6", edition: "", extendedSupport: false },
    capabilities: {
      bruteforce: { delay: currentDelay(world), "allow-listed": false },
      spreed: {
        features: [
          "chat-v2",
          "conversation-v4",
          "bots-v1",
          "reactions",
          "chat-reference-id",
          ...(newer ? ["bot-features-api"] : []),
        ],
        config: { attachments: { allowed: false }, chat: { "max-length": world.maxLength } },
        version: world.talk,
      },
    },
  };
}

async function poll(visit: Visit): Promise<Reply> {
  const room = roomFor(visit);
  const { actor, world, body, server } = visit;
  if (!room || !actor) return fail(404);
  const id = world.next.poll++;
  const made = {
    id,
    question: textOf(body?.["question"]),
    options: body?.["options"] ?? [],
    actorType: actor.type,
    actorId: actor.id,
    actorDisplayName: actor.name,
    status: 0,
    resultMode: 0,
    maxVotes: 1,
    votes: [],
    numVoters: 0,
    votedSelf: [],
  };
  room.polls.set(id, made);
  const object = { type: "talk-poll", id: String(id), name: made.question };
  await announce(
    server,
    room,
    write(world, room, actor, "{object}", { parameters: { actor: userParameter(actor), object } }),
  );
  return ok(made, 201);
}

const pollOf = (visit: Visit) => {
  const room = roomFor(visit);
  const found = room?.polls.get(Number(visit.params[1]));
  return room && found
    ? { room, found, parameter: { type: "talk-poll", id: textOf(found["id"]), name: textOf(found["question"]) } }
    : null;
};

async function vote(visit: Visit): Promise<Reply> {
  const about = pollOf(visit);
  if (!about) return fail(404);
  const { room, found, parameter } = about;
  const nobody = { type: "guests", id: "system", name: "" };
  const told = write(visit.world, room, nobody, "Someone voted on the poll {poll}", {
    systemMessage: "poll_voted",
    parameters: { poll: parameter },
  });
  await announce(visit.server, room, told);
  const now = { ...found, votes: { "option-0": 1 }, numVoters: 1, votedSelf: [0] };
  room.polls.set(numberOf(found["id"]), now);
  return ok(now);
}

async function closePoll(visit: Visit): Promise<Reply> {
  const about = pollOf(visit);
  if (!about || !visit.actor) return fail(404);
  const { room, found, parameter } = about;
  await tell(visit, room, visit.actor, "poll_closed", { poll: parameter });
  const { id: actorId, type: actorType, name: actorDisplayName } = visit.actor;
  return ok({ ...found, status: 1, votedSelf: [], details: [{ actorType, actorId, actorDisplayName, optionId: 0 }] });
}

function beginLogin({ world }: Visit): Reply {
  const token = world.random(128);
  world.logins.set(token, { granted: null });
  const endpoint = `${world.url}/index.php/login/v2/poll`;
  return plain(200, { poll: { token, endpoint }, login: `${world.url}/index.php/login/v2/flow/${token}` });
}

/** Granted once, then gone. */
function pollLogin({ world, body }: Visit): Reply {
  const token = textOf(body?.["token"]);
  const user = world.users.get(world.logins.get(token)?.granted ?? "");
  if (!user) return plain(404, "[]");
  world.logins.delete(token);
  const appPassword = world.random(72);
  user.appPasswords.add(appPassword);
  return plain(200, { server: world.url, loginName: user.id, appPassword });
}

function putFile({ world, user, params, headers, bytes }: Visit): Reply {
  const [uid, path = ""] = params;
  if (!user || uid !== user.id) return plain(404, "", "text/html; charset=UTF-8");
  const name = `/${decodeURIComponent(path)}`;
  if (user.files.has(name) && headers.get("if-none-match") === "*") return plain(412, "", "text/html; charset=UTF-8");
  const made = !user.files.has(name);
  user.files.set(name, {
    id: world.next.file++,
    size: bytes.byteLength,
    type: headers.get("content-type") ?? "text/plain",
  });
  return plain(made ? 201 : 204, "", "text/html; charset=UTF-8");
}

async function shareFile(visit: Visit): Promise<Reply> {
  const { world, user, actor, body, server } = visit;
  const room = world.rooms.get(textOf(body?.["shareWith"]));
  const path = textOf(body?.["path"]);
  const file = user?.files.get(path);
  if (!room || !actor || !user || !file) return fail(404);
  const meta: unknown = JSON.parse(textOf(body?.["talkMetaData"]) || "{}");
  const caption = isObject(meta) ? textOf(meta["caption"]) : "";
  const voice = isObject(meta) && meta["messageType"] === "voice-message";
  const name = path.slice(path.lastIndexOf("/") + 1);
  const token = world.random(15);
  const parameter = {
    type: "file",
    id: String(file.id),
    name,
    size: String(file.size),
    path: name,
    link: `${world.url}/index.php/s/${token}`,
    etag: world.random(32),
    permissions: "27",
    mimetype: file.type,
    "preview-available": "yes",
    "hide-download": "no",
  };
  const made = write(world, room, actor, caption === "" ? "{file}" : caption, {
    parameters: { actor: userParameter(actor), file: parameter },
    ...(voice ? { messageType: "voice-message" } : {}),
  });
  await announce(server, room, made);
  return ok({
    id: String(world.next.share++),
    share_type: 10,
    uid_owner: user.id,
    displayname_owner: user.name,
    permissions: 19,
    can_edit: true,
    can_delete: true,
    stime: made.timestamp,
    parent: null,
    expiration: null,
    token: caption === "" ? null : token,
    uid_file_owner: user.id,
    note: "",
    label: "",
    displayname_file_owner: user.name,
    path,
    item_type: "file",
    item_permissions: 27,
    "is-mount-root": false,
    "mount-type": "",
    mimetype: file.type,
    has_preview: true,
    storage_id: `home::${user.id}`,
    storage: 3,
    item_source: file.id,
    file_source: file.id,
    file_parent: 70,
    file_target: `/{TALK_PLACEHOLDER}${path}`,
    item_size: file.size,
    item_mtime: made.timestamp,
    share_with: room.token,
    share_with_displayname: room.name,
    share_with_link: `${world.url}/index.php/call/${room.token}`,
    mail_send: 0,
    hide_download: 0,
    attributes: null,
  });
}

async function call(visit: Visit, joins: boolean): Promise<Reply> {
  const room = roomFor(visit);
  const { actor } = visit;
  if (!room || !actor) return fail(404);
  if (joins && !room.sessions.has(actor.id)) return fail(404, null);
  if (joins) await tell(visit, room, actor, "call_started");
  else {
    await tell(visit, room, actor, "call_left");
    const text = "Call with {user1} ended (Duration 0:01)";
    await tell(visit, room, actor, "call_ended", { user1: userParameter(actor) }, text);
  }
  return ok(null);
}

const v1 = "/apps/spreed/api/v1";

export const otherRoutes: readonly Route[] = [
  route("GET", "/cloud/capabilities", ({ world }) => ok(capabilitiesOf(world)), "none"),
  route("GET", "/cloud/user", ({ user }) =>
    user ? ok({ enabled: true, id: user.id, displayname: user.name, groups: user.admin ? ["admin"] : [] }) : fail(401),
  ),
  route("GET", "/core/getapppassword", ({ user, world }) => {
    const apppassword = world.random(72);
    user?.appPasswords.add(apppassword);
    return ok({ apppassword });
  }),
  route("DELETE", "/core/apppassword", ({ user }) => {
    user?.appPasswords.clear();
    return ok([]);
  }),
  route("POST", `${v1}/poll/:token`, poll),
  route("POST", `${v1}/poll/:token/:id`, vote),
  route("DELETE", `${v1}/poll/:token/:id`, closePoll),
  route("POST", `${v1}/chat/:token/read`, (visit) => {
    const room = roomFor(visit);
    return room && visit.actor
      ? ok(showRoom(visit.world, room, visit.actor, true), 200, { "X-Chat-Last-Common-Read": "1" })
      : fail(404);
  }),
  route("POST", "/apps/files_sharing/api/v1/shares", shareFile),
  route("POST", "/apps/spreed/api/v4/call/:token", (visit) => call(visit, true)),
  route("DELETE", "/apps/spreed/api/v4/call/:token", (visit) => call(visit, false)),
];

/** Outside of OCS, by full path. */
export const plainRoutes: readonly Route[] = [
  route(
    "GET",
    "/status.php",
    ({ world }) =>
      plain(200, {
        installed: true,
        maintenance: world.maintenance,
        needsDbUpgrade: false,
        version: "31.0.6.2",
        versionstring: "31.0.6",
        edition: "",
        productname: "Nextcloud",
        extendedSupport: false,
      }),
    "none",
  ),
  route("POST", "/index.php/login/v2", beginLogin, "none"),
  route("POST", "/index.php/login/v2/poll", pollLogin, "none"),
  route("PUT", "/remote.php/dav/files/([^/]+)/(.+)", putFile),
];
