import { BotyardError } from "@botyard/sdk";
import { emojiTable } from "./emoji.gen.ts";

interface Maps {
  readonly toName: ReadonlyMap<string, string>;
  readonly toUnicode: ReadonlyMap<string, string>;
}

let maps: Maps | undefined;

/** Built when first needed: most programs never react. */
function load(): Maps {
  if (maps) return maps;
  const toName = new Map<string, string>();
  const toUnicode = new Map<string, string>();
  for (const entry of emojiTable.split(" ")) {
    const [code = "", names = ""] = entry.split(":");
    const text = String.fromCodePoint(...code.split("-").map((part) => Number.parseInt(part, 16)));
    const all = names.split(",");
    toName.set(plain(text), all[0] ?? "");
    for (const name of all) toUnicode.set(name, text);
  }
  maps = { toName, toUnicode };
  return maps;
}

/** Without the variation selector: people's keyboards send it or not. */
const plain = (text: string): string => text.replaceAll("\ufe0f", "");

/**
 * The server's name of an emoji: `👍` → `+1`. A name, with or without colons, stays one, so that custom emoji work.
 * Throws `invalid` for what is neither.
 */
export function toEmojiName(emoji: string): string {
  const name = load().toName.get(plain(emoji));
  if (name !== undefined) return name;
  const named = /^:?([a-z0-9_+-]{1,64}):?$/.exec(emoji)?.[1];
  if (named !== undefined) return named;
  throw new BotyardError("invalid", "Mattermost knows no name for this emoji", {
    issues: [{ path: "emoji", expected: "an emoji in Unicode, or the name of one like :shipit:" }],
  });
}

/** Unicode where the name has one; a custom emoji stays `:shipit:`. */
export function fromEmojiName(name: string): string {
  return load().toUnicode.get(name) ?? `:${name}:`;
}

/** Whether two names mean the same emoji: `+1` and `thumbsup`. */
export function isSameEmoji(left: string, right: string): boolean {
  return plain(fromEmojiName(left)) === plain(fromEmojiName(right));
}

export function isSystemEmoji(name: string): boolean {
  return load().toUnicode.has(name);
}
