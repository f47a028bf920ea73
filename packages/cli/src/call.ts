import { homedir } from "node:os";
import { loadConfig } from "@botyard/core";
import { type Flag, type ParsedArgs, parseFlags } from "./args/parse.ts";
import type { Catalog } from "./catalog.ts";
import type { Command } from "./command.ts";
import { globalFlags, readGlobals } from "./globals.ts";
import type { Io } from "./io.ts";
import { openBackend } from "./service/backend.ts";
import { isUsualDataDir } from "./service/find.ts";
import { createSession, type Session } from "./session.ts";
import type { FullOptions } from "./types.ts";

export interface CallWorld {
  readonly options: FullOptions;
  readonly io: Io;
  readonly catalog: Catalog;
}

/** A command with its flags parsed, ready to run. */
export interface Call {
  readonly args: ParsedArgs;
  /** The caller closes it. */
  readonly session: Session;
}

/** Flags of a command and, behind them, those every command takes. */
export async function flagsOf(
  command: Command,
  argv: readonly string[],
  catalog: Catalog,
): Promise<{ readonly own: readonly Flag[]; readonly all: readonly Flag[] }> {
  const own = (await command.flagsFor?.(argv, catalog)) ?? command.flags;
  return { own, all: [...own, ...globalFlags.filter((flag) => !own.some(({ name }) => name === flag.name))] };
}

/** Parses strictly and reads the configuration; opens nothing yet. */
export function openCall(
  flags: { readonly own: readonly Flag[]; readonly all: readonly Flag[] },
  argv: readonly string[],
  words: readonly string[],
  { options, io, catalog }: CallWorld,
): Call {
  const args = parseFlags(argv, flags.all, [options.self, ...words].join(" "));
  const globals = readGlobals(args, new Set(flags.own.map(({ name }) => name)));
  const config = loadConfig(
    { config: globals.config ?? undefined, data: globals.data ?? undefined },
    { env: io.env, platform: process.platform, home: io.env["HOME"] ?? homedir() },
  );
  const world = {
    options,
    io,
    globals,
    catalog,
    dataDir: config.dataDirectory,
    usualDataDir: isUsualDataDir({ globals, io, config }),
  };
  const session = createSession({
    options,
    io,
    globals,
    catalog,
    config,
    open: ({ note }, how) => openBackend({ ...world, note }, how),
  });
  return { args, session };
}
