import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { BotyardError, type FieldIssue, toFieldIssues } from "@botyard/sdk";
import { parseYAML } from "confbox/yaml";
import * as v from "valibot";
import { defaultConfigFile, defaultDataDirectory, pathOf, type Place, placeHere } from "./paths.ts";
import { ConfigFile, type ListenAddress, parseListen } from "./schema.ts";
import { suggest } from "./suggest.ts";

/** Settings of the process, complete. */
export interface Config {
  /** The file they came from; null where there is none. */
  readonly file: string | null;
  readonly listen: ListenAddress;
  readonly hooks: { readonly listen: ListenAddress; readonly publicUrl: string | null };
  /** Absolute. */
  readonly dataDirectory: string;
  /** Milliseconds; null: for ever. */
  readonly retention: {
    readonly eventsMs: number | null;
    readonly rawMs: number | null;
    readonly auditMs: number | null;
    readonly ledgerMs: number | null;
    /** Bytes; null: no limit. */
    readonly maxBytes: number | null;
  };
  readonly log: ConfigFile["log"];
  readonly durability: ConfigFile["durability"];
  /** Of each plugin's process. */
  readonly plugins: { readonly memoryBytes: number };
}

/** What the command line says; wins over the file. */
export interface ConfigFlags {
  /** `--config FILE`; relative to where one stands. */
  readonly config?: string | undefined;
  /** `--data DIR`; wins over BOTYARD_DATA, which wins over the file. */
  readonly data?: string | undefined;
  /** `--listen HOST:PORT` */
  readonly listen?: string | undefined;
  /** `--hooks-listen HOST:PORT` */
  readonly hooksListen?: string | undefined;
  /** `--public-url URL` */
  readonly publicUrl?: string | undefined;
}

/**
 * Reads `--config`, or the file in the operating system's configuration directory if there is one. Throws `invalid` with
 * each setting that is wrong or unknown (with the one that was probably meant), `not_found` for a `--config` that is
 * missing.
 */
export function loadConfig(flags: ConfigFlags = {}, place: Place = placeHere()): Config {
  const file = flags.config === undefined ? defaultConfigFile(place) : resolve(flags.config);
  const text = readText(file, flags.config !== undefined);
  const settings = parseConfig(text ?? "", file);
  return {
    file: text === null ? null : file,
    listen: listenFlag("--listen", flags.listen) ?? settings.listen,
    hooks: {
      listen: listenFlag("--hooks-listen", flags.hooksListen) ?? settings.hooks.listen,
      publicUrl: publicUrlFlag(flags.publicUrl) ?? settings.hooks.publicUrl ?? null,
    },
    dataDirectory: dataDirectoryOf(flags.data, settings.data, file, place),
    retention: {
      eventsMs: settings.retention.events,
      rawMs: settings.retention.raw,
      auditMs: settings.retention.audit,
      ledgerMs: settings.retention.ledger,
      maxBytes: settings.retention.size ?? null,
    },
    log: settings.log,
    durability: settings.durability,
    plugins: { memoryBytes: settings.plugins.memory },
  };
}

function readText(file: string, asked: boolean): string | null {
  if (!asked && !existsSync(file)) return null;
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    if (code === "ENOENT") throw new BotyardError("not_found", `there is no configuration file ${file}`);
    throw new BotyardError("invalid", `the configuration file ${file} cannot be read (${code})`, { cause: error });
  }
}

/** Checks the text of a `botyard.yaml` and fills in what it leaves out; `file` is for sentences. @see loadConfig */
export function parseConfig(text: string, file: string): ConfigFile {
  const parsed = v.safeParse(ConfigFile, parseText(text, file));
  if (parsed.success) return parsed.output;
  const issues = toFieldIssues(parsed.issues).map(withSuggestion);
  const [first] = issues;
  const more = issues.length > 1 ? `; ${issues.length - 1} more` : "";
  throw new BotyardError("invalid", `${file}: ${first?.path || "the file"}: ${first?.expected}${more}`, { issues });
}

function parseText(text: string, file: string): unknown {
  // A file of comments only is an empty one.
  if (
    text
      .replace(/^\uFEFF/, "")
      .split("\n")
      .every((line) => /^\s*(?:#.*)?$/.test(line))
  )
    return {};
  try {
    const value = parseYAML<unknown>(text);
    return value ?? {};
  } catch (error) {
    // Only the place and the reason: the parser's own text quotes lines of the file.
    const { reason, mark } = error as { reason?: unknown; mark?: { line?: unknown } };
    const line = typeof mark?.line === "number" ? ` in line ${mark.line + 1}` : "";
    const why = typeof reason === "string" ? `: ${reason.replace(/ !.*/, "")}` : "";
    throw new BotyardError("invalid", `${file} is not YAML${line}${why}`, { cause: error });
  }
}

function withSuggestion({ path, expected }: FieldIssue): FieldIssue {
  if (expected === "Object") return { path, expected: "a section, with its settings below it" };
  if (expected !== "no such field") return { path, expected };
  const keys = path.split(".");
  const parents = keys.slice(0, -1);
  const known = knownSettings(parents);
  const meant = suggest(keys.at(-1) ?? "", known);
  if (meant !== null) return { path, expected: `no such setting; did you mean ${[...parents, meant].join(".")}?` };
  return { path, expected: `no such setting; known here: ${known.join(", ")}` };
}

function knownSettings(path: readonly string[]): readonly string[] {
  const entries: Readonly<Record<string, unknown>> = ConfigFile.entries;
  const [section] = path;
  if (section === undefined) return Object.keys(entries);
  const inner = (entries[section] as { wrapped?: { entries?: object } } | undefined)?.wrapped;
  return Object.keys(inner?.entries ?? {});
}

function listenFlag(name: string, text: string | undefined): ListenAddress | null {
  if (text === undefined) return null;
  const address = parseListen(text);
  if (address) return address;
  throw new BotyardError("invalid", `${name} takes an address and a port, like 127.0.0.1:8470 or [::1]:8470`);
}

function publicUrlFlag(text: string | undefined): string | null {
  return text === undefined
    ? null
    : (parseConfig(JSON.stringify({ hooks: { publicUrl: text } }), "--public-url").hooks.publicUrl ?? null);
}

function dataDirectoryOf(flag: string | undefined, setting: string | undefined, file: string, place: Place): string {
  const path = pathOf(place);
  const asked = flag ?? (place.env["BOTYARD_DATA"] || undefined);
  if (asked !== undefined) return path.resolve(asked);
  if (setting === undefined) return defaultDataDirectory(place);
  const full = setting.replace(/^~(?=[\\/]|$)/, () => place.home);
  if (path.isAbsolute(full)) return path.normalize(full);
  const expected = "an absolute path, or one below ~/";
  throw new BotyardError("invalid", `${file}: data: ${expected}`, { issues: [{ path: "data", expected }] });
}
