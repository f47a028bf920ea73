import type { Descriptor } from "@botyard/core";
import { BotyardError, type FieldIssue } from "@botyard/sdk";
import { readBytes, readJson } from "./body.ts";
import { coercion } from "./coerce.ts";

/** Where the fields of an operation are found in a request; made once, when it is first called. */
export interface InputPlan {
  readonly path: readonly string[];
  readonly query: ReadonlyMap<string, (texts: readonly string[]) => unknown>;
  readonly body: boolean;
  readonly bytes: string | null;
  /** Whether `?wait=false` may be said: the call is put into the queue. */
  readonly queues: boolean;
  /** Of streams: the field that `Last-Event-ID` fills. */
  readonly resume: "from" | null;
}

export function planInput(descriptor: Descriptor): InputPlan {
  const names = (place: string): string[] =>
    descriptor.fields.filter((field) => field.in === place).map((field) => field.name);
  const bytes = names("bytes")[0] ?? null;
  return {
    path: names("path"),
    query: new Map(
      descriptor.fields.filter((field) => field.in === "query").map((field) => [field.name, coercion(field.schema)]),
    ),
    body: bytes === null && descriptor.method !== "GET" && descriptor.method !== "DELETE",
    bytes,
    queues:
      (descriptor.run === "platform" || descriptor.effect === "send") && descriptor.effect !== "read" && bytes === null,
    resume:
      descriptor.output.kind === "stream" && descriptor.fields.some((field) => field.name === "from") ? "from" : null,
  };
}

const inherited = Object.prototype;

function refuse(issues: readonly FieldIssue[]): never {
  throw new BotyardError("invalid", "The request is not what this operation takes; nothing was done.", { issues });
}

const shorten = (name: string): string => (name.length > 80 ? `${name.slice(0, 77)}…` : name);

/**
 * Puts path, query and body together into the one input object, without judging it: that is for `invoke`.
 *
 * Throws `invalid` for what has no place: a path parameter given again, a query beside a JSON body, a body of a GET.
 */
export async function readInput(
  request: Request,
  plan: InputPlan,
  param: (name: string) => string | undefined,
  maxJsonBytes: number,
): Promise<Readonly<Record<string, unknown>>> {
  const input: Record<string, unknown> = {};
  for (const name of plan.path) input[name] = param(name) ?? "";
  placeQuery(request, plan, input);
  if (plan.resume) {
    const last = request.headers.get("last-event-id");
    if (last) input[plan.resume] = last;
  }
  if (plan.bytes !== null) input[plan.bytes] = await readBytes(request);
  else if (plan.body) placeBody(await readJson(request, maxJsonBytes), plan, input);
  else if (Number(request.headers.get("content-length") ?? 0) > 0 || request.headers.has("transfer-encoding"))
    throw new BotyardError("invalid", "This call takes no body; its fields go into the query.");
  return input;
}

/** Whether the caller does not wait for the end: `?wait=false`. */
export function goesOn(request: Request, { queues }: InputPlan): boolean {
  const at = request.url.indexOf("?");
  return queues && at >= 0 && new URLSearchParams(request.url.slice(at + 1)).get("wait") === "false";
}

function placeQuery(request: Request, plan: InputPlan, input: Record<string, unknown>): void {
  const at = request.url.indexOf("?");
  if (at < 0) return;
  const query = new URLSearchParams(request.url.slice(at + 1).replace(/#.*$/s, ""));
  const issues: FieldIssue[] = [];
  for (const name of new Set(query.keys())) {
    const coerce = plan.query.get(name);
    if (name === "wait" && !coerce && plan.queues) {
      if (!["true", "false"].includes(query.get(name) ?? "")) issues.push({ path: name, expected: "true or false" });
    } else if (coerce) input[name] = coerce(query.getAll(name));
    else if (plan.path.includes(name)) issues.push({ path: name, expected: "in the path, not again in the query" });
    else if (plan.body) issues.push({ path: shorten(name), expected: "in the JSON body, not in the query" });
    else issues.push({ path: shorten(name), expected: "no such field" });
  }
  if (issues.length > 0) refuse(issues.slice(0, 20));
}

function placeBody(body: Readonly<Record<string, unknown>>, plan: InputPlan, input: Record<string, unknown>): void {
  const issues: FieldIssue[] = [];
  for (const [name, value] of Object.entries(body)) {
    if (plan.path.includes(name)) issues.push({ path: name, expected: "in the path, not again in the body" });
    // A strict schema looks names up with `in` and would take these for its own.
    else if (name in inherited) issues.push({ path: name, expected: "no such field" });
    else input[name] = value;
  }
  if (issues.length > 0) refuse(issues.slice(0, 20));
}
