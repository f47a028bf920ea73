import type { Flag, ParsedArgs } from "./args/parse.ts";

/** Flags that every command takes. */
export const globalFlags: readonly Flag[] = [
  { name: "json", type: "boolean", summary: "Print the API's own body; errors as one problem object" },
  { name: "quiet", short: "q", type: "boolean", summary: "Print nothing but what was asked for" },
  { name: "yes", short: "y", type: "boolean", summary: "Do not ask before something is destroyed" },
  { name: "url", type: "string", hint: "<url>", summary: "Service to use; its key in BOTYARD_KEY" },
  {
    name: "data",
    type: "string",
    hint: "<folder>",
    summary: "Data directory; default: BOTYARD_DATA, else the system's place",
  },
  { name: "config", type: "string", hint: "<file>", summary: "Configuration file; default: the system's place" },
  { name: "help", short: "h", type: "boolean", summary: "Show this" },
];

export interface Globals {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly yes: boolean;
  readonly url: string | null;
  readonly data: string | null;
  readonly config: string | null;
}

/** `own`: names of the command's own flags, which win: `--url` of `connections update` is the chat server's address. */
export function readGlobals({ booleans, strings }: ParsedArgs, own: ReadonlySet<string>): Globals {
  const text = (name: string): string | null => (own.has(name) ? null : (strings.get(name)?.[0] ?? null));
  return {
    json: booleans.get("json") ?? false,
    quiet: booleans.get("quiet") ?? false,
    yes: booleans.get("yes") ?? false,
    url: text("url"),
    data: text("data"),
    config: text("config"),
  };
}
