import { type AnyOperation, BotyardError, type Bytes, planRoute, type RoutePlan } from "@botyard/sdk";

export interface BuiltRequest {
  readonly method: RoutePlan["method"];
  /** Below the service's address, with query: `/v1/connections/chat/rooms/eng%3Aops/messages?limit=5`. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | ReadableStream<Uint8Array> | null;
}

function text(value: unknown): string {
  return typeof value === "object" && value !== null ? JSON.stringify(value) : String(value);
}

function queryOf(fields: readonly (readonly [string, unknown])[]): string {
  const query = new URLSearchParams();
  for (const [name, value] of fields) {
    for (const one of Array.isArray(value) ? value : [value]) query.append(name, text(one));
  }
  return query.size > 0 ? `?${query}` : "";
}

/** Throws `invalid` where a parameter of the path is missing: its place cannot be left out. */
function fill(plan: RoutePlan, input: Readonly<Record<string, unknown>>): string {
  return plan.path.replace(/\{([^}]+)\}/g, (_, name: string) => {
    const value = input[name];
    // A dot segment would be taken out of the path by every URL parser, also when encoded.
    if (value === undefined || value === null || value === "" || value === "." || value === "..") {
      throw new BotyardError("invalid", `${name} is missing`, { issues: [{ path: name, expected: "a value" }] });
    }
    return encodeURIComponent(text(value));
  });
}

/**
 * Lists become repeated query parameters. Fields the operation does not know go where its other fields go, so that the
 * service refuses them.
 */
export function buildRequest(operation: AnyOperation, input: Readonly<Record<string, unknown>>): BuiltRequest {
  const plan = planRoute(operation);
  const places = new Map(plan.fields.map((field) => [field.name, field.in]));
  const hasBytes = plan.fields.some((field) => field.in === "bytes");
  const rest = hasBytes || plan.method === "GET" || plan.method === "DELETE" ? "query" : "body";
  const given = Object.entries(input).filter(([, value]) => value !== undefined);
  const at = (place: string): [string, unknown][] => given.filter(([name]) => (places.get(name) ?? rest) === place);

  const path = `/v1${fill(plan, input)}${queryOf(at("query"))}`;
  if (hasBytes) {
    const bytes = at("bytes")[0]?.[1] as Bytes | undefined;
    if (!bytes) return { method: plan.method, path, headers: {}, body: null };
    return { method: plan.method, path, headers: { "content-type": bytes.type }, body: bytes.body };
  }
  if (rest === "query") return { method: plan.method, path, headers: {}, body: null };
  return {
    method: plan.method,
    path,
    headers: { "content-type": "application/json" },
    body: JSON.stringify(Object.fromEntries(at("body"))),
  };
}
