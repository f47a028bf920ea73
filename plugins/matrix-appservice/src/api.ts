import type { Bytes } from "@botyard/sdk";
import { BotyardError } from "@botyard/sdk";
import { path } from "./path.ts";
import { sized } from "./sized.ts";
import { call, toError, toRequest, type Caller } from "./request.ts";
import {
  isObject,
  textOf,
  type JsonObject,
  type WireCreateRoom,
  type WireEvent,
  type WireJoinedMembers,
  type WireMessages,
  type WireProfile,
  type WireWhoami,
} from "./wire.ts";

/*
 * One function per upstream call. All throw BotyardError: `unauthenticated` (as_token), `forbidden`, `not_found`,
 * `invalid`, `conflict`, `too_large`, `rate_limited`, `unsupported` (no such endpoint), `upstream`, and what `Http` throws.
 */

const because = (reason: string | undefined): JsonObject => (reason === undefined ? {} : { reason });

/** Name and version of the server software, as its answers say; else its newest specification. @see https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientversions */
export async function serverInfo(on: Caller): Promise<{ readonly name: string; readonly version: string | null }> {
  const response = await on.http.request(toRequest(on, { method: "GET", path: "/_matrix/client/versions" }));
  const body = isObject(response.json) ? response.json : undefined;
  if (response.status !== 200 || body === undefined) throw toError("GET", response);
  const [, name, version] = /^([A-Za-z][\w-]*)\/(\S+)/.exec(response.headers["server"] ?? "") ?? [];
  const newest = Array.isArray(body["versions"]) ? textOf(body["versions"].at(-1)) : undefined;
  return name === undefined || /^(?:nginx|caddy|apache|cloudflare)/i.test(name)
    ? { name: "Matrix homeserver", version: newest ?? null }
    : { name, version: version ?? null };
}

/** @see https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3accountwhoami */
export const whoami = (on: Caller): Promise<WireWhoami> =>
  call(on, { method: "GET", path: "/_matrix/client/v3/account/whoami" });

/** Makes the homeserver call us, and try at once what it could not deliver. @see https://spec.matrix.org/v1.19/application-service-api/#post_matrixclientv1appserviceappserviceidping */
export const ping = (on: Caller, id: string, transactionId: string): Promise<{ readonly duration_ms: number }> =>
  call(on, {
    method: "POST",
    path: path`/_matrix/client/v1/appservice/${id}/ping`,
    json: { transaction_id: transactionId },
    timeoutMs: 15_000,
  });

/** Without `user_id`: the new user cannot act yet. @see https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3register */
export function register(on: Caller, username: string): Promise<{ readonly user_id: string }> {
  const { userId: _, ...caller } = on;
  const json = { type: "m.login.application_service", username, inhibit_login: true };
  return call(caller, { method: "POST", path: "/_matrix/client/v3/register", json });
}

/** @see https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3joinroomidoralias */
export const join = (on: Caller, room: string, reason?: string): Promise<{ readonly room_id: string }> =>
  call(on, { method: "POST", path: path`/_matrix/client/v3/join/${room}`, json: because(reason) });

const act = (on: Caller, room: string, action: string, json: JsonObject): Promise<JsonObject> =>
  call(on, { method: "POST", path: path`/_matrix/client/v3/rooms/${room}/${action}`, json });

/** @see https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidinvite */
export const invite = (on: Caller, room: string, user: string, reason?: string): Promise<JsonObject> =>
  act(on, room, "invite", { user_id: user, ...because(reason) });

/** @see https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidleave */
export const leave = (on: Caller, room: string, reason?: string): Promise<JsonObject> =>
  act(on, room, "leave", because(reason));

/** @see https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidkick */
export const kick = (on: Caller, room: string, user: string, reason?: string): Promise<JsonObject> =>
  act(on, room, "kick", { user_id: user, ...because(reason) });

/** @see https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidban */
export const ban = (on: Caller, room: string, user: string, reason?: string): Promise<JsonObject> =>
  act(on, room, "ban", { user_id: user, ...because(reason) });

/** @see https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidunban */
export const unban = (on: Caller, room: string, user: string, reason?: string): Promise<JsonObject> =>
  act(on, room, "unban", { user_id: user, ...because(reason) });

/** Takes a room that was left out of the user's history. @see https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidforget */
export const forget = (on: Caller, room: string): Promise<JsonObject> => act(on, room, "forget", {});

/** @see https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3joined_rooms */
export async function joinedRooms(on: Caller): Promise<readonly string[]> {
  const { joined_rooms: rooms } = await call<{ joined_rooms?: readonly string[] }>(on, {
    method: "GET",
    path: "/_matrix/client/v3/joined_rooms",
  });
  return rooms ?? [];
}

/** @see https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomidjoined_members */
export const joinedMembers = (on: Caller, room: string): Promise<WireJoinedMembers> =>
  call(on, { method: "GET", path: path`/_matrix/client/v3/rooms/${room}/joined_members` });

/** Membership events of a room. @see https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomidmembers */
export const members = (on: Caller, room: string): Promise<{ readonly chunk: readonly WireEvent[] }> =>
  call(on, { method: "GET", path: path`/_matrix/client/v3/rooms/${room}/members` });

/** Not idempotent: a repeat makes a second room. @see https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3createroom */
export const createRoom = (on: Caller, room: WireCreateRoom): Promise<{ readonly room_id: string }> =>
  call(on, { method: "POST", path: "/_matrix/client/v3/createRoom", json: room });

