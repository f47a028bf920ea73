import type { Descriptor, Field, JsonSchema } from "@botyard/core";
import { html } from "hono/html";
import { codesOf } from "./codes.ts";
import { type Markup, page, prose } from "./html.ts";
import { descriptionOf, type Reference } from "./schemas.ts";
import { typeText } from "./type-text.ts";

/** One page with every operation and every named schema; works offline. */
export function docsPage({ descriptors, schemas }: Reference, version: string): Markup {
  const nouns = Map.groupBy(descriptors, (descriptor) => descriptor.noun);
  const nav = html`<p>
      <a href="#top"><b>Botyard ${version}</b></a>
    </p>
    ${[...nouns].map(
      ([noun, of]) =>
        html`<details open>
          <summary>${noun}</summary>
          <ul>
            ${of.map((each) => html`<li><a href="#${each.name}">${each.verb}</a></li>`)}
          </ul>
        </details>`,
    )}
    <details>
      <summary>schemas</summary>
      <ul>
        ${[...schemas.keys()].map((name) => html`<li><a href="#schema-${name}">${name}</a></li>`)}
      </ul>
    </details>
    <p><a href="/docs/errors">error codes</a> · <a href="/openapi.json">openapi.json</a></p>`;
  const main = html`<h1 id="top">Botyard</h1>
    <p>
      Every operation of this service, made from the same table as the routes themselves. Keys:
      <code>botyard keys create</code>. Lists take <code>limit</code> and <code>cursor</code> and answer
      <code>{items, next?, problems?}</code>. Errors are RFC 9457 problems; their codes are
      <a href="/docs/errors">explained here</a>.
    </p>
    <p>
      What has an effect takes an <code>Idempotency-Key</code>: the same key with the same input gives the first answer
      again, with <code>Idempotency-Replayed: true</code>.
    </p>
    ${[...nouns].map(
      ([noun, of]) =>
        html`<h2 id="${noun}">${noun}</h2>
          ${of.map(operation)}`,
    )}
    <h2 id="schemas">schemas</h2>
    ${[...schemas].map(
      ([name, schema]) =>
        html`<article id="schema-${name}">
          <h3>${name}</h3>
          ${schemaTable(schema)}
        </article>`,
    )}`;
  return page("Botyard — reference", nav, main);
}

function operation(descriptor: Descriptor): Markup {
  const { name, method, path, summary, description, effect, destructive, secretOutput, platform, fields } = descriptor;
  const tags = [
    effect,
    ...(destructive ? ["destructive"] : []),
    ...(secretOutput ? ["answers a secret"] : []),
    ...(platform ? [platform] : []),
  ];
  return html`<article id="${name}">
    <h3><a href="#${name}">${name}</a> — ${summary}</h3>
    <p class="route">
      <code><b>${method}</b> /v1${path}</code> ${tags.map((tag) => html`<span class="tag">${tag}</span> `)}
    </p>
    ${description === null ? "" : prose(description)} ${fields.length === 0 ? "" : fieldTable(fields)}
    <pre>${example(descriptor)}</pre>
    <details>
      <summary>Answer</summary>
      ${answer(descriptor)}
    </details>
    <p class="dim">
      errors:
      ${codesOf(descriptor).map((code, at) => html`${at > 0 ? ", " : ""}<a href="/docs/errors#${code}">${code}</a>`)}
    </p>
  </article>`;
}

function fieldTable(fields: readonly Field[]): Markup {
  return html`<div class="scroll">
    <table>
      <thead>
        <tr>
          <th>field</th>
          <th>in</th>
          <th>type</th>
          <th></th>
        </tr>
      </thead>
      <tbody>
        ${fields.map(
          ({ name, in: place, required, schema, secret }) =>
            html`<tr>
              <td><code>${name}</code>${required ? "" : html` <span class="dim">optional</span>`}</td>
              <td>${place}</td>
              <td>${place === "bytes" ? "the body" : typeText(schema)}${secret ? ", secret" : ""}</td>
              <td>${said(schema)}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function said(schema: JsonSchema): Markup {
  const text = descriptionOf(schema);
  return text === null ? html`` : prose(text);
}

function schemaTable(schema: JsonSchema): Markup {
  const properties = Object.entries((schema["properties"] ?? {}) as Readonly<Record<string, JsonSchema>>);
  if (properties.length === 0) return html`<p>${typeText(schema)}</p>`;
  const required = new Set((schema["required"] ?? []) as readonly string[]);
  return html`<div class="scroll">
    <table>
      <tbody>
        ${properties.map(
          ([name, inner]) =>
            html`<tr>
              <td><code>${name}</code>${required.has(name) ? "" : html` <span class="dim">optional</span>`}</td>
              <td>${typeText(inner)}</td>
              <td>${said(inner)}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function answer({ output }: Descriptor): Markup {
  if (output.kind === "bytes") return html`<p>The bytes, with their content type.</p>`;
  const schema = output.schema ?? {};
  if (output.kind === "stream") return html`<p>Server-sent events; each holds ${typeText(schema)}.</p>`;
  return "$ref" in schema ? html`<p>${typeText(schema)}</p>` : schemaTable(schema);
}

/** A call to paste, with the required fields and names in braces for what is yours. */
function example({ method, path, fields, output }: Descriptor): string {
  const needed = fields.filter((field) => field.required);
  const query = needed.filter((field) => field.in === "query").map((field) => `${field.name}={${field.name}}`);
  const body = needed.filter((field) => field.in === "body").map((field) => [field.name, placeholder(field)]);
  const bytes = fields.some((field) => field.in === "bytes");
  const hasBody = fields.some((field) => field.in === "body");
  const verb = method === "GET" || (method === "POST" && (hasBody || bytes)) ? "" : ` -X ${method}`;
  return [
    `curl${output.kind === "stream" ? " -N" : ""}${verb} "$BOTYARD_URL/v1${path}${query.length > 0 ? `?${query.join("&")}` : ""}"`,
    `-H "Authorization: Bearer $BOTYARD_KEY"`,
    ...(bytes ? ["-H 'Content-Type: image/png' --data-binary @file.png"] : []),
    ...(hasBody ? [`--json '${JSON.stringify(Object.fromEntries(body))}'`] : []),
  ].join(" \\\n  ");
}

function placeholder({ name, schema }: Field): unknown {
  if (Array.isArray(schema["enum"])) return schema["enum"][0] as unknown;
  if (schema["type"] === "array") return [];
  if (schema["type"] === "object") return {};
  if (schema["type"] === "boolean") return true;
  if (schema["type"] === "number" || schema["type"] === "integer") return 1;
  return `{${name}}`;
}
