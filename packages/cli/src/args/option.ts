import { type JsonSchema, suggest } from "@botyard/core";
import { usage } from "./parse.ts";
import { present, summaryOf } from "./plan.ts";
import { durationOf } from "./units.ts";

/** Text that looks like JSON becomes what it says, everything else stays text: `public=true`, `occ=docker exec nc occ`. */
function looseValue(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function typed(key: string, text: string, given: JsonSchema): unknown {
  const schema = present(given);
  const choices = schema["enum"];
  if (Array.isArray(choices) && schema["type"] === "string" && !choices.includes(text)) {
    const close = suggest(text, choices as string[]);
    throw usage(`-o ${key} expects ${choices.join(", ")}`, close ? `did you mean -o ${key}=${close}?` : undefined);
  }
  if (schema["type"] === "string") return text;
  if (schema["type"] === "array" && !text.startsWith("[")) {
    const items = (schema["items"] ?? {}) as JsonSchema;
    return text === "" ? [] : text.split(",").map((part) => typed(key, part.trim(), items));
  }
  const isNumber = schema["type"] === "number" || schema["type"] === "integer";
  if (isNumber && key.endsWith("Ms") && !/^\d+$/.test(text)) return durationOf(text, `-o ${key}`);
  const value = looseValue(text);
  if (schema["type"] === "boolean" && typeof value !== "boolean") throw usage(`-o ${key} expects true or false`);
  if (isNumber && typeof value !== "number") throw usage(`-o ${key} expects a number`);
  return value;
}

/** One `key=value`. With the platform's schema, text stays text, and lists and durations may be written as on a flag. */
export function optionEntry(text: string, flag: string, schema: JsonSchema | null): readonly [string, unknown] {
  const at = text.indexOf("=");
  if (at < 1) throw usage(`${flag} expects key=value`);
  const [key, value] = [text.slice(0, at), text.slice(at + 1)];
  const known = schema?.["properties"] as Readonly<Record<string, JsonSchema>> | undefined;
  // A setting may be called as something every object has.
  const own = known && Object.hasOwn(known, key) ? known[key] : undefined;
  if (known && !own && schema?.["additionalProperties"] === false) {
    const names = Object.keys(known);
    const close = suggest(key, names);
    throw usage(
      `${flag} ${key}: there is no such setting; there are ${names.join(", ") || "none"}`,
      close ? `did you mean ${flag} ${close}=${value === "" ? "…" : value}?` : undefined,
    );
  }
  return [key, own ? typed(key, value, own) : looseValue(value)];
}

/** Several of them; a list given more than once grows. */
export function optionEntries(
  texts: readonly string[],
  flag: string,
  schema: JsonSchema | null,
): Record<string, unknown> {
  const found = new Map<string, unknown>();
  for (const text of texts) {
    const [key, value] = optionEntry(text, flag, schema);
    const before = found.get(key);
    if (before !== undefined && !(Array.isArray(before) && Array.isArray(value)))
      throw usage(`${flag} ${key} is given twice and takes one value`);
    found.set(key, Array.isArray(before) ? [...before, ...(value as unknown[])] : value);
  }
  return Object.fromEntries(found);
}

/** What `-o` takes: keys with what they mean. */
export function optionRows(schema: JsonSchema): readonly (readonly [string, string])[] {
  const properties = (schema["properties"] ?? {}) as Readonly<Record<string, JsonSchema>>;
  return Object.entries(properties).map(([key, given]) => {
    const one = present(given);
    const kind = Array.isArray(one["enum"])
      ? (one["enum"] as string[]).join("|")
      : ((one["type"] as string | undefined) ?? "json");
    return [`-o ${key}=${kind}`, summaryOf(one)] as const;
  });
}
