import { BotyardError, isBotyardError } from "@botyard/sdk";
import { type Flag, parseFlags } from "./args/parse.ts";
import { optionRows } from "./args/option.ts";
import { kebab } from "./args/plan.ts";
import { createCatalog } from "./catalog.ts";
import { type CallWorld, flagsOf, openCall } from "./call.ts";
import type { Command, CommandEntry } from "./command.ts";
import { commonEntries, everyEntry } from "./entries.ts";
import { globalFlags } from "./globals.ts";
import { handwritten } from "./handwritten.ts";
import { commandHelp, nounHelp, rootHelp } from "./help.ts";
import type { Io } from "./io.ts";
import { exitOf, formatError } from "./output/error.ts";
import { createStyle } from "./output/style.ts";
import { runTree } from "./tree.ts";
import type { FullOptions } from "./types.ts";
import { findEntry, splitWords } from "./words.ts";

const single = new Set([
  ...handwritten.filter((entry) => entry.words.length === 1).map((entry) => entry.words[0] ?? ""),
  "help",
]);

const wantsHelp = (argv: readonly string[]): boolean => {
  const end = argv.indexOf("--");
  return (end < 0 ? argv : argv.slice(0, end)).some((text) => text === "--help" || text === "-h");
};

/** What went wrong as an error of the table; what is none is a mistake of ours. */
function toError(error: unknown, io: Io): BotyardError {
  if (isBotyardError(error)) return error;
  if (io.signal.aborted) return new BotyardError("cancelled", "stopped", { cause: error });
  const detail = error instanceof Error ? error.message : String(error);
  return new BotyardError("internal", `${detail}. This is a mistake in Botyard`, { cause: error });
}

/** Runs one command line. Returns the exit code; throws nothing. */
export async function dispatch(argv: readonly string[], options: FullOptions, io: Io): Promise<number> {
  const end = argv.indexOf("--");
  const json = (end < 0 ? argv : argv.slice(0, end)).includes("--json");
  let flags: readonly Flag[] = [];
  try {
    return await run();
  } catch (thrown) {
    const error = toError(thrown, io);
    if (error.code === "internal" && io.env["BOTYARD_DEBUG"] && error.cause instanceof Error)
      io.err(`${error.cause.stack ?? ""}\n`);
    const flagOf = (path: string): string => {
      const parts = path.split(".");
      const flag = flags.find((one) => "path" in one && Array.isArray(one.path) && one.path.join(".") === path);
      return flag
        ? `--${flag.name}`
        : flags.some((one) => one.name === kebab(parts[0] ?? ""))
          ? `--${kebab(path)}`
          : path;
    };
    io.err(formatError(error, { json, colour: io.colour.err, self: options.self, flagOf }));
    return exitOf(error);
  }

  async function run(): Promise<number> {
    const catalog = createCatalog(options, async (builtIn) => {
      const { installedPlatforms } = await import("./installed.ts");
      return installedPlatforms(argv, options, builtIn, io);
    });
    const style = createStyle(io.colour.out);
    const help = { style, self: "botyard", version: options.version };
    const common = commonEntries(catalog);
    const every = (): Promise<readonly CommandEntry[]> => everyEntry(catalog);

    let { words, rest } = splitWords(argv, single);
    let asked = wantsHelp(argv);
    if (words[0] === "help") {
      ({ words, rest } = splitWords(rest, single));
      asked = true;
    }
    if (words.length === 0) {
      if (!asked)
        parseFlags(rest, [...globalFlags, { name: "version", type: "boolean", summary: "" }], `${options.self} help`);
      if (rest.includes("--version")) io.out(`botyard ${options.version}\n`);
      else io.out(rootHelp(await every(), help));
      return 0;
    }
    const known = common.some((entry) => entry.words[0] === words[0]);
    const entries = known ? common : await every();
    if (words.length === 1 && !single.has(words[0] ?? "")) {
      const verbs = entries.filter((entry) => entry.words[0] === words[0]);
      if (verbs.length > 0) {
        io.out(nounHelp(words[0] ?? "", verbs, help));
        return 0;
      }
    }
    const entry = findEntry(entries, words, options.self);
    const world = { options, io, catalog };
    if (asked) {
      const command = await entry.load();
      const { own } = await flagsOf(command, rest, catalog);
      const rows = await optionsOf(command, rest, entry.words, world);
      const tables = [
        ...(rows.length > 0 ? [{ title: "options of the platform", rows }] : []),
        ...[(await command.table?.(rest, catalog)) ?? []].flat(),
      ];
      io.out(commandHelp(entry.words, { ...command, flags: own }, tables, help));
      return 0;
    }

    let code = 0;
    await runTree(entries, words, rest, async (called, rawArgs) => {
      const command = await called.load();
      const found = await flagsOf(command, rawArgs, catalog);
      flags = found.all;
      const { args, session } = openCall(found, rawArgs, called.words, world);
      try {
        code = await command.run(args, session);
      } finally {
        await session.close();
      }
    });
    return code;
  }
}

/** What `-o` takes here: `bots create --help -c cloud`. */
async function optionsOf(
  command: Command,
  argv: readonly string[],
  words: readonly string[],
  world: CallWorld,
): Promise<readonly (readonly [string, string])[]> {
  if (!command.options) return [];
  const { args, session } = openCall(await flagsOf(command, argv, world.catalog), argv, words, world);
  try {
    const schema = await command.options(args, session);
    return schema ? optionRows(schema) : [];
  } finally {
    await session.close();
  }
}
