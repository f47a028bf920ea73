import { RootCommand } from "@bomb.sh/tab";
import type { Flag } from "./args/parse.ts";
import type { Command, CommandEntry } from "./command.ts";
import type { Name } from "./complete-names.ts";
import { globalFlags } from "./globals.ts";
import { inline } from "./output/table.ts";

type Offer = (value: string, description: string) => void;

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

/** Names that are known only now: of flags and of arguments, by what they are called and what stands there so far. */
export type FindNames = (name: string, typed: string, connection: string | undefined) => Promise<readonly Name[]>;

/** A command as far as completion needs it. */
export type Completable = Pick<Command, "flags" | "arguments">;

const isFlag = (word: string | undefined): word is string => word !== undefined && /^--?\w/.test(word);

function flagAt(flags: readonly Flag[], word: string): Flag | undefined {
  const bare = word.replace(/=.*$/, "").replace(/^-+/, "");
  return flags.find(({ name, short }) => (word.startsWith("--") ? name === bare : short === bare));
}

/** What the last of the words fills: the value of a flag, or an argument; null: neither. */
function placeOf(
  words: readonly string[],
  { words: own }: CommandEntry,
  flags: readonly Flag[],
  { arguments: given }: Completable,
): { readonly name: string; readonly typed: string } | null {
  const last = words.at(-1) ?? "";
  if (isFlag(last)) {
    const flag = last.includes("=") ? flagAt(flags, last) : undefined;
    return flag ? { name: flag.name, typed: last.slice(last.indexOf("=") + 1) } : null;
  }
  let position = -own.length;
  for (let n = 0; n < words.length - 1; n += 1) {
    const word = words[n] ?? "";
    if (!isFlag(word)) position += 1;
    else if (!word.includes("=") && flagAt(flags, word)?.type === "string") {
      if (n === words.length - 2) return { name: flagAt(flags, word)?.name ?? "", typed: last };
      n += 1;
    }
  }
  const name = given[position]?.name;
  return name === undefined ? null : { name, typed: last };
}

/** The connection that a flag chose. */
function connectionOf(words: readonly string[]): string | undefined {
  const at = words.findIndex((word) => word === "-c" || word === "--connection");
  return at < 0 ? words.find((word) => word.startsWith("--connection="))?.slice(13) : words[at + 1];
}

/**
 * What a shell may offer after these words, the last of them unfinished: `value<TAB>description` a line, and a line that
 * says how the shell should go on.
 */
export async function completions(
  entries: readonly CommandEntry[],
  words: readonly string[],
  load: (entry: CommandEntry) => Promise<Completable>,
  find: FindNames = async () => [],
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
    const loaded = await load(entry);
    const flags = [
      ...loaded.flags,
      ...globalFlags.filter((flag) => !loaded.flags.some((own) => own.name === flag.name)),
    ];
    const place = placeOf(words, entry, flags, loaded);
    const names = place ? await find(place.name, place.typed, connectionOf(words)) : [];
    const offered = (name: string, choices: readonly string[]) => (complete: Offer) => {
      for (const choice of choices) complete(choice, name);
      if (place?.name === name) for (const { value, description } of names) complete(value, inline(description));
    };
    for (const { name } of loaded.arguments) command.argument(name, offered(name, []));
    for (const flag of flags) {
      if (flag.type === "boolean") {
        if (flag.short) command.option(flag.name, flag.summary, flag.short);
        else command.option(flag.name, flag.summary);
        continue;
      }
      const offer = offered(flag.name, choicesOf(flag));
      if (flag.short) command.option(flag.name, flag.summary, offer, flag.short);
      else command.option(flag.name, flag.summary, offer);
    }
  }
  return captured(() => root.parse([...words]));
}
