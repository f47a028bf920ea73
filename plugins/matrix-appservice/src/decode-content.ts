import type { Content, FileRef, Mention } from "@botyard/sdk";
import { htmlToPlain, stripReplyHtml, stripReplyText } from "./html.ts";
import { htmlFormat, isObject, objectOf, textOf, type JsonObject } from "./wire.ts";

const fileTypes = new Set(["m.image", "m.file", "m.audio", "m.video"]);

/** @see https://spec.matrix.org/v1.19/client-server-api/#mroommessage-msgtypes */
export function decodeContent(content: JsonObject, type = "m.room.message"): Content {
  const body = textOf(content["body"]) ?? "";
  const html = content["format"] === htmlFormat ? textOf(content["formatted_body"]) : undefined;
  const files = type === "m.sticker" || fileTypes.has(textOf(content["msgtype"]) ?? "") ? [fileOf(content)] : [];
  const filename = textOf(content["filename"]);
  // A file's body is its name, unless a different `filename` shows that it is a caption.
  if (files.length > 0 && (filename === undefined || filename === body) && type !== "m.sticker")
    return { text: "", format: "plain", plain: "", mentions: [], files };
  const text = html === undefined ? stripReplyText(body) : stripReplyHtml(html);
  return {
    text,
    format: html === undefined ? "plain" : "html",
    plain: html === undefined ? text : stripReplyText(body) || htmlToPlain(html),
    mentions: mentionsOf(content, text, html !== undefined),
    files,
  };
}

function fileOf(content: JsonObject): FileRef {
  const info = objectOf(content["info"]);
  const mediaType = textOf(info["mimetype"]);
  const { size } = info;
  return {
    // Files of encrypted rooms are below `file`.
    id: textOf(content["url"]) ?? textOf(objectOf(content["file"])["url"]) ?? "",
    name: textOf(content["filename"]) ?? textOf(content["body"]) ?? null,
    ...(mediaType === undefined ? {} : { mediaType }),
    ...(typeof size === "number" && Number.isFinite(size) ? { size } : {}),
  };
}

// Each part stops at the next tag, so that hostile HTML costs one pass.
const pill = /<a\s[^<>]*?href\s?=\s?["']https:\/\/matrix\.to\/#\/([^"'<>/?]{1,800})[^"'<>]*["'][^<>]*>[^<]*<\/a>/gi;

/** @see https://spec.matrix.org/v1.19/client-server-api/#user-and-room-mentions */
function mentionsOf(content: JsonObject, text: string, html: boolean): Mention[] {
  const pills = html ? pillsIn(text) : new Map<string, { offset: number; length: number }>();
  const intent = content["m.mentions"];
  if (!isObject(intent)) return [...pills].map(([id, place]) => ({ kind: "user", id, ...place }));
  const ids = Array.isArray(intent["user_ids"]) ? intent["user_ids"].filter((id) => typeof id === "string") : [];
  const users = [...new Set(ids)].map((id): Mention => ({
    kind: "user",
    id,
    ...(pills.get(id) ?? (html ? nowhere : placeOfName(id, text))),
  }));
  return intent["room"] === true ? [...users, { kind: "room", ...find("@room", text) }] : users;
}

function pillsIn(html: string): Map<string, { offset: number; length: number }> {
  const found = new Map<string, { offset: number; length: number }>();
  for (const match of html.matchAll(pill)) {
    const id = safeDecode(match[1] ?? "");
    if (id.startsWith("@") && !found.has(id)) found.set(id, { offset: match.index, length: match[0].length });
  }
  return found;
}

function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const nowhere = { offset: 0, length: 0 };

function placeOfName(id: string, text: string): { offset: number; length: number } {
  const local = id.slice(1, id.indexOf(":"));
  return [id, `@${local}`, local].map((name) => find(name, text)).find(({ length }) => length > 0) ?? nowhere;
}

const wordPart = /[\p{L}\p{N}_]/u;

/** Length 0 where a mention has no place in the text: clients may mention without writing a name. */
function find(name: string, text: string): { offset: number; length: number } {
  if (name === "") return nowhere;
  for (let offset = text.indexOf(name); offset >= 0; offset = text.indexOf(name, offset + 1)) {
    const alone = !wordPart.test(text.charAt(offset - 1)) && !wordPart.test(text.charAt(offset + name.length));
    if (alone) return { offset, length: name.length };
  }
  return nowhere;
}
