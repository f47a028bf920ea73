import type { Http, HttpRequest, HttpResponse } from "@botyard/sdk";
import { toError } from "./errors.ts";

/** Whose credential a request carries, by its kind: the wrong header is refused, and a bot's header outdoes a session. */
export type Auth =
  | { readonly kind: "owner-session"; readonly token: string }
  | { readonly kind: "bot-token"; readonly token: string }
  | { readonly kind: "nobody" };

export const nobody: Auth = { kind: "nobody" };

/** Where a call goes, and in whose name. */
export interface Caller {
  readonly http: Http;
  readonly auth: Auth;
  readonly signal?: AbortSignal | undefined;
  /** Told after each call that may have changed servers, channels or who is in them. */
  readonly changed?: (() => void) | undefined;
}

export interface UpstreamCall {
  readonly method: HttpRequest["method"];
  /** Below the API's root, each part percent-encoded: `/bots/01M7…`. */
  readonly path: string;
  readonly query?: HttpRequest["query"];
  readonly json?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Exactly one credential. Without `Accept` the guards answer HTML. */
export function headersFor(auth: Auth): Record<string, string> {
  if (auth.kind === "owner-session") return { accept: "application/json", "x-session-token": auth.token };
  if (auth.kind === "bot-token") return { accept: "application/json", "x-bot-token": auth.token };
  return { accept: "application/json" };
}

/** The answer as it is, whatever its status. */
export async function send(on: Caller, call: UpstreamCall): Promise<HttpResponse> {
  const response = await on.http.request({
    method: call.method,
    path: call.path,
    headers: { ...headersFor(on.auth), ...call.headers },
    ...(call.query === undefined ? {} : { query: call.query }),
    ...(call.json === undefined ? {} : { json: call.json }),
    ...(on.signal === undefined ? {} : { signal: on.signal }),
  });
  if (call.method !== "GET" && !call.path.includes("/messages")) on.changed?.();
  return response;
}

/** JSON of a successful answer. Throws BotyardError for any other status, and where a success carries no JSON. */
export async function call<T>(on: Caller, upstream: UpstreamCall): Promise<T> {
  const response = await send(on, upstream);
  if (isSuccess(response) && typeof response.json === "object" && response.json !== null) return response.json as T;
  throw toError(upstream.method, response);
}

/** For routes that answer 204, and those whose body is not needed. */
export async function tell(on: Caller, upstream: UpstreamCall): Promise<void> {
  const response = await send(on, upstream);
  if (!isSuccess(response)) throw toError(upstream.method, response);
}

function isSuccess({ status }: HttpResponse): boolean {
  return status >= 200 && status < 300;
}

/** One part of a path. */
export function part(id: string): string {
  return encodeURIComponent(id);
}