/** Content of a state event. @see https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomidstateeventtypestatekey */
export const getState = (on: Caller, room: string, type: string, key = ""): Promise<JsonObject> =>
  call(on, { method: "GET", path: path`/_matrix/client/v3/rooms/${room}/state/${type}/${key}` });

/** @see https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3roomsroomidstateeventtypestatekey */
export const putState = (
  on: Caller,
  room: string,
  type: string,
  key: string,
  content: JsonObject,
  ts?: number,
): Promise<{ readonly event_id: string }> =>
  call(on, {
    method: "PUT",
    path: path`/_matrix/client/v3/rooms/${room}/state/${type}/${key}`,
    query: { ts },
    json: content,
  });

/**
 * The same path and `txnId` again is answered with the first event. On Synapse the id is known to all users of the
 * registration: another user's message under the same id is lost without an error.
 *
 * @see https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3roomsroomidsendeventtypetxnid
 */
export const send = (
  on: Caller,
  room: string,
  type: string,
  txnId: string,
  content: JsonObject,
  /** Unix milliseconds: the event is dated so. Taken from application services only. */
  ts?: number,
): Promise<{ readonly event_id: string }> =>
  call(on, {
    method: "PUT",
    path: path`/_matrix/client/v3/rooms/${room}/send/${type}/${txnId}`,
    query: { ts },
    json: content,
  });

/** @see https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3roomsroomidredacteventidtxnid */
export const redact = (
  on: Caller,
  room: string,
  event: string,
  txnId: string,
  content: JsonObject,
): Promise<{ readonly event_id: string }> =>
  call(on, {
    method: "PUT",
    path: path`/_matrix/client/v3/rooms/${room}/redact/${event}/${txnId}`,
    json: content,
  });

/** @see https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomideventeventid */
export const getEvent = (on: Caller, room: string, event: string): Promise<JsonObject> =>
  call(on, { method: "GET", path: path`/_matrix/client/v3/rooms/${room}/event/${event}` });

/** One page of history; `from` is `end` of the page before. @see https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomidmessages */
export const messages = (
  on: Caller,
  room: string,
  page: { readonly dir: "b" | "f"; readonly limit: number; readonly from?: string; readonly types?: readonly string[] },
): Promise<WireMessages> =>
  call(on, {
    method: "GET",
    path: path`/_matrix/client/v3/rooms/${room}/messages`,
    query: {
      dir: page.dir,
      limit: page.limit,
      from: page.from,
      filter: page.types === undefined ? undefined : JSON.stringify({ types: page.types }),
    },
  });

/** Events that refer to one. @see https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1roomsroomidrelationseventidreltypeeventtype */
export const relations = (
  on: Caller,
  room: string,
  event: string,
  relType: string,
  type: string,
  from?: string,
): Promise<{ readonly chunk: readonly unknown[]; readonly next_batch?: string }> =>
  call(on, {
    method: "GET",
    path: path`/_matrix/client/v1/rooms/${room}/relations/${event}/${relType}/${type}`,
    query: { limit: 100, from },
  });

/** @see https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3profileuserid */
export const getProfile = (on: Caller, user: string): Promise<WireProfile> =>
  call(on, { method: "GET", path: path`/_matrix/client/v3/profile/${user}` });

/** An empty text clears it. Shown in every room of the user: one event each. @see https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3profileuseridkeyname */
export const putProfile = (
  on: Caller,
  user: string,
  field: "displayname" | "avatar_url",
  value: string,
): Promise<JsonObject> =>
  call(on, { method: "PUT", path: path`/_matrix/client/v3/profile/${user}/${field}`, json: { [field]: value } });

/** @see https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3directoryroomroomalias */
export const resolveAlias = (on: Caller, alias: string): Promise<{ readonly room_id: string }> =>
  call(on, { method: "GET", path: path`/_matrix/client/v3/directory/room/${alias}` });

/** Streams a file up; never repeated by itself. Answers its `mxc:` address. @see https://spec.matrix.org/v1.19/client-server-api/#post_matrixmediav3upload */
export async function upload(on: Caller, file: Bytes): Promise<string> {
  const request = toRequest(on, {
    method: "POST",
    path: "/_matrix/media/v3/upload",
    query: { filename: file.name },
    timeoutMs: 600_000,
  });
  const { body, size } = await sized(file);
  const headers = { ...request.headers, "content-type": file.type, "content-length": String(size) };
  const response = await on.http.request({ ...request, headers, body });
  const uri = isObject(response.json) ? textOf(response.json["content_uri"]) : undefined;
  if (response.status !== 200 || uri === undefined) throw toError("POST", response);
  return uri;
}

/** Only this path serves new media; it wants a token. @see https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1mediadownloadservernamemediaid */
export async function download(on: Caller, server: string, id: string): Promise<Bytes> {
  const request = toRequest(on, {
    method: "GET",
    path: path`/_matrix/client/v1/media/download/${server}/${id}`,
    timeoutMs: 600_000,
  });
  const { status, headers, body } = await on.http.stream(request);
  if (status !== 200) {
    await body.cancel();
    const missing = status === 404 || status === 504;
    throw new BotyardError(
      missing ? "not_found" : "upstream",
      missing ? "the homeserver has no such file" : `the homeserver answered ${status}`,
      { upstream: { status } },
    );
  }
  const size = Number(headers["content-length"]);
  return {
    body,
    type: headers["content-type"] ?? "application/octet-stream",
    ...(Number.isFinite(size) ? { size } : {}),
  };
}
