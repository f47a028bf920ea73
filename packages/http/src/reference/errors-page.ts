import { errorCodes, errorTable } from "@botyard/sdk";
import { html } from "hono/html";
import { codeTexts } from "./codes.ts";
import { type Markup, page, prose } from "./html.ts";

/** Where the `type` of every problem leads: `/docs/errors#forbidden`. */
export function errorsPage(version: string): Markup {
  const nav = html`<p>
      <a href="/docs"><b>Botyard ${version}</b></a>
    </p>
    <ul>
      ${errorCodes.map((code) => html`<li><a href="#${code}">${code}</a></li>`)}
    </ul>`;
  const main = html`<h1>Error codes</h1>
    <p>
      Every failure is one of these, over HTTP as an RFC 9457 problem, on the command line as an exit code. An outcome
      that is not known (<code>"effect": "unknown"</code>) exits with 10 whatever its code: it must not be repeated
      blindly.
    </p>
    ${errorCodes.map(
      (code) =>
        html`<article id="${code}">
          <h3><a href="#${code}">${code}</a> <span>${errorTable[code].title}</span></h3>
          <p class="route">HTTP ${errorTable[code].status} · exit ${errorTable[code].exit}</p>
          ${prose(codeTexts[code])}
        </article>`,
    )}`;
  return page("Botyard — error codes", nav, main);
}
