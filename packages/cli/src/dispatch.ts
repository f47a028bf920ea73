import { homedir } from "node:os";
import { loadConfig } from "@botyard/core";
import { BotyardError, isBotyardError } from "@botyard/sdk";
import { type Flag, parseFlags } from "./args/parse.ts";
import { kebab } from "./args/plan.ts";
import { createCatalog, operationEntry } from "./catalog.ts";
import type { CommandEntry } from "./command.ts";
import { globalFlags, readGlobals } from "./globals.ts";
import { handwritten } from "./handwritten.ts";
import { commandHelp, nounHelp, rootHelp } from "./help.ts";
import type { Io } from "./io.ts";
import { exitOf, formatError } from "./output/error.ts";
import { createStyle } from "./output/style.ts";
import { openBackend } from "./service/backend.ts";
import { createSession } from "./session.ts";
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
    const catalog = createCatalog(options);
    const style = createStyle(io.colour.out);
    const help = { style, self: "botyard", version: options.version };
    const common = [
      ...handwritten,
      ...[...catalog.common.values()].map((operation) => operationEntry(operation, null)),
    ];
    const every = async (): Promise<readonly CommandEntry[]> => [
      ...common,
      ...[...(await catalog.natives()).values()].map(({ operation, platform }) => operationEntry(operation, platform)),
    ];

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
    if (asked) {
      const command = await entry.load();
      const flags = (await command.flagsFor?.(rest, catalog)) ?? command.flags;
      io.out(commandHelp(entry.words, { ...command, flags }, help));
      return 0;
    }

    let code = 0;
    await runTree(entries, words, rest, async (called, rawArgs) => {
      const command = await called.load();
      const ownFlags = (await command.flagsFor?.(rawArgs, catalog)) ?? command.flags;
      const own = new Set(ownFlags.map((flag) => flag.name));
      flags = [...ownFlags, ...globalFlags.filter((flag) => !own.has(flag.name))];
      const args = parseFlags(rawArgs, flags, [options.self, ...called.words].join(" "));
      const globals = readGlobals(args, own);
      const config = loadConfig(
        { config: globals.config ?? undefined, data: globals.data ?? undefined },
        { env: io.env, platform: process.platform, home: io.env["HOME"] ?? homedir() },
      );
      const dataDir = config.dataDirectory;
      // A service of the usual place is looked for only where no other place was named.
      const usualDataDir = globals.data === null && !io.env["BOTYARD_DATA"] && config.file === null;
      const session = createSession({
        options,
        io,
        globals,
        catalog,
        config,
        open: (opened, how) =>
          openBackend({ options, io, globals, dataDir, usualDataDir, catalog, note: opened.note }, how),
      });
      try {
        code = await command.run(args, session);
      } finally {
        await session.close();
      }
    });
    return code;
  }
}
