import { path } from "./path.ts";
import { call, type Caller } from "./request.ts";
import type { JsonObject, WirePresence } from "./wire.ts";

/* One function per upstream call about people: typing, presence, receipts, the user directory. Errors as in `api.ts`. */

/** Ends by itself after `timeoutMs`. Only for oneself. @see https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3roomsroomidtypinguserid */
export const putTyping = (on: Caller, room: string, user: string, timeoutMs: number | false): Promise<JsonObject> =>
  call(on, {
    method: "PUT",
    path: path`/_matrix/client/v3/rooms/${room}/typing/${user}`,
    json: timeoutMs === false ? { typing: false } : { typing: true, timeout: timeoutMs },
  });

/** @see https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3presenceuseridstatus */
export const putPresence = (on: Caller, user: string, presence: string, text?: string): Promise<JsonObject> =>
  call(on, {
    method: "PUT",
    path: path`/_matrix/client/v3/presence/${user}/status`,
    json: { presence, ...(text === undefined ? {} : { status_msg: text }) },
  });

/** Only of users one shares a room with. @see https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3presenceuseridstatus */
export const getPresence = (on: Caller, user: string): Promise<WirePresence> =>
  call(on, { method: "GET", path: path`/_matrix/client/v3/presence/${user}/status` });

/** @see https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidreceiptreceipttypeeventid */
export const postReceipt = (
  on: Caller,
  room: string,
  type: string,
  event: string,
  threadId?: string,
): Promise<JsonObject> =>
  call(on, {
    method: "POST",
    path: path`/_matrix/client/v3/rooms/${room}/receipt/${type}/${event}`,
    json: threadId === undefined ? {} : { thread_id: threadId },
  });

/** @see https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidread_markers */
export const postReadMarkers = (on: Caller, room: string, event: string, more: JsonObject = {}): Promise<JsonObject> =>
  call(on, {
    method: "POST",
    path: path`/_matrix/client/v3/rooms/${room}/read_markers`,
    json: { "m.fully_read": event, "m.read": event, ...more },
  });

/** @see https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3user_directorysearch */
export const searchUsers = (
  on: Caller,
  term: string,
  limit: number,
): Promise<{
  readonly limited: boolean;
  readonly results: readonly {
    readonly user_id: string;
    readonly display_name?: string | null;
    readonly avatar_url?: string | null;
  }[];
}> =>
  call(on, {
    method: "POST",
    path: "/_matrix/client/v3/user_directory/search",
    json: { search_term: term, limit },
  });

/** What a user keeps for themselves; `not_found` where there is none of this type. @see https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3useruseridaccount_datatype */
export const getAccountData = (on: Caller, user: string, type: string): Promise<JsonObject> =>
  call(on, { method: "GET", path: path`/_matrix/client/v3/user/${user}/account_data/${type}` });

/** Replaces it. @see https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3useruseridaccount_datatype */
export const putAccountData = (on: Caller, user: string, type: string, content: JsonObject): Promise<JsonObject> =>
  call(on, { method: "PUT", path: path`/_matrix/client/v3/user/${user}/account_data/${type}`, json: content });
