import type { Json } from "../wire.ts";

/** An answer before it has a form. */
export interface Reply {
  readonly status: number;
  readonly data?: unknown;
  /** `meta.message`; mostly empty for failures. */
  readonly message?: string;
  /** Where it differs from the HTTP status: 997 for a missing login. */
  readonly statuscode?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Instead of an envelope. */
  readonly raw?: { readonly type: string; readonly body: string } | "empty";
}

export const ok = (data: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Reply => ({
  status,
  data,
  message: "OK",
  headers,
});

export const fail = (status: number, data: unknown = [], message = ""): Reply => ({ status, data, message });

export const notLoggedIn: Reply = { ...fail(401, [], "Current user is not logged in"), statuscode: 997 };

const xmlType = "text/xml; charset=UTF-8";

function xml(status: "ok" | "failure", statuscode: number, message: string): string {
  return `<?xml version="1.0"?>\n<ocs>\n <meta>\n  <status>${status}</status>\n  <statuscode>${statuscode}</statuscode>\n  <message>${message}</message>\n </meta>\n <data/>\n</ocs>\n`;
}

const asXml = (status: number, statuscode: number, message: string): Reply => ({
  status,
  raw: { type: xmlType, body: xml("failure", statuscode, message) },
});

/** What no controller answers comes as XML, whatever was asked for. */
export const noRoute: Reply = asXml(
  404,
  998,
  "Invalid query, please check the syntax. API specifications are here: http://www.freedesktop.org/wiki/Specifications/open-collaboration-services.\n",
);
export const crashed: Reply = asXml(500, 996, "Internal Server Error\n");
export const wrongMethod: Reply = { status: 405, headers: { "content-type": xmlType }, raw: "empty" };
export const wrongPassword: Reply = {
  ...asXml(401, 997, "Unauthorised"),
  headers: { "www-authenticate": 'Basic realm="Authorisation Required"' },
};
export const noOcsHeader: Reply = {
  status: 412,
  raw: { type: "application/json; charset=utf-8", body: '{"message":"CSRF check failed"}' },
};

export interface Form {
  /** `v1.php` answers 200 for everything, with statuscode 100. */
  readonly version: "v1" | "v2";
  readonly json: boolean;
}

export function toResponse(reply: Reply, { version, json }: Form): Response {
  const headers = new Headers(reply.headers);
  if (reply.raw === "empty") return new Response(null, { status: reply.status, headers });
  if (reply.raw) {
    headers.set("content-type", reply.raw.type);
    return new Response(reply.raw.body, { status: reply.status, headers });
  }
  const good = reply.status < 400;
  const old = version === "v1";
  const statuscode = reply.statuscode ?? (old && good ? 100 : reply.status);
  const meta: Json = {
    status: good ? "ok" : "failure",
    statuscode,
    message: reply.message ?? "",
    ...(old ? { totalitems: "", itemsperpage: "" } : {}),
  };
  const status = old && reply.status !== 401 ? 200 : reply.status;
  if (!json) {
    headers.set("content-type", xmlType);
    return new Response(xml(good ? "ok" : "failure", statuscode, reply.message ?? ""), { status, headers });
  }
  headers.set("content-type", "application/json; charset=utf-8");
  return new Response(JSON.stringify({ ocs: { meta, data: reply.data === undefined ? [] : reply.data } }), {
    status,
    headers,
  });
}

/** PHP's JSON: slashes and everything outside ASCII are escaped. */
export function phpJson(value: unknown): string {
  return JSON.stringify(value)
    .replaceAll("/", String.raw`\/`)
    .replaceAll(/[\u0080-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
