/** Text without the marks of Mattermost's Markdown: for people who read it aloud, and for searching. */
export function toPlain(markdown: string): string {
  return markdown
    .replaceAll(/^```[^\n]*\n?|^```$/gm, "")
    .replaceAll(/!?\[([^\]\n]*)\]\([^)\n]*\)/g, "$1")
    .replaceAll(/^\s{0,3}(?:#{1,6}|>)\s+/gm, "")
    .replaceAll(/(\*\*|__|~~)(?=\S)([^\n]*?\S)\1/g, "$2")
    .replaceAll(/(^|[^\w*])\*(?=[^\s*])([^*\n]*?[^\s*])\*(?![\w*])/g, "$1$2")
    .replaceAll(/(^|[^\w_])_(?=[^\s_])([^_\n]*?[^\s_])_(?![\w_])/g, "$1$2")
    .replaceAll(/`([^`\n]+)`/g, "$1");
}

/**
 * Parts of at most `max` runes, cut between paragraphs, lines or words where there are any, never inside a character.
 * A code block that is cut is closed and opened again.
 */
export function splitText(text: string, max: number): readonly string[] {
  const fence = "\n```";
  const parts: string[] = [];
  let rest = [...text];
  let open = "";
  while (rest.length + open.length > max) {
    const room = max - open.length - fence.length;
    const head = rest.slice(0, room).join("");
    const cut = [head.lastIndexOf("\n\n"), head.lastIndexOf("\n"), head.lastIndexOf(" ")].find(
      (at) => at > head.length / 2,
    );
    const taken = cut === undefined ? head : head.slice(0, cut);
    const whole = open + taken;
    const marks = [...whole.matchAll(/^```(\w*)/gm)];
    const inside = marks.length % 2 === 1;
    parts.push(inside ? whole + fence : whole);
    open = inside ? `\`\`\`${marks.at(-1)?.[1] ?? ""}\n` : "";
    rest = rest.slice([...taken].length);
    if (cut !== undefined) while (rest[0] === "\n" || rest[0] === " ") rest.shift();
  }
  parts.push(open + rest.join(""));
  return parts;
}
