import { BotyardError, isBotyardError, type HttpRequest, type HttpResponse } from "@botyard/sdk";
import { ensureRegistered } from "../intent.ts";
import { toError, toRequest } from "../request.ts";
import { isObject } from "../wire.ts";
import { callerOf, marked, type Actor } from "./actor.ts";

export interface RequestOptions {
  readonly content?: unknown;
  /** Unix milliseconds: `?ts=`. */
  readonly timestampMs?: number | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** `user_id` and `ts` in it are replaced. */
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>> | undefined;
  /** Repeats after 502, 503, 504 or a broken connection, of GET and PUT only; default 0. */
  readonly retryCount?: number | undefined;
  readonly externalUrl?: string | undefined;
}

const firstPauseMs = 4_000;
const brief = new Set([502, 503, 504]);

/** Any call as the user, answered whatever its status. Throws what keeps us from asking. */
export async function rawRequest(
  actor: Actor,
  method: HttpRequest["method"],
  path: string,
  options: RequestOptions = {},
): Promise<HttpResponse> {
  if (!/^\/_matrix\/[^?#\s\\]+$/.test(path) || path.split("/").includes(".."))
    throw new BotyardError("invalid", "the path is none below /_matrix/, or has a query in it", {
      issues: [{ path: "path", expected: "/_matrix/client/v3/…, parts percent-encoded" }],
    });
  const on = await callerOf(actor);
  const { content, externalUrl } = options;
  const json = isObject(content) && externalUrl !== undefined ? marked(actor, content, { externalUrl }) : content;
  const made = toRequest(on, {
    method,
    path,
    query: { ...options.query, ts: options.timestampMs },
    ...(json === undefined ? {} : { json }),
  });
  const request = { ...made, headers: { ...options.headers, ...made.headers } };
  const repeats = method === "GET" || method === "PUT" ? (options.retryCount ?? 0) : 0;
  for (let at = 0; ; at++) {
    const last = at >= repeats;
    try {
      const response = await on.http.request(request);
      if (last || !brief.has(response.status)) return response;
    } catch (error) {
      if (last || !isBotyardError(error) || error.code !== "unreachable") throw error;
    }
    await actor.context.host.clock.sleep(firstPauseMs * (at + 1), actor.signal);
  }
}

/** The same, with refusals as errors; a user that is not registered yet is, and it is tried once more. */
export async function request(
  actor: Actor,
  method: HttpRequest["method"],
  path: string,
  options: RequestOptions = {},
): Promise<unknown> {
  const response = await rawRequest(actor, method, path, options);
  if (response.status >= 200 && response.status < 300) return response.json;
  const error = toError(method, response);
  const { context, user, signal } = actor;
  if (error.details.upstream?.code !== "M_FORBIDDEN") throw error;
  // What is remembered of the user may be of another database of the homeserver's.
  if ((await ensureRegistered(context, user, { signal, fresh: true })) !== "made") throw error;
  const again = await rawRequest(actor, method, path, options);
  if (again.status >= 200 && again.status < 300) return again.json;
  throw toError(method, again);
}
