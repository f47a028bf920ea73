import type { JsonSchema } from "@botyard/core";
import { BotyardError } from "@botyard/sdk";
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
  if (schema["type"] === "string") return text;
  if (schema["type"] === "array" && !text.startsWith("[")) {
    const items = (schema["items"] ?? {}) as JsonSchema;
    return text === "" ? [] : text.split(",").map((part) => typed(key, part, items));
  }
  const isNumber = schema["type"] === "number" || schema["type"] === "integer";
  if (isNumber && key.endsWith("Ms") && !/^\d+$/.test(text)) return durationOf(text, `-o ${key}`);
  return looseValue(text);
}

/** One `key=value`. With the platform's schema, text stays text, and lists and durations may be written as on a flag. */
export function optionEntry(text: string, flag: string, schema: JsonSchema | null): readonly [string, unknown] {
  const at = text.indexOf("=");
  if (at < 1) throw new BotyardError("invalid", `${flag} expects key=value`);
  const [key, value] = [text.slice(0, at), text.slice(at + 1)];
  const own = (schema?.["properties"] as Readonly<Record<string, JsonSchema>> | undefined)?.[key];
  return [key, own ? typed(key, value, own) : looseValue(value)];
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
