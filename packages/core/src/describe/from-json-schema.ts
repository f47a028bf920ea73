import { ConnectionId, Handle, type JsonSchema, NativeId, Time } from "@botyard/sdk";
import * as v from "valibot";
import { jsonSchemaOf } from "./json-schema.ts";

type Make = (json: JsonSchema) => v.GenericSchema;
type Check = v.PipeItem<unknown, unknown, v.BaseIssue<unknown>>;

const text = (value: unknown): string | null => (typeof value === "string" ? value : null);
const number = (value: unknown): number | null => (typeof value === "number" ? value : null);
const isSchema = (value: unknown): value is JsonSchema =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const schemas = (value: unknown): readonly JsonSchema[] => (Array.isArray(value) ? value.filter(isSchema) : []);

const formats: Readonly<Record<string, () => unknown>> = {
  "date-time": () => v.isoTimestamp(),
  date: () => v.isoDate(),
  uri: () => v.url(),
  email: () => v.email(),
  uuid: () => v.uuid(),
};

/** Texts that the SDK has a schema for are checked by it: they are most of what a plugin's operations take. */
const known = new Map(
  [ConnectionId, Handle, NativeId, Time].map((schema) => [
    keyOf(jsonSchemaOf(schema, "input")),
    schema as v.GenericSchema,
  ]),
);

function keyOf(json: JsonSchema): string {
  const { title: _, description: __, default: ___, "x-botyard": ____, ...rest } = json;
  return JSON.stringify(rest);
}

/**
 * A schema that takes what a JSON Schema of ours takes: those that `jsonSchemaOf` makes. What it does not understand it
 * lets pass: it is the first look at a value, the plugin's own schema has the last. Patterns are left to the plugin's
 * process too: a slow one would hold up everybody here.
 */
export const schemaFrom: Make = (json) => {
  const ours =
    typeof json["pattern"] === "string" || typeof json["format"] === "string" ? known.get(keyOf(json)) : undefined;
  if (ours) return ours;
  const base = baseOf(json);
  const checks = checksOf(json);
  if (checks.length === 0) return base;
  // How many checks there are is known at run time only; the types count them.
  return (v.pipe as unknown as (base: v.GenericSchema, ...checks: Check[]) => v.GenericSchema)(base, ...checks);
};

const baseOf: Make = (json) => {
  if ("const" in json) return v.literal(json["const"] as v.Literal);
  const options = json["enum"];
  if (Array.isArray(options))
    return v.picklist(options.map((option) => (typeof option === "number" ? option : String(option))));
  const any = [...schemas(json["anyOf"]), ...schemas(json["oneOf"])];
  if (any.length > 0) return unionOf(any);
  const all = schemas(json["allOf"]);
  if (all.length > 0) return v.intersect(all.map(schemaFrom));
  if (isSchema(json["not"]) && Object.keys(json["not"]).length === 0) return v.never();
  switch (json["type"]) {
    case "string":
      return v.string();
    case "number":
      return v.number();
    case "integer":
      return v.pipe(v.number(), v.integer());
    case "boolean":
      return v.boolean();
    case "null":
      return v.null();
    case "array":
      return arrayOf(json);
    case "object":
      return objectOf(json);
    default:
      return v.unknown();
  }
};

/** `… | null` keeps the message of what it is apart from null. */
function unionOf(options: readonly JsonSchema[]): v.GenericSchema {
  const others = options.filter((option) => option["type"] !== "null");
  const [only] = others;
  if (others.length < options.length)
    return v.nullable(only && others.length === 1 ? schemaFrom(only) : unionOf(others));
  return v.union(options.map(schemaFrom));
}

function arrayOf(json: JsonSchema): v.GenericSchema {
  const { prefixItems, items } = json;
  if (Array.isArray(prefixItems)) {
    const first = schemas(prefixItems).map(schemaFrom);
    if (items === false) return v.strictTuple(first);
    return isSchema(items) ? v.tupleWithRest(first, schemaFrom(items)) : v.tuple(first);
  }
  return v.array(isSchema(items) ? schemaFrom(items) : v.unknown());
}

function objectOf(json: JsonSchema): v.GenericSchema {
  const rest = json["additionalProperties"];
  if (isSchema(json["propertyNames"]))
    return v.record(
      schemaFrom(json["propertyNames"]) as v.GenericSchema<string, string>,
      isSchema(rest) ? schemaFrom(rest) : v.unknown(),
    );
  const required = new Set(Array.isArray(json["required"]) ? json["required"] : []);
  const properties = isSchema(json["properties"]) ? json["properties"] : {};
  const entries = Object.fromEntries(
    Object.entries(properties).map(([name, inner]) => [
      name,
      entryFrom(isSchema(inner) ? inner : {}, required.has(name)),
    ]),
  );
  if (rest === false) return v.strictObject(entries);
  return isSchema(rest) ? v.objectWithRest(entries, schemaFrom(rest)) : v.object(entries);
}

/** One field of an object: optional ones keep their default. */
export function entryFrom(
  json: JsonSchema,
  required: boolean,
  wrap: (schema: v.GenericSchema) => v.GenericSchema = (schema) => schema,
): v.GenericSchema {
  const schema = wrap(schemaFrom(json));
  if (required) return schema;
  return json["default"] === undefined ? v.optional(schema) : v.optional(schema, json["default"] as never);
}

function checksOf(json: JsonSchema): Check[] {
  const checks: unknown[] = [];
  const add = (value: number | null, check: (value: number) => unknown): void => {
    if (value !== null) checks.push(check(value));
  };
  add(number(json["minLength"]), (value) => v.minLength(value));
  add(number(json["maxLength"]), (value) => v.maxLength(value));
  add(number(json["minItems"]), (value) => v.minLength(value));
  add(number(json["maxItems"]), (value) => v.maxLength(value));
  add(number(json["minProperties"]), (value) => v.minEntries(value));
  add(number(json["maxProperties"]), (value) => v.maxEntries(value));
  add(number(json["minimum"]), (value) => v.minValue(value));
  add(number(json["maximum"]), (value) => v.maxValue(value));
  add(number(json["exclusiveMinimum"]), (value) => v.gtValue(value));
  add(number(json["exclusiveMaximum"]), (value) => v.ltValue(value));
  add(number(json["multipleOf"]), (value) => v.multipleOf(value));
  const format = formats[text(json["format"]) ?? ""];
  if (format && json["type"] === "string") checks.push(format());
  return checks as Check[];
}
