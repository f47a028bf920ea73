import type { Descriptor, Field, JsonSchema } from "@botyard/core";
import type { Flag } from "./parse.ts";

/** How a flag's text becomes a value. */
export type FlagKind = "text" | "number" | "boolean" | "duration" | "rate" | "json" | "record" | "secret" | "secrets";

/** A flag that fills an input field, or a field of an object in it. */
export interface FieldFlag extends Flag {
  /** `["limits", "perMinute"]` */
  readonly path: readonly string[];
  readonly kind: FlagKind;
  readonly array: boolean;
  readonly choices: readonly string[] | null;
}

export interface Positional {
  readonly field: string;
  readonly required: boolean;
  readonly summary: string;
  /** May be written `connection/name`. */
  readonly address: boolean;
}

/** An operation as a command line. */
export interface CommandPlan {
  readonly positionals: readonly Positional[];
  readonly flags: readonly FieldFlag[];
  /** Fields that `--clear` sets to null. */
  readonly clearable: readonly string[];
  /** Field that `--file` fills. */
  readonly bytes: string | null;
  /** Whether the path names a connection, and whether `-` stands for all. */
  readonly connection: "none" | "one" | "one-or-all";
}

export function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function branches(schema: JsonSchema): readonly JsonSchema[] {
  return Array.isArray(schema["anyOf"]) ? (schema["anyOf"] as JsonSchema[]) : [schema];
}

function isNull(schema: JsonSchema): boolean {
  return schema["type"] === "null";
}

/** The schema behind `null | …`, with what it is said to be. */
export function present(schema: JsonSchema): JsonSchema {
  const some = branches(schema).filter((branch) => !isNull(branch));
  const [only] = some;
  if (some.length !== 1 || only === undefined) return schema;
  return schema["description"] === undefined ? only : { ...only, description: schema["description"] };
}

export function summaryOf(schema: JsonSchema): string {
  return String((schema["description"] as string | undefined) ?? "").replace(/\.$/, "");
}

function choicesOf(schema: JsonSchema): readonly string[] | null {
  return Array.isArray(schema["enum"]) && schema["type"] === "string" ? (schema["enum"] as string[]) : null;
}

const isSecret = (schema: JsonSchema): boolean =>
  (schema["x-botyard"] as { secret?: boolean } | undefined)?.secret === true;

const isObject = (value: unknown): value is JsonSchema => typeof value === "object" && value !== null;

interface Shape {
  readonly kind: FlagKind;
  readonly hint: string;
  readonly multiple?: boolean;
}

function shapeOf(name: string, schema: JsonSchema, secret: boolean): Shape {
  const choices = choicesOf(schema);
  const type = schema["type"];
  if (secret || isSecret(schema)) return { kind: "secret", hint: "env:NAME|file:PATH|-" };
  if (choices) return { kind: "text", hint: choices.join("|") };
  if (type === "boolean") return { kind: "boolean", hint: "" };
  if (type === "number" || type === "integer") {
    if (name.endsWith("Ms")) return { kind: "duration", hint: "30s" };
    if (name.endsWith("PerMinute")) return { kind: "rate", hint: "20/min" };
    return { kind: "number", hint: "<number>" };
  }
  if (type === "object") {
    const values = schema["additionalProperties"];
    if (isObject(values) && isSecret(values)) {
      return { kind: "secrets", hint: "name=env:NAME|file:PATH|-", multiple: true };
    }
    return { kind: "record", hint: "key=value", multiple: true };
  }
  return type === "string" || type === undefined ? { kind: "text", hint: "<text>" } : { kind: "json", hint: "<json>" };
}

/** `waitMs` is `--wait 30s`, `ratePerMinute` is `--rate 20/min`: the unit is in the value. */
function flagName(path: readonly string[]): string {
  return path.map((part) => kebab(part.replace(/(?:Ms|PerMinute)$/, ""))).join(".");
}

function flagsOf(path: readonly string[], given: JsonSchema, secret: boolean): readonly FieldFlag[] {
  const schema = present(given);
  const name = path.at(-1) ?? "";
  const properties = schema["properties"];
  if (schema["type"] === "object" && isObject(properties)) {
    return Object.entries(properties).flatMap(([key, value]) => flagsOf([...path, key], value as JsonSchema, false));
  }
  const array = schema["type"] === "array";
  const item = array && isObject(schema["items"]) ? present(schema["items"]) : schema;
  const shape: Shape =
    array && item["type"] === "object" ? { kind: "json", hint: "<json>" } : shapeOf(name, item, secret);
  return [
    {
      name: flagName(path),
      path,
      kind: shape.kind,
      array,
      choices: choicesOf(item),
      type: shape.kind === "boolean" && !array ? "boolean" : "string",
      multiple: array || shape.multiple === true,
      hint: shape.hint,
      summary: summaryOf(schema),
      ...(path.length === 1 && (name === "options" || name === "settings") ? { short: "o" } : {}),
      ...(path.length === 1 && name === "connection" ? { short: "c" } : {}),
    },
  ];
}

function positionalsOf(descriptor: Descriptor): readonly Positional[] {
  const parameters = [...descriptor.path.matchAll(/\{([^}]+)\}/g)].map((match) => match[1] ?? "");
  const inPath = parameters.includes("connection");
  const chosen = descriptor.cli.positionals ?? parameters;
  // The connection is the prefix of an address where another positional can carry it.
  const names =
    descriptor.cli.positionals || chosen.length < 2 ? chosen : chosen.filter((name) => name !== "connection");
  const apart = names.includes("connection");
  return names.map((name, index) => {
    const field = descriptor.fields.find((one) => one.name === name);
    const own = name === "connection";
    return {
      field: name,
      // Which connection is found out; but forgetting one is said by name.
      required: (field?.required ?? true) && !(own && inPath && !descriptor.destructive && names.length === 1),
      summary: summaryOf(present(field?.schema ?? {})),
      address: inPath && !apart && (index === 0 || (field?.ref ?? null) !== null),
    };
  });
}

export function planCommand(descriptor: Descriptor): CommandPlan {
  const positionals = positionalsOf(descriptor);
  const taken = new Set(positionals.map((one) => one.field));
  const inPath = (field: Field): boolean => field.in === "path" && field.name === "connection";
  const rest = descriptor.fields.filter((field) => !taken.has(field.name) && field.in !== "bytes" && !inPath(field));
  const connection = descriptor.fields.find(inPath);
  return {
    positionals,
    flags: rest.flatMap((field) => flagsOf([field.name], field.schema, field.secret)),
    clearable: rest.filter((field) => branches(field.schema).some(isNull)).map((field) => field.name),
    bytes: descriptor.fields.find((field) => field.in === "bytes")?.name ?? null,
    connection: !connection
      ? "none"
      : branches(connection.schema).some((branch) => branch["const"] === "-")
        ? "one-or-all"
        : "one",
  };
}
