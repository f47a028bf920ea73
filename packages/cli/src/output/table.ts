const wide =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Extended_Pictographic}/u;
const zero = /\p{Mark}|\p{Default_Ignorable_Code_Point}/u;

/** Columns a text takes on a terminal. */
export function widthOf(text: string): number {
  let width = 0;
  for (const char of text) width += zero.test(char) ? 0 : wide.test(char) ? 2 : 1;
  return width;
}

export function pad(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - widthOf(text)));
}

function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let kept = "";
  let used = 0;
  for (const char of text) {
    const more = widthOf(char);
    if (used + more > width - 1) break;
    kept += char;
    used += more;
  }
  return `${kept}…`;
}

/** Control characters of a cell would break the table, or reach the terminal: they become spaces. */
export function inline(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, " ");
}

/**
 * Aligned columns, two spaces apart, no line at its end is padded. With a width the widest column gives way until the
 * lines fit; without one nothing is cut.
 */
export function formatTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  options: { readonly columns: number | null; readonly bold?: (text: string) => string } = { columns: null },
): string {
  const cells = rows.map((row) => row.map(inline));
  const widths = header.map((head, i) => Math.max(widthOf(head), ...cells.map((row) => widthOf(row[i] ?? ""))));
  if (options.columns !== null) {
    const total = (): number => widths.reduce((sum, width) => sum + width + 2, -2);
    while (total() > options.columns) {
      const widest = widths.indexOf(Math.max(...widths));
      if ((widths[widest] ?? 0) <= 8) break;
      widths[widest] = Math.max(8, (widths[widest] ?? 0) - (total() - options.columns));
    }
  }
  const line = (row: readonly string[]): string =>
    row
      .map((cell, i) =>
        i === row.length - 1 ? cut(cell, widths[i] ?? 0) : pad(cut(cell, widths[i] ?? 0), widths[i] ?? 0),
      )
      .join("  ")
      .trimEnd();
  const bold = options.bold ?? ((text) => text);
  return [bold(line(header)), ...cells.map(line)].join("\n");
}
