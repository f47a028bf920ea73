import { BotyardError, type Http } from "@botyard/sdk";
import type { WireReaction } from "./wire.ts";

/** What the server calls an emoji. */
export interface EmojiNames {
  /** From `server_emoji_data_url` of `POST /register`. */
  found(url: string): void;
  /** `{ emoji_name: "+1", emoji_code: "1f44d" }`. Throws `invalid` for what Zulip has not. */
  of(emoji: string): Promise<{ readonly emoji_name: string; readonly emoji_code: string }>;
}

/** Zulip leaves U+FE0F out of its codes, and has no skin tones. */
export function toCode(emoji: string): string {
  const points = [...emoji].map((char) => (char.codePointAt(0) ?? 0).toString(16).padStart(4, "0"));
  return points.filter((point) => point !== "fe0f").join("-");
}

/** The emoji itself; `:party_parrot:` for one of the organization's own. */
export function toEmoji({ emoji_code, emoji_name, reaction_type }: WireReaction): string {
  if (reaction_type !== "unicode_emoji" || !/^[0-9a-f]{2,6}(?:-[0-9a-f]{2,6})*$/.test(emoji_code))
    return `:${emoji_name}:`;
  return String.fromCodePoint(...emoji_code.split("-").map((point) => Number.parseInt(point, 16)));
}

/** The list is large and never changes while a server runs: read once, when first needed. */
export function createEmojiNames(http: Http, origin: string, locate: () => Promise<string | undefined>): EmojiNames {
  let address: string | undefined;
  let names: Promise<Readonly<Record<string, readonly string[]>>> | undefined;

  async function load(): Promise<Readonly<Record<string, readonly string[]>>> {
    const url = new URL((address ??= await locate()) ?? "", `${origin}/`);
    if (address === undefined || url.origin !== origin)
      throw new BotyardError("unsupported", "This Zulip keeps its list of emoji on another server; nothing was done.");
    const path = `${url.pathname}${url.search}`;
    const { status, json } = await http.request({ method: "GET", path, bucket: "static" });
    if (status !== 200) throw new BotyardError("upstream", `Zulip's list of emoji answered ${status}.`);
    return (json as { code_to_names?: Record<string, string[]> }).code_to_names ?? {};
  }
  return {
    found: (url) => void (address = url),
    async of(emoji) {
      names ??= load();
      const emoji_code = toCode(emoji);
      const known = await names.catch((error: unknown) => {
        names = undefined;
        throw error;
      });
      const emoji_name = known[emoji_code]?.[0];
      if (emoji_name !== undefined) return { emoji_name, emoji_code };
      throw new BotyardError("invalid", "Zulip has no such emoji; nothing was done.", {
        issues: [{ path: "emoji", expected: "one emoji that Zulip has, without a skin tone" }],
      });
    },
  };
}
