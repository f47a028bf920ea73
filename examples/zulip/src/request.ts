import { BotyardError, type ErrorCode, type Http, type HttpRequest, type HttpResponse } from "@botyard/sdk";
import type { WireRefusal } from "./wire.ts";

/** Who asks. */
export interface Caller {
  /** `email:key`, as the server's `zuliprc` has both. Null where no account is needed. */
  readonly secret: string | null;
  /** Zulip counts requests by account: `admin`, `bot/31`. */
  readonly bucket: string;
  readonly signal?: AbortSignal | undefined;
}

export type Form = Readonly<Record<string, string | number | boolean | object | undefined>>;
type Method = HttpRequest["method"];

export interface Requests {
  /** A call of `/api/v1`; a refusal throws. Everything but text is sent as JSON inside the form. */
  ask<T>(on: Caller, method: Method, path: string, form?: Form): Promise<T>;
  /** The same with a body of our own. */
  send<T>(on: Caller, request: Omit<HttpRequest, "headers"> & { readonly type: string }): Promise<T>;
}

const text = (value: Form[string]): string => (typeof value === "string" ? value : JSON.stringify(value));

function basic(secret: string): string {
  return `Basic ${btoa(String.fromCharCode(...new TextEncoder().encode(secret)))}`;
}

export function createRequests(http: Http): Requests {
  const send: Requests["send"] = async <T>(
    on: Caller,
    { type, path, ...request }: Parameters<Requests["send"]>[1],
  ): Promise<T> => {
    const response = await http.request({
      ...request,
      path: `/api/v1${path}`,
      bucket: on.bucket,
      headers: {
        ...(on.secret === null ? {} : { authorization: basic(on.secret) }),
        ...(type === "" ? {} : { "content-type": type }),
      },
      ...(on.signal ? { signal: on.signal } : {}),
    });
    if (response.status >= 300) throw refusal(response);
    // The one place where a body is taken for what the documentation promises.
    return response.json as T;
  };
  return {
    send,
    ask(on, method, path, { timeoutMs, ...form } = {}) {
      const given = Object.entries(form).filter(([, value]) => value !== undefined);
      const wait = typeof timeoutMs === "number" ? { timeoutMs } : {};
      if (method === "GET") {
        const query = Object.fromEntries(given.map(([name, value]) => [name, text(value)]));
        return send(on, { method, path, query, type: "", ...wait });
      }
      const body = new URLSearchParams(given.map(([name, value]) => [name, text(value)])).toString();
      return send(on, { method, path, body, type: "application/x-www-form-urlencoded", ...wait });
    },
  };
}

const byCode: Readonly<Record<string, ErrorCode>> = {
  STREAM_DOES_NOT_EXIST: "not_found",
  UNAUTHORIZED_PRINCIPAL: "forbidden",
  REALM_UPLOAD_QUOTA: "too_large",
  BAD_EVENT_QUEUE_ID: "gone",
};
const byStatus: Readonly<Record<number, ErrorCode>> = {
  400: "invalid",
  401: "unauthenticated",
  403: "forbidden",
  404: "not_found",
  413: "too_large",
  429: "rate_limited",
};

/**
 * A refusal in our words; the server's own are in somebody's language and stay in the log. A 5xx proves nothing about
 * the effect.
 * @see https://zulip.com/api/rest-error-handling
 */
function refusal({ status, json, headers }: Pick<HttpResponse, "status" | "json" | "headers">): BotyardError {
  const wire = (json ?? {}) as Partial<WireRefusal>;
  const code = byCode[wire.code ?? ""] ?? byStatus[status] ?? "upstream";
  const seconds = Number(headers["retry-after"] ?? wire["retry-after"] ?? 0);
  return new BotyardError(code, `Zulip answered ${status}${wire.code === undefined ? "" : ` ${wire.code}`}.`, {
    effect: status >= 500 ? "unknown" : "none",
    upstream: { status, ...(wire.code === undefined ? {} : { code: wire.code }) },
    ...(seconds > 0 ? { retryAfterMs: Math.ceil(seconds * 1000) } : {}),
  });
}
