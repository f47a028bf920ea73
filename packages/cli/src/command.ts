import type { JsonSchema } from "@botyard/core";
import type { Flag, ParsedArgs } from "./args/parse.ts";
import type { Catalog } from "./catalog.ts";
import type { Session } from "./session.ts";

/** Headings of the overview, in their order. */
export const groups = [
  "start",
  "look",
  "bots and rooms",
  "messages and events",
  "access",
  "keeping",
  "platforms",
] as const;
export type Group = (typeof groups)[number];

export interface Argument {
  /** As typed: `[connection/]room`. */
  readonly name: string;
  readonly required: boolean;
  readonly summary: string;
}

export interface HelpTable {
  readonly title: string;
  readonly rows: readonly (readonly [string, string])[];
}

/** A command once it is called: derived from an operation, or written by hand. */
export interface Command {
  readonly summary: string;
  readonly description?: string;
  readonly arguments: readonly Argument[];
  readonly flags: readonly Flag[];
  /** Flags that follow from what else is typed, instead of `flags`. */
  flagsFor?(argv: readonly string[], catalog: Catalog): Promise<readonly Flag[]>;
  /** Schema of what `-o` takes, where what is typed tells the platform; null: it does not. */
  options?(args: ParsedArgs, session: Session): Promise<JsonSchema | null>;
  /** A table of its own in the help, where there is something to list; null: not here. */
  table?(argv: readonly string[], catalog: Catalog): Promise<HelpTable | null>;
  /** Without the program's name: `bots create helper --display-name Helper`. */
  readonly examples?: readonly string[];
  /** Returns the exit code; throws BotyardError. */
  run(args: ParsedArgs, session: Session): Promise<number>;
}

/** A command before it is called: what the tree and the overview need. */
export interface CommandEntry {
  /** `["bots", "create"]` or `["serve"]` */
  readonly words: readonly string[];
  readonly summary: string;
  readonly group: Group;
  /** Called by programs only: in no overview. */
  readonly hidden?: true;
  load(): Promise<Command>;
}
