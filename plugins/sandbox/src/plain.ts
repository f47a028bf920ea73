import type { WireMarkup } from "./wire.ts";

const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'" };

/** The text without its markup. */
export function toPlain(text: string, markup: WireMarkup): string {
  if (markup === "plain") return text;
  if (markup === "html") {
    return text
      .replaceAll(/<br\s*\/?>/gi, "\n")
      .replaceAll(/<[^>]*>/g, "")
      .replaceAll(/&(amp|lt|gt|quot|#39);/g, (whole, name: string) => entities[name] ?? whole);
  }
  return text
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replaceAll(/(\*\*|__|~~|`)(.+?)\1/g, "$2")
    .replaceAll(/(?<!\w)([*_])(\S(?:.*?\S)?)\1(?!\w)/g, "$2")
    .replaceAll(/^#{1,6}\s+/gm, "");
}
