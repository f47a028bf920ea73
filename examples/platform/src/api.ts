import { BotyardError, type ErrorCode, type Http, type HttpRequest, type HttpResponse } from "@botyard/sdk";
import type {
  WireBot,
  WireError,
  WireMember,
  WireMessage,
  WireNewBot,
  WirePost,
  WireRoom,
  WireServer,
  WireUpdates,
} from "./wire.ts";

/** One function for each call of the server, with `@see` to its page and version. `key` is a bot's or the admin's. */
export interface Api {
  server(key: string, signal?: AbortSignal): Promise<WireServer>;
  listBots(key: string, signal?: AbortSignal): Promise<{ readonly bots: readonly WireBot[] }>;
  createBot(key: string, bot: Omit<WireBot, "bot_id">, signal?: AbortSignal): Promise<WireNewBot>;
  deleteBot(key: string, bot: string, signal?: AbortSignal): Promise<void>;
  listRooms(key: string, signal?: AbortSignal): Promise<{ readonly rooms: readonly WireRoom[] }>;
  listMembers(key: string, room: string, signal?: AbortSignal): Promise<{ readonly members: readonly WireMember[] }>;
  /** `joined` is false when it was in there before. */
  join(key: string, room: string, user: string, signal?: AbortSignal): Promise<{ readonly joined: boolean }>;
  /** `left` is false when it was not in there. */
  leave(key: string, room: string, user: string, signal?: AbortSignal): Promise<{ readonly left: boolean }>;
  post(key: string, room: string, post: WirePost, signal?: AbortSignal): Promise<WireMessage>;
  /** Held back up to `waitMs` while there is nothing after `after`. */
  updates(key: string, after: number | "now", waitMs: number, signal?: AbortSignal): Promise<WireUpdates>;
}

export function createApi(http: Http): Api {
  // The one place where an answer's body is taken for what the server's documentation promises.
  const ask = async <T>(key: string, request: HttpRequest, signal?: AbortSignal): Promise<T> => {
    const headers = { authorization: `Key ${key}` };
    const response = await http.request({ ...request, headers, ...(signal ? { signal } : {}) });
    if (response.status >= 300) throw refusal(response);
    return response.json as T;
  };
  const part = encodeURIComponent;
  return {
    server: (key, signal) => ask(key, { method: "GET", path: "/api/server" }, signal),
    listBots: (key, signal) => ask(key, { method: "GET", path: "/api/bots" }, signal),
    createBot: (key, bot, signal) => ask(key, { method: "POST", path: "/api/bots", json: bot }, signal),
    deleteBot: (key, bot, signal) => ask(key, { method: "DELETE", path: `/api/bots/${part(bot)}` }, signal),
    listRooms: (key, signal) => ask(key, { method: "GET", path: "/api/rooms" }, signal),
    listMembers: (key, room, signal) => ask(key, { method: "GET", path: `/api/rooms/${part(room)}/members` }, signal),
    join: (key, room, user, signal) =>
      ask(key, { method: "PUT", path: `/api/rooms/${part(room)}/members/${part(user)}` }, signal),
    leave: (key, room, user, signal) =>
      ask(key, { method: "DELETE", path: `/api/rooms/${part(room)}/members/${part(user)}` }, signal),
    post: (key, room, post, signal) =>
      ask(key, { method: "POST", path: `/api/rooms/${part(room)}/messages`, json: post }, signal),
    updates: (key, after, wait, signal) =>
      ask(key, { method: "GET", path: "/api/updates", query: { after, wait }, timeoutMs: wait + 10_000 }, signal),
  };
}

const codes: Readonly<Record<number, ErrorCode>> = {
  400: "invalid",
  401: "unauthenticated",
  403: "forbidden",
  404: "not_found",
  409: "conflict",
  413: "too_large",
  429: "rate_limited",
};

/** A refusal in our words; the server's own text stays in the log. A 5xx proves nothing about the effect. */
function refusal({ status, json, headers }: HttpResponse): BotyardError {
  const code = codes[status] ?? "upstream";
  const reason = (json as Partial<WireError> | undefined)?.error;
  const seconds = Number(headers["retry-after"]);
  return new BotyardError(code, `Pigeon answered ${status}${reason === undefined ? "" : ` ${reason}`}.`, {
    effect: status >= 500 ? "unknown" : "none",
    upstream: { status, ...(reason === undefined ? {} : { code: reason }) },
    ...(seconds > 0 ? { retryAfterMs: seconds * 1000 } : {}),
  });
}
