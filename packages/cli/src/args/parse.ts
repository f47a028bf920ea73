import { parseArgs } from "node:util";
import { BotyardError } from "@botyard/sdk";
import { suggest } from "@botyard/core";

/** One flag of a command, as it is typed. */
export interface Flag {
  /** Without dashes: `display-name`. */
  readonly name: string;
  /** One letter. */
  readonly short?: string;
  /** Boolean flags take no value and have a `--no-` form. */
  readonly type: "string" | "boolean";
  /** May be given more than once. */
  readonly multiple?: boolean;
  /** What its value looks like: `<text>`, `30s`, `reader|bot`. */
  readonly hint?: string;
  readonly summary: string;
}

export interface ParsedArgs {
  /** Values as typed, by flag name, in the order given. */
  readonly strings: ReadonlyMap<string, readonly string[]>;
  readonly booleans: ReadonlyMap<string, boolean>;
  readonly positionals: readonly string[];
}

/** A mistake on the command line: exit code 2, with the line that helps. */
export function usage(detail: string, fix?: string): BotyardError {
  return new BotyardError("invalid", detail, fix === undefined ? {} : { fix });
}

function explain(error: unknown, flags: readonly Flag[], command: string): BotyardError {
  const { code, message } = error as { code?: string; message: string };
  const typed = /'(--?[^\s',]+)/.exec(message)?.[1] ?? "";
  if (code === "ERR_PARSE_ARGS_UNKNOWN_OPTION") {
    const close = suggest(
      typed.replace(/^-+(?:no-)?/, ""),
      flags.map((flag) => flag.name),
    );
    return usage(`there is no flag ${typed}`, close ? `did you mean --${close}?` : `${command} --help`);
  }
  if (code === "ERR_PARSE_ARGS_INVALID_OPTION_VALUE") {
    const flag = flags.find((one) => `--${one.name}` === typed || `-${one.short ?? ""}` === typed);
    if (flag?.type === "boolean") return usage(`--${flag.name} takes no value`);
    const name = flag ? `--${flag.name}` : typed;
    return usage(
      `${name} needs a value`,
      `${name} ${flag?.hint ?? "<value>"}   (a value that begins with - : ${name}=-5)`,
    );
  }
  throw error;
}

/**
 * Splits a command line strictly: unknown flags, flags without their value and flags given twice throw `invalid` with a
 * suggestion. `command` is how the command is called, for that suggestion.
 */
export function parseFlags(argv: readonly string[], flags: readonly Flag[], command: string): ParsedArgs {
  const options = Object.fromEntries(
    flags.map((flag) => [
      flag.name,
      { type: flag.type, ...(flag.short ? { short: flag.short } : {}), multiple: flag.type === "string" },
    ]),
  );
  let parsed: ReturnType<typeof parseArgs>;
  try {
    parsed = parseArgs({ args: [...argv], options, strict: true, allowNegative: true, allowPositionals: true });
  } catch (error) {
    throw explain(error, flags, command);
  }
  const strings = new Map<string, readonly string[]>();
  const booleans = new Map<string, boolean>();
  for (const flag of flags) {
    const value = parsed.values[flag.name];
    if (typeof value === "boolean") booleans.set(flag.name, value);
    if (!Array.isArray(value)) continue;
    if (value.length > 1 && !flag.multiple)
      throw usage(`--${flag.name} is given ${value.length} times and takes one value`);
    strings.set(flag.name, value as string[]);
  }
  return { strings, booleans, positionals: parsed.positionals };
}
