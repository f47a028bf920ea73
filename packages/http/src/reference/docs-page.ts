import type { Descriptor, Field, JsonSchema } from "@botyard/core";
import { html } from "hono/html";
import { codesOf } from "./codes.ts";
import { type Markup, page, prose } from "./html.ts";
import type { Extra } from "./extras.ts";
import { descriptionOf, type Reference } from "./schemas.ts";
import { typeText } from "./type-text.ts";

/** One page with every operation and every named schema; works offline. */
export function docsPage({ descriptors, schemas, extras }: Reference, version: string): Markup {
  const extrasOf = Map.groupBy(extras, ({ of }) => of);
  const nouns = Map.groupBy(descriptors, (descriptor) => descriptor.noun);
  const nav = html`<p>
      <a href="#top"><b>Botyard ${version}</b></a>
    </p>
    <ul>
      ${[...nouns].map(
        ([noun, of]) => html`<li><a href="#${noun}">${noun}</a> <span class="dim">${of.length}</span></li>`,
      )}
    </ul>
    <ul>
      <li><a href="#schemas">schemas</a> <span class="dim">${schemas.size}</span></li>
      <li><a href="/docs/errors">error codes</a></li>
      <li><a href="/openapi.json">openapi.json</a></li>
    </ul>`;
  const main = html`<h1 id="top">Botyard <span class="dim">${version}</span></h1>
    <p class="lead">
      All ${descriptors.length} operations of this service, made from the same table as its routes and commands.
    </p>
    <pre>
botyard keys create pybot --preset bot --bot chat/helper      # prints the next line; the key is shown once
export BOTYARD_URL=http://127.0.0.1:8470 BOTYARD_KEY=by_…
curl "$BOTYARD_URL/v1/whoami" -H "Authorization: Bearer $BOTYARD_KEY"</pre>
    <ul>
      <li>Lists take <code>limit</code> and <code>cursor</code> and answer <code>{items, next?, problems?}</code>.</li>
      <li>
        What has an effect takes an <code>Idempotency-Key</code>: the same key with the same input gives the first
        answer again, with <code>Idempotency-Replayed: true</code>.
      </li>
      <li>Errors are RFC 9457 problems; <a href="/docs/errors">each code is explained</a>.</li>
      <li>Fields with <code>*</code> are required; in answers, <code>?</code> marks what may be absent.</li>
      <li>Each operation is a command too: <code>messages.send</code> is <code>botyard messages send</code>.</li>
      <li>Figures for Prometheus are at <code>/metrics</code>, for keys that may use <code>service.status</code>.</li>
    </ul>
    ${[...nouns].map(
      ([noun, of]) =>
        html`<section>
          <h2 id="${noun}">${noun}</h2>
          <ul class="index">
            ${of.map((each) => html`<li><a href="#${each.name}">${each.verb}</a> <span>${each.summary}</span></li>`)}
          </ul>
          ${of.map((each) =>
            operation(each, extrasOf.get(each.name === "connections.create" ? "settings" : each.name) ?? []),
          )}
        </section>`,
    )}
    <h2 id="schemas">schemas</h2>
    ${[...schemas].map(
      ([name, schema]) =>
        html`<article id="schema-${name}">
          <h3>${name}</h3>
          ${schemaTable(schema)} ${ofPlatforms("native", extrasOf.get(name) ?? [])}
        </article>`,
    )}`;
  return page("Botyard — reference", nav, main);
}

/** `options of Talk: TalkBotsCreateOptions` */
function ofPlatforms(what: string, extras: readonly Extra[]): Markup {
  if (extras.length === 0) return html``;
  return html`<p class="dim">
    ${what}:
    ${extras.map(({ title, name }, at) => html`${at > 0 ? ", " : ""}${title} <a href="#schema-${name}">${name}</a>`)}
  </p>`;
}

function operation(descriptor: Descriptor, extras: readonly Extra[]): Markup {
  const { name, method, path, summary, description, effect, destructive, secretOutput, raw, platform, fields } =
    descriptor;
  const tags = [
    effect,
    ...(destructive ? ["destructive"] : []),
    ...(secretOutput ? ["answers a secret"] : []),
    ...(raw ? ["needs a grant that names it"] : []),
    ...(platform ? [platform] : []),
  ];
  return html`<article id="${name}">
    <h3><a href="#${name}">${name}</a> <span>${summary}</span></h3>
    <p class="route">
      <code><b class="${method.toLowerCase()}">${method}</b> /v1${path}</code>
      ${tags.map((tag) => html`<span class="tag">${tag}</span> `)}
    </p>
    ${description === null ? "" : prose(description)} ${fields.length === 0 ? "" : fieldTable(fields)}
    ${ofPlatforms(name === "connections.create" ? "settings" : "options", extras)}
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
          <th>what it is</th>
        </tr>
      </thead>
      <tbody>
        ${fields.map(
          ({ name, in: place, required, schema, secret }) =>
            html`<tr>
              <td><code>${name}</code>${required ? html`<span class="dim" title="required">*</span>` : ""}</td>
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
              <td>
                <code>${name}</code>${required.has(name) ? "" : html`<span class="dim" title="may be absent">?</span>`}
              </td>
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
