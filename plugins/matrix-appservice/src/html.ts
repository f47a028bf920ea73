import { Marked } from "marked";

/** Escapes text for an HTML body. */
function escapeHtml(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");
}

/** Schemes the specification lets a link have. @see https://spec.matrix.org/v1.19/client-server-api/#mroommessage-msgtypes */
const linkSchemes = /^(?:https?|ftp|mailto|magnet|matrix):/i;

// Raw HTML in markdown is text to us, and images need an mxc: address: what is shown is what was written.
const markdown = new Marked({
  gfm: true,
  breaks: true,
  renderer: {
    html: ({ text }) => escapeHtml(text),
    image: ({ text, href }) => escapeHtml(text === "" ? href : text),
    checkbox: ({ checked }) => (checked ? "☑ " : "☐ "),
    link({ href, tokens }) {
      const inner = this.parser.parseInline(tokens);
      return linkSchemes.test(href) ? `<a href="${escapeHtml(href)}">${inner}</a>` : inner;
    },
  },
});

/** Markdown as HTML for a `formatted_body`; `undefined` where there is no markup in it. */
export function markdownToHtml(text: string): string | undefined {
  const html = markdown.parse(text, { async: false }).trim();
  // One paragraph needs no element of its own.
  const single = html.startsWith("<p>") && html.endsWith("</p>") && !html.includes("<p>", 3) ? html.slice(3, -4) : html;
  return decodeEntities(single.replaceAll("<br>", "\n")) === text.trim() ? undefined : single;
}

const named: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0" };

function decodeEntities(text: string): string {
  return text.replace(
    /&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|([a-z]{1,8}));/gi,
    (whole, hex?: string, decimal?: string, name?: string) => {
      if (name !== undefined) return named[name.toLowerCase()] ?? whole;
      const code = hex === undefined ? Number.parseInt(decimal ?? "", 10) : Number.parseInt(hex, 16);
      return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    },
  );
}

const replyOpen = "<mx-reply>";
const replyClose = "</mx-reply>";

/** Removes the quoted message that older clients put before a reply's own HTML. */
export function stripReplyHtml(html: string): string {
  const end = html.startsWith(replyOpen) ? html.indexOf(replyClose) : -1;
  return end < 0 ? html : html.slice(end + replyClose.length);
}

/** Removes the `> <@user:server> …` lines that older clients put before a reply's own text. */
export function stripReplyText(text: string): string {
  if (!/^> (?:\* )?<@[^>\n]{1,255}>/.test(text)) return text;
  const lines = text.split("\n");
  const own = lines.findIndex((line) => !line.startsWith(">"));
  return own < 0 ? text : lines.slice(lines[own] === "" ? own + 1 : own).join("\n");
}

const breaks: Readonly<Record<string, string>> = { br: "\n", hr: "\n---\n", li: "\n- ", td: "\t", th: "\t" };
const blocks = new Set([
  "p",
  "div",
  "h1",
  "h2",
  "h3",
  "h4",
  "h5",
  "h6",
  "ul",
  "ol",
  "pre",
  "blockquote",
  "table",
  "tr",
]);

/** The text of an HTML body, for the plain `body` beside it. Not a sanitizer: the result is text, never markup. */
export function htmlToPlain(html: string): string {
  const rest = stripReplyHtml(html);
  const parts: string[] = [];
  let last = "\n";
  const push = (text: string): void => {
    if (text === "") return;
    parts.push(text);
    last = text.slice(-1);
  };
  // One pass over the text: patterns with backtracking would be slow on hostile input.
  for (let at = 0; at < rest.length;) {
    const open = rest.indexOf("<", at);
    const text = rest.slice(at, open < 0 ? rest.length : open).replace(/\s+/g, " ");
    push(/\s/.test(last) ? text.trimStart() : text);
    if (open < 0) break;
    const comment = rest.startsWith("<!--", open);
    const close = rest.indexOf(comment ? "-->" : ">", open);
    if (close < 0) break;
    at = close + (comment ? 3 : 1);
    if (comment) continue;
    const [, slash, raw = ""] = /^<(\/?)([a-z0-9-]{1,20})/i.exec(rest.slice(open, open + 24)) ?? [];
    const name = raw.toLowerCase();
    if (slash === "" && (name === "script" || name === "style")) {
      const end = rest.indexOf(`</${name}`, at);
      at = end < 0 ? rest.length : end;
    } else if (blocks.has(name)) {
      if (last !== "\n") push("\n");
    } else if (name === "td" || name === "th" ? slash === "/" : slash === "") push(breaks[name] ?? "");
  }
  return decodeEntities(parts.join(""))
    .replace(/ +\n/g, "\n")
    .replace(/\n{3,}/g, "\n\n")
    .trim();
}
