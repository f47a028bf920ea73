import type { Content, Mention } from "@botyard/sdk";
import { isObject, numberOf, objectOf, textOf, type Json } from "./wire.ts";

type NativeMention = Omit<Mention, "bot">;
type NativeContent = Omit<Content, "mentions"> & { readonly mentions: NativeMention[] };

/** What a person types after `@`: quoted where it has odd characters. */
export function mentionText(id: string): string {
  return /^[A-Za-z0-9_-]+$/.test(id) ? `@${id}` : `@"${id}"`;
}

/** `users/bob`, `federated_users/bob@https://other.server`, `groups/staff`: as in `actor.id`. */
export function subjectOf(parameter: Json): string | null {
  const id = textOf(parameter["id"]);
  if (id === "") return null;
  const server = textOf(parameter["server"]);
  switch (parameter["type"]) {
    case "user":
      return server === "" ? `users/${id}` : `federated_users/${id}@${server}`;
    case "user-group":
    case "group":
      return `groups/${id}`;
    case "guest":
      return id.startsWith("guest/") ? `guests/${id.slice(6)}` : `guests/${id}`;
    case "email":
      return id.startsWith("email/") ? `emails/${id.slice(6)}` : `emails/${id}`;
    case "circle":
      return `circles/${id}`;
    default:
      return null;
  }
}

/** Markdown as Talk knows it, taken off. */
function toPlain(text: string): string {
  if (!/[[*_~`#]/.test(text)) return text;
  return text
    .replaceAll(/\[([^\]]*)\]\([^)\s]*\)/g, "$1")
    .replaceAll(/(\*\*|__|~~|`)(.+?)\1/g, "$2")
    .replaceAll(/(?<!\w)([*_])(\S(?:.*?\S)?)\1(?!\w)/g, "$2")
    .replaceAll(/^#{1,6}\s+/gm, "");
}

const placeholder = /\{([A-Za-z][A-Za-z0-9_-]*)\}/g;

/**
 * Puts rich parameters into a message: mentions as a person would type them, so that the text can be sent again
 * unchanged; a file alone leaves no text. A literal `{mention-user1}` cannot be told from a mention: the server does not
 * escape it.
 */
export function toContent(message: string, parameters: Json): NativeContent {
  const mentions: NativeMention[] = [];
  const files = filesOf(parameters);
  let text = "";
  let plain = "";
  let last = 0;
  const copy = (piece: string): void => {
    text += piece;
    plain += toPlain(piece);
  };
  for (const match of message.matchAll(placeholder)) {
    const [whole, name = ""] = match;
    const parameter = parameters[name];
    if (!isObject(parameter)) continue;
    copy(message.slice(last, match.index));
    last = match.index + whole.length;
    const shown = textOf(parameter["name"]);
    if (name.startsWith("mention-")) {
      const written = mentionText(textOf(parameter["mention-id"]) || textOf(parameter["id"]));
      const id = subjectOf(parameter);
      const everybody = parameter["type"] === "call";
      mentions.push({
        kind: everybody ? "room" : "user",
        ...(everybody || id === null ? {} : { id }),
        offset: text.length,
        length: written.length,
      });
      text += written;
      plain += `@${shown}`;
    } else if (parameter["type"] !== "file" || message !== whole) {
      text += shown;
      plain += shown;
    }
  }
  copy(message.slice(last));
  return { text, format: "markdown", plain, mentions, files };
}

function filesOf(parameters: Json): Content["files"] {
  return Object.values(parameters).flatMap((value) => {
    const parameter = objectOf(value);
    if (parameter["type"] !== "file") return [];
    const mediaType = textOf(parameter["mimetype"]);
    return [
      {
        id: textOf(parameter["id"]),
        name: textOf(parameter["name"]) || null,
        ...(mediaType === "" ? {} : { mediaType }),
        ...("size" in parameter ? { size: numberOf(parameter["size"]) } : {}),
      },
    ];
  });
}

/** The server's sentence with its names filled in. */
export function toSentence(message: string, parameters: Json): string {
  return message.replaceAll(placeholder, (whole, name: string) => textOf(objectOf(parameters[name])["name"]) || whole);
}

/** Rich objects only; what is none is left out. */
export function richObjects(parameters: Json): Record<string, Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(parameters).filter((entry): entry is [string, Record<string, unknown>] => isObject(entry[1])),
  );
}
