import { isObject, type JsonObject } from "../wire.ts";

/** A handler's refusal: it has a name. */
export class Refusal extends Error {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;

  constructor(status: number, type: string, fields: Readonly<Record<string, unknown>> = {}) {
    super(type);
    this.name = "Refusal";
    this.status = status;
    this.body = { type, ...fields, location: "simulator:1:1" };
  }
}

/** What guards before the handler answer: a status and a page, without a name. */
export class Guard extends Error {
  readonly status: number;

  constructor(status: number) {
    super(String(status));
    this.name = "Guard";
    this.status = status;
  }
}

const reasons: Readonly<Record<number, readonly [string, string]>> = {
  400: ["Bad Request", "The request could not be understood by the server due to malformed syntax."],
  401: ["Unauthorized", "The request requires user authentication."],
  404: ["Not Found", "The requested resource could not be found."],
  409: ["Conflict", "The request could not be processed because of a conflict in the request."],
  413: ["Payload Too Large", "The request is larger than the server is willing or able to process."],
  422: ["Unprocessable Entity", "The request was well-formed but was unable to be followed due to semantic errors."],
  500: ["Internal Server Error", "The server encountered an internal error while processing this request."],
};

/** HTML, unless the first choice of the Accept header is JSON. */
export function guardResponse(status: number, accept: string | null): Response {
  const [reason, description] = reasons[status] ?? ["Error", "An error."];
  if (accept?.split(",")[0]?.trim().startsWith("application/json"))
    return Response.json({ error: { code: status, reason, description } }, { status });
  const html = `<!DOCTYPE html>\n<html lang="en">\n<head>\n    <title>${status} ${reason}</title>\n</head>\n<body align="center"><h1>${status}: ${reason}</h1><p>${description}</p></body>\n</html>`;
  return new Response(html, { status, headers: { "content-type": "text/html; charset=utf-8" } });
}

export const notFound = (): Refusal => new Refusal(404, "NotFound");
export const missing = (permission: string): Refusal => new Refusal(403, "MissingPermission", { permission });
export const isBot = (): Refusal => new Refusal(400, "IsBot");
export const invalid = (): Refusal => new Refusal(400, "InvalidOperation");
export const failed = (field: string): Refusal =>
  new Refusal(400, "FailedValidation", { error: `${field}: Validation error` });

interface Kinds {
  readonly string: string;
  readonly boolean: boolean;
  readonly integer: number;
  readonly strings: readonly string[];
  readonly object: JsonObject;
  readonly objects: readonly JsonObject[];
}
type Kind = keyof Kinds;
/** Fields of a body; with `?` they may be absent or null. Others are ignored, as the server does. */
export type BodyShape = Readonly<Record<string, Kind | `${Kind}?`>>;
export type Parsed<S> = {
  readonly [K in keyof S]: S[K] extends Kind
    ? Kinds[S[K]]
    : S[K] extends `${infer O extends Kind}?`
      ? Kinds[O] | undefined
      : never;
};

/** The JSON body by its shape: 400 for what is no JSON, 422 for another shape. */
export function parseBody<const S extends BodyShape>(text: string, shape: S): Parsed<S> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new Guard(400);
  }
  if (!isObject(json)) throw new Guard(422);
  const found: Record<string, unknown> = {};
  for (const [name, wanted] of Object.entries(shape)) {
    const value = json[name];
    const optional = wanted.endsWith("?");
    if (value === undefined || value === null) {
      if (!optional) throw new Guard(422);
      continue;
    }
    if (!fits(value, wanted.replace("?", ""))) throw new Guard(422);
    found[name] = value;
  }
  return found as Parsed<S>;
}

function fits(value: unknown, kind: string): boolean {
  if (kind === "strings") return Array.isArray(value) && value.every((one) => typeof one === "string");
  if (kind === "objects") return Array.isArray(value) && value.every(isObject);
  if (kind === "object") return isObject(value);
  if (kind === "integer") return Number.isInteger(value);
  return typeof value === kind;
}

/** Length in characters, as the server's validator counts. */
export function checkLength(field: string, value: unknown, min: number, max: number): void {
  if (typeof value !== "string") return;
  const { length } = [...value];
  if (length < min || length > max) throw failed(field);
}
