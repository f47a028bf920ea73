import type { Http, HttpRequest, HttpResponse } from "@botyard/sdk";
import { BotyardError } from "@botyard/sdk";
import * as api from "./api.ts";
import type { Caller } from "./request.ts";

type Bound<T> = {
  readonly [K in keyof T as T[K] extends (on: Caller, ...rest: never[]) => Promise<unknown> ? K : never]: T[K] extends (
    on: Caller,
    ...rest: infer A
  ) => infer R
    ? (...rest: A) => R
    : never;
};

/** One method for each upstream call: `createBot`, `createPost`, `listPosts`. */
export type MattermostClient = Bound<typeof api>;

export interface MattermostClientOptions {
  /** Address of the site: `https://chat.example.org`. */
  readonly url: string;
  /** Access token of a person or a bot; absent: without a session. */
  readonly token?: string;
  /** Default: the runtime's `fetch`. */
  readonly fetch?: (request: Request) => Promise<Response>;
}

/**
 * A small typed client of the server's API v4, without Botyard's service. It does not retry; it throws BotyardError
 * with the server's status and error id in `details.upstream`.
 *
 * @example
 * const chat = createMattermostClient({ url: "https://chat.example.org", token });
 * const bot = await chat.createBot({ username: "helper", display_name: "Helper" });
 */
export function createMattermostClient({ url, token, fetch: given }: MattermostClientOptions): MattermostClient {
  const { origin, pathname } = new URL(url);
  const on: Caller = {
    http: httpOver(origin, given ?? ((request) => fetch(request))),
    base: pathname.replace(/\/+$/, ""),
    ...(token === undefined ? {} : { token }),
  };
  const methods = Object.entries(api).filter(([, value]) => typeof value === "function");
  return Object.fromEntries(
    methods.map(([name, method]) => [
      name,
      (...rest: never[]) => (method as (on: Caller, ...rest: never[]) => unknown)(on, ...rest),
    ]),
  ) as unknown as MattermostClient;
}

function httpOver(origin: string, send: (request: Request) => Promise<Response>): Http {
  const ask = async (request: HttpRequest): Promise<Response> => {
    const address = new URL(origin + request.path);
    for (const [name, value] of Object.entries(request.query ?? {}))
      if (value !== undefined) address.searchParams.set(name, String(value));
    const headers = new Headers({ ...request.headers });
    if (request.json !== undefined) headers.set("content-type", "application/json");
    const body = request.json === undefined ? request.body : JSON.stringify(request.json);
    const init = {
      method: request.method,
      headers,
      signal: request.signal ?? AbortSignal.timeout(request.timeoutMs ?? 30_000),
      ...(body === undefined ? {} : { body, ...(body instanceof ReadableStream ? { duplex: "half" } : {}) }),
    };
    try {
      return await send(new Request(String(address), init as RequestInit));
    } catch (cause) {
      const effect = request.method === "GET" ? "none" : "unknown";
      throw new BotyardError("unreachable", `${origin} did not answer`, { effect, cause });
    }
  };
  return {
    async request(request): Promise<HttpResponse> {
      const response = await ask(request);
      const text = await response.text();
      let json: unknown;
      try {
        json = JSON.parse(text);
      } catch {
        json = undefined;
      }
      return { status: response.status, headers: Object.fromEntries(response.headers), text, json };
    },
    async stream(request) {
      const response = await ask(request);
      const body = response.body ?? new Blob([]).stream();
      return { status: response.status, headers: Object.fromEntries(response.headers), body };
    },
  };
}
