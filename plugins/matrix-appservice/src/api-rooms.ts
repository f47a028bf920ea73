import { path } from "./path.ts";
import { call, type Caller } from "./request.ts";
import type { JsonObject, WireContext } from "./wire.ts";

/* One function per upstream call about rooms as a whole: state, aliases, the directory, context. Errors as in `api.ts`. */

/** A state event with sender and time. @see https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomidstateeventtypestatekey */
export const getStateEvent = (on: Caller, room: string, type: string, key = ""): Promise<JsonObject> =>
  call(on, {
    method: "GET",
    path: path`/_matrix/client/v3/rooms/${room}/state/${type}/${key}`,
    query: { format: "event" },
  });

/** @see https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomidstate */
export const getAllState = (on: Caller, room: string): Promise<readonly unknown[]> =>
  call(on, { method: "GET", path: path`/_matrix/client/v3/rooms/${room}/state` });

/** @see https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomidcontexteventid */
export const getContext = (on: Caller, room: string, event: string, limit: number): Promise<WireContext> =>
  call(on, { method: "GET", path: path`/_matrix/client/v3/rooms/${room}/context/${event}`, query: { limit } });

/** @see https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3directoryroomroomalias */
export const putAlias = (on: Caller, alias: string, room: string): Promise<JsonObject> =>
  call(on, { method: "PUT", path: path`/_matrix/client/v3/directory/room/${alias}`, json: { room_id: room } });

/** @see https://spec.matrix.org/v1.19/client-server-api/#delete_matrixclientv3directoryroomroomalias */
export const deleteAlias = (on: Caller, alias: string): Promise<JsonObject> =>
  call(on, { method: "DELETE", path: path`/_matrix/client/v3/directory/room/${alias}` });

/** @see https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomidaliases */
export const roomAliases = (on: Caller, room: string): Promise<{ readonly aliases?: readonly string[] }> =>
  call(on, { method: "GET", path: path`/_matrix/client/v3/rooms/${room}/aliases` });

/** @see https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3directorylistroomroomid */
export const getVisibility = (on: Caller, room: string): Promise<{ readonly visibility?: "public" | "private" }> =>
  call(on, { method: "GET", path: path`/_matrix/client/v3/directory/list/room/${room}` });

/** @see https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3directorylistroomroomid */
export const putVisibility = (on: Caller, room: string, visibility: "public" | "private"): Promise<JsonObject> =>
  call(on, { method: "PUT", path: path`/_matrix/client/v3/directory/list/room/${room}`, json: { visibility } });

/** Lists a room in a directory of a third-party network of ours. @see https://spec.matrix.org/v1.19/application-service-api/#put_matrixclientv3directorylistappservicenetworkidroomid */
export const putNetworkVisibility = (
  on: Caller,
  network: string,
  room: string,
  visibility: "public" | "private",
): Promise<JsonObject> =>
  call(on, {
    method: "PUT",
    path: path`/_matrix/client/v3/directory/list/appservice/${network}/${room}`,
    json: { visibility },
  });

/** History before the room's own, in one go; gone from Synapse since 1.87. @see https://github.com/matrix-org/matrix-spec-proposals/pull/2716 */
export const batchSend = (
  on: Caller,
  room: string,
  prevEventId: string,
  batchId: string | undefined,
  body: JsonObject,
): Promise<JsonObject> =>
  call(on, {
    method: "POST",
    path: path`/_matrix/client/unstable/org.matrix.msc2716/rooms/${room}/batch_send`,
    query: { prev_event_id: prevEventId, batch_id: batchId },
    json: body,
  });
