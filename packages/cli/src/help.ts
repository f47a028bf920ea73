import type { Flag } from "./args/parse.ts";
import { type Command, type CommandEntry, groups, type HelpTable } from "./command.ts";
import { globalFlags } from "./globals.ts";
import type { Style } from "./output/style.ts";

export interface HelpWorld {
  readonly style: Style;
  readonly self: string;
  readonly version: string;
}

const lead = "one binary to provision, run and look after bots on every chat server you host";

function block(rows: readonly (readonly [string, string])[], indent = "  "): string {
  const width = Math.min(34, Math.max(0, ...rows.map(([left]) => left.length)));
  return rows
    .map(([left, right]) =>
      left.length > width
        ? `${indent}${left}\n${indent}${" ".repeat(width)}  ${right}`
        : `${indent}${left.padEnd(width)}  ${right}`,
    )
    .map((line) => line.trimEnd())
    .join("\n");
}

function flagText({ name, short, type, hint, multiple }: Flag): string {
  const letter = short ? `-${short}, ` : "    ";
  return `${letter}--${name}${type === "boolean" ? "" : ` ${hint ?? "<text>"}`}${multiple ? " …" : ""}`;
}

const flagRows = (flags: readonly Flag[]): readonly (readonly [string, string])[] =>
  flags.map((flag) => [flagText(flag), flag.summary]);

/** Everything there is, grouped: nouns with their verbs, commands with what they do. */
export function rootHelp(entries: readonly CommandEntry[], { style, version }: HelpWorld): string {
  const sections = groups.flatMap((group) => {
    const own = entries.filter((entry) => entry.group === group && !entry.hidden);
    const nouns = new Map<string, CommandEntry[]>();
    for (const entry of own) nouns.set(entry.words[0] ?? "", [...(nouns.get(entry.words[0] ?? "") ?? []), entry]);
    const rows = [...nouns].map(([noun, all]): [string, string] => {
      const [first] = all;
      if (all.length === 1 && first?.words.length === 1) return [noun, first.summary];
      return [noun, all.map((entry) => entry.words[1] ?? "").join(", ")];
    });
    return rows.length > 0 ? [style.bold(group.toUpperCase()), block(rows), ""] : [];
  });
  return [
    `${style.bold("botyard")} ${version}  ${lead}`,
    "",
    ...sections,
    style.bold("FLAGS"),
    block(flagRows(globalFlags)),
    "",
    "botyard <command> --help says more; without a service running, a command works on the data directory itself.",
    "",
  ].join("\n");
}

/** The verbs of a noun. */
export function nounHelp(noun: string, entries: readonly CommandEntry[], { style, self }: HelpWorld): string {
  return [
    `${style.bold(`${self} ${noun}`)} <verb>`,
    "",
    block(entries.map((entry) => [entry.words[1] ?? "", entry.summary])),
    "",
    `${self} ${noun} <verb> --help says more`,
    "",
  ].join("\n");
}

/** One command with its arguments, flags and examples. */
export function commandHelp(
  words: readonly string[],
  command: Command,
  tables: readonly HelpTable[],
  { style, self }: HelpWorld,
): string {
  const args = command.arguments.map(({ name, required }) => (required ? `<${name}>` : `[${name}]`));
  const call = [self, ...words].join(" ");
  const common = globalFlags.filter((flag) => !command.flags.some((own) => own.name === flag.name));
  const section = (title: string, rows: readonly (readonly [string, string])[]): readonly string[] =>
    rows.length > 0 ? [style.bold(title), block(rows), ""] : [];
  return [
    `${style.bold([call, ...args].join(" "))}${command.flags.length > 0 ? " [flags]" : ""}`,
    `  ${command.summary}.`,
    ...(command.description ? [`  ${command.description}`] : []),
    "",
    ...section(
      "ARGUMENTS",
      command.arguments.filter((one) => one.summary).map((one) => [one.name, one.summary]),
    ),
    ...section("FLAGS", flagRows(command.flags)),
    ...tables.flatMap(({ title, rows }) => section(title.toUpperCase(), rows)),
    ...section("EVERYWHERE", flagRows(common)),
    ...(command.examples?.length
      ? [style.bold("EXAMPLES"), ...command.examples.map((example) => `  ${self} ${example}`), ""]
      : []),
  ].join("\n");
}
