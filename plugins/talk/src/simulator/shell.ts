/** Words of a POSIX shell line: quotes and backslashes. */
export function shellWords(line: string): string[] {
  const words: string[] = [];
  let word: string | null = null;
  for (const [whole, single, double, escaped, plain] of line.matchAll(
    /'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)|([^\s'"\\]+)|\s+/gs,
  )) {
    if (single !== undefined) word = (word ?? "") + single;
    else if (double !== undefined) word = (word ?? "") + double.replaceAll(/\\(["\\$`])/g, "$1");
    else if (escaped !== undefined) word = (word ?? "") + escaped;
    else if (plain !== undefined) word = (word ?? "") + plain;
    else if (whole.trim() === "" && word !== null) {
      words.push(word);
      word = null;
    }
  }
  return word === null ? words : [...words, word];
}

/** A command line as occ reads it. */
export interface Parsed {
  readonly args: readonly string[];
  readonly options: ReadonlyMap<string, readonly string[]>;
}

const withValue = new Set([
  "-f",
  "--feature",
  "--output",
  "--user",
  "--owner",
  "--moderator",
  "--group",
  "--description",
  "--url",
  "--value",
]);

/** As Symfony does: options anywhere, `--` ends them. */
export function parseWords(words: readonly string[]): Parsed {
  const args: string[] = [];
  const options = new Map<string, string[]>();
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? "";
    if (word === "--") return { args: [...args, ...words.slice(at + 1)], options };
    if (!word.startsWith("-")) {
      args.push(word);
      continue;
    }
    const [name = "", inline] = word.split(/=(.*)/s);
    const key = name === "-f" ? "--feature" : name;
    const value = inline ?? (withValue.has(name) ? (words[(at += 1)] ?? "") : "");
    options.set(key, [...(options.get(key) ?? []), value]);
  }
  return { args, options };
}
