import type { JsonSchema } from "@botyard/core";

type JsonType = "string" | "number" | "integer" | "boolean" | "array" | "object" | "null";

const typeOf = (value: unknown): JsonType =>
  value === null ? "null" : Array.isArray(value) ? "array" : (typeof value as JsonType);

/** Types a schema lets through, through unions and constants. */
function typesOf(schema: JsonSchema): ReadonlySet<JsonType> {
  const types = new Set<JsonType>();
  const visit = (at: JsonSchema): void => {
    if (typeof at["type"] === "string") types.add(at["type"] as JsonType);
    if (Array.isArray(at["type"])) for (const type of at["type"] as JsonType[]) types.add(type);
    if ("const" in at) types.add(typeOf(at["const"]));
    if (Array.isArray(at["enum"])) for (const value of at["enum"]) types.add(typeOf(value));
    for (const key of ["anyOf", "oneOf", "allOf"])
      if (Array.isArray(at[key])) for (const option of at[key] as JsonSchema[]) visit(option);
  };
  visit(schema);
  return types;
}

function itemsOf(schema: JsonSchema): JsonSchema {
  if (typeof schema["items"] === "object" && schema["items"] !== null) return schema["items"] as JsonSchema;
  const options = (schema["anyOf"] ?? schema["oneOf"] ?? schema["allOf"]) as readonly JsonSchema[] | undefined;
  const array = options?.find((option) => typesOf(option).has("array"));
  return array ? itemsOf(array) : {};
}

function scalar(types: ReadonlySet<JsonType>): (text: string) => unknown {
  if (types.has("string")) return (text) => text;
  return (text) => {
    if ((types.has("number") || types.has("integer")) && /^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i.test(text))
      return Number(text);
    if (types.has("boolean") && (text === "true" || text === "false")) return text === "true";
    if (types.has("object") && text.startsWith("{")) {
      try {
        return JSON.parse(text) as unknown;
      } catch {
        return text;
      }
    }
    return text;
  };
}

/**
 * How the texts of one query parameter become what its schema asks for: `5` → 5, `true` → true, `a,b` or a repeated
 * parameter → `["a", "b"]`. What does not fit is left as it is: validation says what was expected.
 */
export function coercion(schema: JsonSchema): (texts: readonly string[]) => unknown {
  const types = typesOf(schema);
  if (types.has("array")) {
    const item = scalar(typesOf(itemsOf(schema)));
    return (texts) => texts.flatMap((text) => text.split(",")).map(item);
  }
  const one = scalar(types);
  return (texts) => (texts.length === 1 ? one(texts[0] ?? "") : texts.map(one));
}
