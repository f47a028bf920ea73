export interface Style {
  bold(text: string): string;
  red(text: string): string;
  dim(text: string): string;
}

/** ANSI where it is wanted, the text as it is elsewhere. */
export function createStyle(colour: boolean): Style {
  const paint =
    (on: number, off: number) =>
    (text: string): string =>
      colour ? `\u001b[${on}m${text}\u001b[${off}m` : text;
  return { bold: paint(1, 22), red: paint(31, 39), dim: paint(2, 22) };
}
