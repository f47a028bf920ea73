import {
  BotyardError,
  isBotyardError,
  type BucketState,
  type ErrorCode,
  type Http,
  type HttpRequest,
  type HttpResponse,
} from "@botyard/sdk";
import { errcodes, isObject, textOf, type WireError } from "./wire.ts";

/** Whose name upstream calls are made in, and how. */
export interface Caller {
  readonly http: Http;
  readonly token: string;
  /** Always sent: some homeservers take the application service itself for another user. Absent only to ask who that is. */
  readonly userId?: string;
  /** The token is the user's own: `user_id` is not sent. */
  readonly own?: true;
  readonly signal?: AbortSignal;
  /** Told when the homeserver slows us down. */
  readonly limit?: (state: BucketState) => void;
  /** Told when nobody takes the connection. */
  readonly absent?: () => void;
}

export interface UpstreamCall {
  readonly method: HttpRequest["method"];
  readonly path: string;
  readonly query?: HttpRequest["query"];
  readonly json?: unknown;
  readonly timeoutMs?: number;
}

/** Token in the header, never in the query: homeservers refuse both together. */
export function toRequest(on: Caller, call: UpstreamCall): HttpRequest {
  const user_id = on.own === true ? undefined : on.userId;
  return {
    method: call.method,
    path: call.path,
    query: { ...call.query, ...(user_id === undefined ? {} : { user_id }) },
    headers: { authorization: `Bearer ${on.token}` },
    bucket: bucketOf(call, on.userId),
    ...(call.json === undefined ? {} : { json: call.json }),
    ...(call.timeoutMs === undefined ? {} : { timeoutMs: call.timeoutMs }),
    ...(on.signal === undefined ? {} : { signal: on.signal }),
  };
}

/**
 * Makes one call and hands back its JSON object or array. Throws BotyardError with the homeserver's status and errcode
 * in `upstream`; its text is the cause, for the log.
 */
export async function call<T>(on: Caller, upstream: UpstreamCall): Promise<T> {
  const response = await on.http.request(toRequest(on, upstream)).catch((error: unknown) => {
    if (isBotyardError(error) && error.code === "unreachable" && error.effect === "none") on.absent?.();
    throw error;
  });
  if (response.status >= 200 && response.status < 300 && typeof response.json === "object" && response.json !== null)
    return response.json as T;
  const error = toError(upstream.method, response);
  if (error.code === "rate_limited")
    on.limit?.({ bucket: bucketOf(upstream, on.userId), pauseMs: error.details.retryAfterMs ?? 1000 });
  throw error;
}

/** Homeservers count messages, joins, invites and rooms apart, each per user. */
export function bucketOf({ method, path }: Pick<HttpRequest, "method" | "path">, user: string | undefined): string {
  const kind =
    /\/send\/|\/redact\/|\/state\//.test(path) && method === "PUT"
      ? "message"
      : /\/join(?:\/|$)/.test(path) && method === "POST"
        ? "join"
        : path.endsWith("/invite")
          ? "invite"
          : path.endsWith("/createRoom")
            ? "create-room"
            : path.includes("/media/")
              ? "media"
              : undefined;
  return kind === undefined ? "other" : `${kind} ${user ?? ""}`;
}

const codes: Readonly<Record<number, ErrorCode>> = {
  400: "invalid",
  401: "unauthenticated",
  403: "forbidden",
  404: "not_found",
  405: "unsupported",
  409: "conflict",
  413: "too_large",
  429: "rate_limited",
};

const sentences: Readonly<Record<string, string>> = {
  [errcodes.forbidden]: "the homeserver does not allow it",
  [errcodes.badState]: "the homeserver says the user's membership does not allow it",
  [errcodes.unknownToken]: "the homeserver does not know the as_token; the registration it loaded may be another one",
  [errcodes.missingToken]: "the homeserver got no as_token",
  [errcodes.exclusive]: "the name is outside the namespaces of the registration",
  [errcodes.userInUse]: "the user exists already",
  [errcodes.notFound]: "the homeserver has no such thing, or does not show it",
  [errcodes.unrecognized]: "the homeserver does not have this endpoint",
  [errcodes.urlNotSet]: "the registration has no url, so the homeserver cannot reach us",
  M_TOO_LARGE: "it is larger than the homeserver accepts",
  M_LIMIT_EXCEEDED: "the homeserver slows this user down",
};

/** An answer that is no success, as an error. What may have happened behind a 5xx or an answer that is no JSON is unknown. */
export function toError(method: HttpRequest["method"], { status, headers, json, text }: HttpResponse): BotyardError {
  const body: Partial<WireError> = isObject(json) ? json : {};
  const errcode = textOf(body.errcode);
  const code =
    errcode === errcodes.unrecognized
      ? "unsupported"
      : errcode === errcodes.userInUse
        ? "conflict"
        : (codes[status] ?? "upstream");
  const said = errcode === undefined ? undefined : sentences[errcode];
  const detail =
    said ??
    (code === "upstream"
      ? `the homeserver answered ${status}${isObject(json) ? "" : " and no JSON"}`
      : `the homeserver refused it with ${errcode ?? String(status)}`);
  const retryAfterMs = status === 429 ? retryAfter(headers, body) : undefined;
  return new BotyardError(code, detail, {
    effect: code === "upstream" && method !== "GET" ? "unknown" : "none",
    upstream: { status, ...(errcode === undefined ? {} : { code: errcode }) },
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    cause: new Error((textOf(body.error) ?? text).slice(0, 500)),
  });
}

/** The larger of header and body: the header is in whole seconds, and presence has none. */
function retryAfter(headers: Readonly<Record<string, string>>, body: Partial<WireError>): number {
  const seconds = Number(headers["retry-after"]);
  const ms = typeof body.retry_after_ms === "number" ? body.retry_after_ms : 0;
  return Math.max(Number.isFinite(seconds) ? seconds * 1000 : 0, ms, 100);
}

/** Whether an error is this refusal of the homeserver. */
export function refusedWith(error: unknown, ...wanted: readonly string[]): boolean {
  return isBotyardError(error) && wanted.includes(error.details.upstream?.code ?? "");
}

/** Hands on what a call answers, or `undefined` where the homeserver says that there is no such thing. */
export async function orUndefined<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isBotyardError(error) && error.code === "not_found") return undefined;
    throw error;
  }
}
