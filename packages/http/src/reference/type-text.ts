import type { JsonSchema } from "@botyard/core";
import { html } from "hono/html";
import type { Markup } from "./html.ts";
import { refName } from "./schemas.ts";

function bounds(schema: JsonSchema): string {
  const text = "minLength" in schema || "maxLength" in schema;
  const unit = text ? " characters" : "";
  const least = schema[text ? "minLength" : "minimum"] as number | undefined;
  const most = schema[text ? "maxLength" : "maximum"] as number | undefined;
  if (least === undefined && most === undefined) return "";
  if (least === undefined) return `, at most ${most}${unit}`;
  if (most === undefined) return `, at least ${least}${unit}`;
  return `, ${least} to ${most}${unit}`;
}

/** A schema in a few words for a table cell: `string, 1 to 255 characters`, `array of Mention`, `now | oldest`. */
export function typeText(schema: JsonSchema): Markup {
  const name = refName(schema["$ref"]);
  if (name !== null) return html`<a href="#schema-${name}">${name}</a>`;
  if ("const" in schema) return html`<code>${JSON.stringify(schema["const"])}</code>`;
  if (Array.isArray(schema["enum"]))
    return html`${schema["enum"].map((value, at) => html`${at > 0 ? " | " : ""}<code>${String(value)}</code>`)}`;
  const options = (schema["anyOf"] ?? schema["oneOf"]) as readonly JsonSchema[] | undefined;
  if (options) return html`${options.map((option, at) => html`${at > 0 ? " | " : ""}${typeText(option)}`)}`;
  if (schema["type"] === "array") return html`array of ${typeText((schema["items"] ?? {}) as JsonSchema)}`;
  const type = typeof schema["type"] === "string" ? schema["type"] : "any";
  const format = typeof schema["format"] === "string" ? ` (${schema["format"]})` : "";
  const hollow =
    type === "object" && Object.keys((schema["properties"] as object | undefined) ?? { any: 1 }).length === 0;
  return hollow ? html`empty object` : html`${type}${format}${bounds(schema)}`;
}
