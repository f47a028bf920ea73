import { RootCommand } from "@bomb.sh/tab";
import type { Flag } from "./args/parse.ts";
import type { CommandEntry } from "./command.ts";
import { globalFlags } from "./globals.ts";

/** What a function of the library prints: it knows no other way out. */
export function captured(print: () => void): string {
  // The library writes there and nowhere else, and nobody else does meanwhile.
  const out: { log: (text: unknown) => void } = console;
  const { log } = out;
  const lines: string[] = [];
  out.log = (text) => void lines.push(String(text));
  try {
    print();
  } finally {
    out.log = log;
  }
  return lines.map((line) => `${line}\n`).join("");
}

function choicesOf({ hint = "" }: Flag): readonly string[] {
  return /^[\w.-]+(?:\|[\w.-]+)+$/.test(hint) ? hint.split("|") : [];
}

/** The entry of which the words begin with it, the longest first. */
function entryOf(entries: readonly CommandEntry[], words: readonly string[]): CommandEntry | undefined {
  const typed = words.filter((word) => !word.startsWith("-"));
  return (
    entries.find(({ words: [noun, verb] }) => verb !== undefined && noun === typed[0] && verb === typed[1]) ??
    entries.find((entry) => entry.words.length === 1 && entry.words[0] === typed[0])
  );
}

/**
 * What a shell may offer after these words, the last of them unfinished: `value<TAB>description` a line, and a line that
 * says how the shell should go on.
 */
export async function completions(
  entries: readonly CommandEntry[],
  words: readonly string[],
  flagsOf: (entry: CommandEntry) => Promise<readonly Flag[]>,
): Promise<string> {
  const root = new RootCommand();
  const chosen = entryOf(entries, words.slice(0, -1));
  // A verb is found by the library only below a noun that is a command too.
  for (const noun of new Set(entries.flatMap((entry) => (entry.words.length > 1 ? entry.words.slice(0, 1) : []))))
    root.command(
      noun,
      entries
        .filter((entry) => entry.words[0] === noun)
        .map((entry) => entry.words[1])
        .join(", "),
    );
  for (const entry of entries) {
    // The library throws for a command without a description.
    const command = root.command(entry.words.join(" "), entry.summary || entry.words.join(" "));
    if (entry !== chosen) continue;
    for (const flag of [...(await flagsOf(entry)), ...globalFlags]) {
      if (flag.type === "boolean") {
        if (flag.short) command.option(flag.name, flag.summary, flag.short);
        else command.option(flag.name, flag.summary);
        continue;
      }
      const choices = choicesOf(flag);
      const offer = (complete: (value: string, description: string) => void): void => {
        for (const choice of choices) complete(choice, flag.name);
      };
      if (flag.short) command.option(flag.name, flag.summary, offer, flag.short);
      else command.option(flag.name, flag.summary, offer);
    }
  }
  return captured(() => root.parse([...words]));
}
