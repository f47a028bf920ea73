import { type CommandDef, defineCommand, runCommand } from "citty";
import type { CommandEntry } from "./command.ts";

export type RunEntry = (entry: CommandEntry, argv: readonly string[]) => Promise<void>;

function leaf(entry: CommandEntry, run: RunEntry): CommandDef {
  return defineCommand({
    meta: { name: entry.words.at(-1) ?? "", description: entry.summary },
    // No `args`: citty's own parser is lenient, so that the command's strict one gets the raw words.
    run: ({ rawArgs }) => run(entry, rawArgs),
  });
}

/**
 * The command tree: nouns, verbs, and commands of one word. Errors of commands pass through as they are.
 * `words` must name an entry: what is unknown is found out before, where a suggestion can be made.
 */
export async function runTree(
  entries: readonly CommandEntry[],
  words: readonly string[],
  argv: readonly string[],
  run: RunEntry,
): Promise<void> {
  const nouns: Record<string, CommandDef> = {};
  for (const entry of entries) {
    const [noun = "", verb] = entry.words;
    if (verb === undefined) {
      nouns[noun] = leaf(entry, run);
      continue;
    }
    const known = (nouns[noun] ??= defineCommand({ meta: { name: noun, description: noun }, subCommands: {} }));
    (known.subCommands as Record<string, CommandDef>)[verb] = leaf(entry, run);
  }
  const root = defineCommand({
    meta: { name: "botyard", description: "Bots on every chat server you host" },
    subCommands: nouns,
  });
  await runCommand(root, { rawArgs: [...words, ...argv] });
}
