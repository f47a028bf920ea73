import { usage } from "./args/parse.ts";
import { suggest } from "@botyard/core";
import type { CommandEntry } from "./command.ts";
import { globalFlags } from "./globals.ts";

/** A command line split into the command's words and the rest. */
export interface Words {
  readonly words: readonly string[];
  /** Flags and arguments, those before the words included. */
  readonly rest: readonly string[];
}

const valued = new Set(
  [...globalFlags, { name: "connection", short: "c", type: "string" as const }]
    .filter((flag) => flag.type === "string")
    .flatMap((flag) => [`--${flag.name}`, ...("short" in flag && flag.short ? [`-${flag.short}`] : [])]),
);

/** Index of the first word from an index on; -1: none. Flags that every command takes are stepped over with their value. */
function nextWord(argv: readonly string[], from: number): number {
  for (let i = from; i < argv.length; i++) {
    const text = argv[i] ?? "";
    if (text === "--") return -1;
    if (!text.startsWith("-") || text === "-") return i;
    if (valued.has(text)) i++;
  }
  return -1;
}

/** Takes up to two words off a command line; `single`: commands that are one word. */
export function splitWords(argv: readonly string[], single: ReadonlySet<string>): Words {
  const first = nextWord(argv, 0);
  if (first < 0) return { words: [], rest: argv };
  const noun = argv[first] ?? "";
  const rest = argv.toSpliced(first, 1);
  if (single.has(noun)) return { words: [noun], rest };
  const second = nextWord(rest, first);
  if (second < 0) return { words: [noun], rest };
  return { words: [noun, rest[second] ?? ""], rest: rest.toSpliced(second, 1) };
}

/** The entry words name. Throws `invalid` with the nearest one. */
export function findEntry(entries: readonly CommandEntry[], words: readonly string[], self: string): CommandEntry {
  const [noun = "", verb] = words;
  const sameNoun = entries.filter((entry) => entry.words[0] === noun);
  const found = sameNoun.find((entry) => entry.words.length === words.length && entry.words[1] === verb);
  if (found) return found;
  if (sameNoun.length === 0) {
    const close = suggest(noun, [...new Set(entries.map((entry) => entry.words[0] ?? ""))]);
    throw usage(`there is no command "${noun}"`, close ? `did you mean ${self} ${close}?` : `${self} help`);
  }
  const verbs = sameNoun.map((entry) => entry.words[1] ?? "");
  const close = suggest(verb ?? "", verbs);
  throw usage(
    `${noun} has no "${verb ?? ""}"; it has ${verbs.join(", ")}`,
    close ? `did you mean ${self} ${noun} ${close}?` : `${self} ${noun} --help`,
  );
}
