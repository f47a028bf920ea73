import type { AnyOperation, Method } from "./operation.ts";
import type { FieldMeta, ObjectSchema, RefKind } from "./schema.ts";

/** Where a field travels: in the path if named there; else query for GET and DELETE; else the JSON body. */
export type Place = "path" | "query" | "body" | "bytes";

export interface PlannedField {
  readonly name: string;
  readonly in: Place;
  readonly required: boolean;
  readonly secret: boolean;
  readonly ref: RefKind | null;
}

/** An operation's way over HTTP. */
export interface RoutePlan {
  readonly method: Method;
  /** Below `/v1`: `/connections/{connection}/bots`. */
  readonly path: string;
  readonly fields: readonly PlannedField[];
}

interface Inspectable {
  readonly type?: string;
  readonly wrapped?: Inspectable;
  readonly pipe?: readonly {
    readonly type?: string;
    readonly kind?: string;
    readonly metadata?: unknown;
    readonly wrapped?: Inspectable;
    readonly pipe?: unknown;
  }[];
}

const metas = new WeakMap<object, FieldMeta["x-botyard"]>();

/** The `x-botyard` metadata of a field's schema, through optional, nullable and pipes; looked up once for each schema. */
export function metaOf(schema: object): FieldMeta["x-botyard"] {
  let found = metas.get(schema);
  if (!found) metas.set(schema, (found = findMeta(schema)));
  return found;
}

function findMeta(schema: object): FieldMeta["x-botyard"] {
  const seen = schema as Inspectable;
  const own: FieldMeta["x-botyard"] = {};
  const merge = (more: FieldMeta["x-botyard"]): void => void Object.assign(own, more);
  for (const item of seen.pipe ?? []) {
    if (item.type === "metadata") merge((item.metadata as Partial<FieldMeta>)["x-botyard"] ?? {});
    else if (item.kind === "schema" && item !== schema && (item.wrapped || item.pipe)) merge(metaOf(item));
  }
  if (seen.wrapped) merge(metaOf(seen.wrapped));
  return own;
}

const optionalTypes = new Set(["optional", "exact_optional", "nullish", "undefinedable"]);

/** Operations are values that never change, and each call asks for its plan. */
const plans = new WeakMap<object, RoutePlan>();

/**
 * With a bytes field the body is the bytes, and what is not in the path goes into the query.
 */
export function planRoute(operation: Pick<AnyOperation, "route" | "input">): RoutePlan {
  let plan = plans.get(operation);
  if (!plan) plans.set(operation, (plan = makePlan(operation)));
  return plan;
}

function makePlan(operation: Pick<AnyOperation, "route" | "input">): RoutePlan {
  const [method, path] = operation.route.split(" ", 2) as [Method, string];
  const inPath = new Set([...path.matchAll(/\{([^}]+)\}/g)].map((match) => match[1]));
  const entries = Object.entries((operation.input as ObjectSchema).entries);
  const planned = entries.map(([name, schema]) => ({
    name,
    meta: metaOf(schema),
    optional: optionalTypes.has(schema.type),
  }));
  const rest: Place =
    method === "GET" || method === "DELETE" || planned.some(({ meta }) => meta.bytes) ? "query" : "body";
  return {
    method,
    path,
    fields: planned.map(({ name, meta, optional }) => ({
      name,
      in: meta.bytes ? "bytes" : inPath.has(name) ? "path" : rest,
      required: !optional,
      secret: meta.secret ?? false,
      ref: meta.ref ?? null,
    })),
  };
}
