import { html, raw } from "hono/html";
import { style } from "./style.ts";

/** Text that is safe in a page: `html` from hono escapes whatever is put into it. */
export type Markup = ReturnType<typeof html>;

export function page(title: string, nav: Markup, main: Markup): Markup {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        <style>
          ${raw(style)}
        </style>
      </head>
      <body>
        <div class="page">
          <nav>${nav}</nav>
          <main>${main}</main>
        </div>
      </body>
    </html>`;
}

/** The little of markdown that descriptions use: paragraphs, lists and `code`. */
export function prose(text: string): Markup {
  return html`${text.split(/\n{2,}/).map((part) =>
    part.startsWith("- ")
      ? html`<ul>
          ${part.split(/\n(?=- )/).map((item) => html`<li>${spans(item.slice(2))}</li>`)}
        </ul>`
      : html`<p>${spans(part)}</p>`,
  )}`;
}

function spans(text: string): Markup[] {
  return text.split(/`([^`]+)`/).map((part, at) => (at % 2 === 1 ? html`<code>${part}</code>` : html`${part}`));
}
